package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// settling is how long a refusal that may pass is tried again: a namespace, a definition or a quota that another
	// resource of the same run is just making.
	settling  = 10 * time.Second
	firstWait = 50 * time.Millisecond
	lastWait  = time.Second
)

// Create applies the object and waits until it is ready. What a killed run left behind is adopted.
func (s *server) Create(ctx context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	inputs, err := unmarshal(request.GetProperties())
	if err != nil {
		return nil, err
	}
	urn := request.GetUrn()
	kind, err := kindOfInputs(typeOf(urn, request.GetType()), inputs)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	object, known := objectOf(kind, inputs)
	if request.GetPreview() {
		outputs, err := s.tryCreate(ctx, kind, object, known, urn, inputs)
		if err != nil {
			return nil, err
		}
		properties, err := marshal(outputs)
		return &pulumirpc.CreateResponse{Properties: properties}, err
	}
	if !known {
		return nil, status.Errorf(codes.InvalidArgument, "%s: an input is not known even now", kind.Kind)
	}
	h, live, err := s.make(ctx, kind, object, urn)
	if err != nil {
		return nil, failure(titleOf(kind, object), "creating it", err, inputs)
	}
	live, err = s.finish(ctx, h, live, inputs, urn, request.GetTimeout())
	if err != nil {
		return nil, err
	}
	properties, err := marshal(outputsOf(live, inputs))
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: h.id(), Properties: properties}, nil
}

func titleOf(kind schema.GroupVersionKind, object *unstructured.Unstructured) string {
	return (&handle{kind: kind, namespace: object.GetNamespace(), name: object.GetName()}).title()
}

// make applies a new object, with patience for what other resources are just making.
func (s *server) make(ctx context.Context, kind schema.GroupVersionKind, object *unstructured.Unstructured, urn string,
) (h *handle, live *unstructured.Unstructured, err error) {
	cluster, err := s.connect()
	if err != nil {
		return nil, nil, err
	}
	err = patiently(ctx, func() error {
		if h, err = cluster.handle(ctx, kind, object.GetNamespace(), object.GetName()); err != nil {
			return err
		}
		adopts := false
		existing, err := h.get(ctx)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return err
		case existing.GetDeletionTimestamp() != nil:
			if err := s.awaitGone(ctx, h, existing, urn, defaultPatience); err != nil {
				return err
			}
		default:
			if err := mayAdopt(h, existing, urn, s.current()); err != nil {
				return err
			}
			adopts = true
		}
		if live, err = h.apply(ctx, object, urn, false); err == nil && adopts {
			live, err = take(ctx, h)
		}
		return err
	})
	return h, live, err
}

// tryCreate asks the server what it would make of the object, where it can be asked already.
func (s *server) tryCreate(ctx context.Context, kind schema.GroupVersionKind, object *unstructured.Unstructured, known bool,
	urn string, inputs resource.PropertyMap,
) (resource.PropertyMap, error) {
	s.expect(kind.GroupKind(), object.GetName())
	if !known || s.current().unknown || !s.askable(ctx) {
		return previewed(nil, inputs), nil
	}
	cluster, err := s.connect()
	if err != nil {
		return nil, failure(titleOf(kind, object), "previewing it", err, inputs)
	}
	h, err := cluster.handle(ctx, kind, object.GetNamespace(), object.GetName())
	if isUnknownKind(err) {
		return previewed(nil, inputs), nil // its definition may be part of this very update
	}
	if err != nil {
		return nil, failure(titleOf(kind, object), "previewing it", err, inputs)
	}
	existing, err := h.get(ctx)
	// What is to be replaced is still there at a preview, with the mark of its old name or none where it was imported.
	_, replaced := s.replaced.Load(urn)
	if err == nil && existing.GetDeletionTimestamp() == nil && !replaced {
		if err := mayAdopt(h, existing, urn, s.current()); err != nil {
			return nil, failure(h.title(), "creating it", err, inputs)
		}
	}
	tried, err := h.apply(ctx, object, urn, true)
	if isTransient(err) && !isUnreachable(err) || isImmutable(err) || s.passes(ctx, urn, h.title(), err) {
		return previewed(nil, inputs), nil // not there yet, about to be replaced, or judged by other rules then
	}
	if err != nil {
		return nil, failure(h.title(), "previewing it", err, inputs)
	}
	return previewed(tried, inputs), nil
}

// patiently repeats a step while its failure may pass, for a limited time.
func patiently(ctx context.Context, step func() error) error {
	deadline := time.Now().Add(settling)
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := step()
		if !isTransient(err) || time.Now().Add(wait).After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}
