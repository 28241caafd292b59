package main

import (
	"context"
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Update applies the new inputs; what they no longer name is removed by the server, as this plugin owned it. It also
// waits again for an object whose last update did not become ready.
func (s *server) Update(ctx context.Context, request *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	inputs, err := unmarshal(request.GetNews())
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal(request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	urn := request.GetUrn()
	kind, err := kindOfInputs(typeOf(urn, request.GetType()), inputs)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	object, known := objectOf(kind, inputs)
	respond := func(outputs resource.PropertyMap) (*pulumirpc.UpdateResponse, error) {
		properties, err := marshal(outputs)
		return &pulumirpc.UpdateResponse{Properties: properties}, err
	}
	if request.GetPreview() {
		outputs, err := s.tryUpdate(ctx, kind, object, known, urn, request.GetId(), inputs)
		if err != nil {
			return nil, err
		}
		return respond(outputs)
	}
	if !known {
		return nil, status.Errorf(codes.InvalidArgument, "%s: an input is not known even now", titleOf(kind, object))
	}
	h, err := s.handleOf(ctx, kind, request.GetId())
	if err != nil {
		return nil, failure(kind.Kind+" "+request.GetId(), "updating it", err, inputs)
	}
	var live *unstructured.Unstructured
	err = patiently(ctx, func() (err error) {
		live, err = h.apply(ctx, object, urn, false)
		return err
	})
	if isUnreachable(err) && s.current().skipUnreached {
		s.warn(ctx, urn, h.title()+" was not updated: the cluster does not answer, and skipUpdateUnreachable is set")
		return &pulumirpc.UpdateResponse{Properties: request.GetOlds()}, nil
	}
	if err != nil {
		return nil, failure(h.title(), "updating it", err, inputs)
	}
	if live, err = prune(ctx, h, live, olds, inputs); err != nil {
		return nil, failure(h.title(), "updating it", err, inputs)
	}
	if live, err = s.finish(ctx, h, live, inputs, urn, request.GetTimeout()); err != nil {
		return nil, err
	}
	return respond(outputsOf(live, inputs))
}

// handleOf addresses an object by its id in the state.
func (s *server) handleOf(ctx context.Context, kind schema.GroupVersionKind, id string) (*handle, error) {
	cluster, err := s.connect()
	if err != nil {
		return nil, err
	}
	namespace, name := splitID(id)
	return cluster.handle(ctx, kind, namespace, name)
}

// found is handleOf for what exists already: it is the same object in every version in which its kind is served.
func (s *server) found(ctx context.Context, kind schema.GroupVersionKind, id string) (*handle, error) {
	h, err := s.handleOf(ctx, kind, id)
	if !isUnknownKind(err) {
		return h, err
	}
	cluster, err := s.connect()
	if err != nil {
		return nil, err
	}
	served, err := cluster.servedAs(kind.GroupKind())
	if err != nil {
		return nil, err
	}
	return s.handleOf(ctx, served, id)
}

// tryUpdate asks the server what would become of the object.
func (s *server) tryUpdate(ctx context.Context, kind schema.GroupVersionKind, object *unstructured.Unstructured, known bool,
	urn, id string, inputs resource.PropertyMap,
) (resource.PropertyMap, error) {
	s.expect(kind.GroupKind(), object.GetName())
	if !known || s.current().unknown || !s.askable(ctx) {
		return inputs, nil
	}
	h, err := s.handleOf(ctx, kind, id)
	if err == nil {
		var tried *unstructured.Unstructured
		if tried, err = h.apply(ctx, object, urn, true); err == nil {
			return outputsOf(tried, inputs), nil
		}
	}
	if isTransient(err) && !isUnreachable(err) || s.passes(ctx, urn, kind.Kind+" "+id, err) {
		return inputs, nil
	}
	return nil, failure(kind.Kind+" "+id, "previewing the update", err, inputs)
}

// prune removes rules of a NetworkPolicy that somebody else added and a refresh has found. Applying cannot: the field
// belongs to another manager and is not named in the program. Such a rule opens what the program means to be closed.
func prune(ctx context.Context, h *handle, live *unstructured.Unstructured, olds, news resource.PropertyMap,
) (*unstructured.Unstructured, error) {
	if h.kind.Group != "networking.k8s.io" || h.kind.Kind != "NetworkPolicy" {
		return live, nil
	}
	before, after := child(olds, "spec"), child(news, "spec")
	gone := map[string]any{}
	for _, key := range foreignRules {
		_, present, err := unstructured.NestedFieldNoCopy(live.Object, "spec", key)
		if err == nil && present && !before[resource.PropertyKey(key)].IsNull() && after[resource.PropertyKey(key)].IsNull() {
			gone[key] = nil
		}
	}
	if len(gone) == 0 {
		return live, nil
	}
	patch, err := json.Marshal(map[string]any{"spec": gone})
	if err != nil {
		return nil, err
	}
	return h.merge(ctx, patch)
}

// gone says whether an answer means that there is no such object.
func gone(err error) bool { return apierrors.IsNotFound(err) || isUnknownKind(err) }
