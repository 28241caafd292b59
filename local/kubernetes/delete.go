package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// propagationChoice is the annotation by which a program says what becomes of an object's dependents.
const propagationChoice = "pulumi.com/deletionPropagationPolicy"

// Delete removes the object and returns when it is really gone; one that is gone already is fine.
func (s *server) Delete(ctx context.Context, request *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	inputs, err := unmarshal(request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	urn, done := request.GetUrn(), &emptypb.Empty{}
	kind, err := kindOfInputs(typeOf(urn, request.GetType()), inputs)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if completes(typeOf(urn, request.GetType())) {
		return done, nil
	}
	title := kind.Kind + " " + request.GetId()
	var h *handle
	var live *unstructured.Unstructured
	lost := false
	err = patiently(ctx, func() error {
		var err error
		if h, err = s.found(ctx, kind, request.GetId()); err == nil {
			if live, err = h.get(ctx); err == nil {
				if lost = !belongsTo(live, request.GetProperties()); !lost {
					err = h.delete(ctx, propagation(h, live))
				}
			}
		}
		if gone(err) {
			h, err = nil, nil
		}
		return err
	})
	switch {
	case err == nil && h == nil:
		return done, nil
	case err == nil && lost:
		s.warn(ctx, urn, title+" stays: a later record of the state has taken it over")
		return done, nil
	case isUnreachable(err) && s.current().deleteUnreached:
		s.warn(ctx, urn, title+" was only forgotten: the cluster does not answer, and deleteUnreachable is set")
		return done, nil
	case err != nil:
		return nil, failure(title, "deleting it", err, inputs)
	}
	if skipsAwait(live) {
		return done, nil
	}
	if err := s.awaitGone(ctx, h, live, urn, patience(live, request.GetTimeout())); err != nil {
		return nil, failure(title, "deleting it", err, inputs)
	}
	return done, nil
}

// propagation waits for the pods of workloads, and leaves other dependents to the cluster, unless the program chose.
func propagation(h *handle, live *unstructured.Unstructured) metav1.DeletionPropagation {
	switch strings.ToLower(live.GetAnnotations()[propagationChoice]) {
	case "foreground":
		return metav1.DeletePropagationForeground
	case "background":
		return metav1.DeletePropagationBackground
	case "orphan":
		return metav1.DeletePropagationOrphan
	}
	if h.kind.Group == "apps" || h.kind.Group == "batch" {
		return metav1.DeletePropagationForeground
	}
	return metav1.DeletePropagationBackground
}

// awaitGone waits until the object, or at least this copy of it, is no more. It ends early when an object is held by a
// finalizer that nobody seems to serve: waiting for that keeps a run, and helps nobody.
func (s *server) awaitGone(ctx context.Context, h *handle, live *unstructured.Unstructured, urn string, limit time.Duration) error {
	began, uid := time.Now(), live.GetUID()
	looked, patient := began, heldPatience // for what holds it
	if stamp := live.GetDeletionTimestamp(); stamp != nil && time.Since(stamp.Time) > heldPatience {
		patient = heldBefore
	}
	for wait := firstLook; ; wait = min(wait*3/2, lastLook) {
		now, err := h.get(ctx)
		switch {
		case gone(err), err == nil && now.GetUID() != uid:
			return nil
		case err == nil:
			live = now
		case !isTransient(err):
			return err
		}
		late := time.Since(began) > limit
		if late || time.Since(looked) > patient {
			looked = time.Now()
			if names := holders(ctx, h, live); len(names) > 0 {
				return heldError{time.Since(began).Round(time.Second), names, whyStill(live)}
			}
		}
		if late {
			return fmt.Errorf("it is still there after %s: %s", limit, whyStill(live))
		}
		if wait == lastLook {
			s.tell(ctx, urn, "waiting until it is gone: "+whyStill(live))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// whyStill says what holds a deleted object.
func whyStill(live *unstructured.Unstructured) string {
	var reasons []string
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, entry := range conditions {
		if c, ok := entry.(map[string]any); ok && c["status"] == "True" && live.GetKind() == "Namespace" {
			reasons = append(reasons, fmt.Sprint(c["message"]))
		}
	}
	if finalizers := live.GetFinalizers(); len(finalizers) > 0 {
		reasons = append(reasons, "finalizers "+strings.Join(finalizers, ", ")+" are not done")
	}
	if len(reasons) == 0 {
		return "the cluster is working on it"
	}
	return strings.Join(reasons, "; ")
}
