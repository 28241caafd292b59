package main

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Read fetches a live object for refresh, import and lookup. With the inputs of the state at hand it returns them as the
// live object has them now, so that a refresh shows exactly what drifted; without, it works out what somebody had set.
func (s *server) Read(ctx context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	olds, err := unmarshal(request.GetInputs())
	if err != nil {
		return nil, err
	}
	kind, err := kindOfInputs(typeOf(request.GetUrn(), request.GetType()), olds)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	title := kind.Kind + " " + request.GetId()
	h, err := s.found(ctx, kind, request.GetId())
	if isUnknownKind(err) {
		return &pulumirpc.ReadResponse{}, nil // with its definition all objects of a kind are gone
	}
	if err != nil {
		return nil, failure(title, "reading it", err, olds)
	}
	live, err := h.get(ctx)
	if gone(err) {
		return &pulumirpc.ReadResponse{}, nil
	}
	if err != nil {
		return nil, failure(title, "reading it", err, olds)
	}
	inputs, whole := inputsOf(live, olds)
	inputs = hideDrift(inputs, olds)
	outputs := hide(outputsOf(live, inputs), olds)
	_, marked := request.GetProperties().GetFields()[wholeObject]
	if whole || marked && !managedBy(live, fieldManager) {
		outputs[wholeObject] = resource.NewBoolProperty(true)
	}
	if len(olds) > 0 {
		keepTaken(outputs, request.GetProperties())
	}
	if now := s.glance(ctx, h, live, len(olds) == 0); !now.ready {
		return nil, unready(h, outputs, inputs, []string{redact(now.reason, olds)})
	}
	response := &pulumirpc.ReadResponse{Id: h.id()}
	if response.Properties, err = marshal(outputs); err != nil {
		return nil, err
	}
	response.Inputs, err = marshal(inputs)
	return response, err
}

// glance looks once, without waiting, whether what is read is ready. The engine takes a plain answer for the end of all
// trouble: what an update could not make ready must still be so after a refresh. An import comes as it is.
func (s *server) glance(ctx context.Context, h *handle, live *unstructured.Unstructured, imported bool) state {
	look, awaited := looks[h.kind.GroupKind()]
	if imported || !awaited || skipsAwait(live) {
		return ready
	}
	return look(ctx, h, live, defaultPatience)
}

// inputsOf are the live object's values for what a program sets. The second result says that nobody could tell, and the
// inputs are the object as a whole.
func inputsOf(live *unstructured.Unstructured, olds resource.PropertyMap) (resource.PropertyMap, bool) {
	if len(olds) > 0 {
		return reduced(live, olds), false
	}
	given, known := ownedFields(live)
	if !known {
		given = withoutServerFields(live)
	}
	given["apiVersion"], given["kind"] = live.GetAPIVersion(), live.GetKind()
	inputs := propertyMap(given)
	if isSecretKind(live.GroupVersionKind()) {
		hideSecretData(inputs)
	}
	return inputs, !known
}

// withoutServerFields is the object less what only servers write.
func withoutServerFields(live *unstructured.Unstructured) map[string]any {
	object := tidy(live)
	delete(object, "status")
	if metadata, ok := object["metadata"].(map[string]any); ok {
		for _, key := range []string{"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"} {
			delete(metadata, key)
		}
	}
	return object
}
