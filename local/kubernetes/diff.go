package main

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/proto"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Diff compares the inputs that were last applied (or, after a refresh, are live) with the wanted ones. Without a
// change that is a comparison of two messages and nothing else; only a change of a kind whose immutable fields are not
// known here asks the server.
func (s *server) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	none := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	if request.GetOldInputs() != nil && proto.Equal(request.GetOldInputs(), request.GetNews()) {
		return none, nil
	}
	olds, err := unmarshal(request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := unmarshal(request.GetNews())
	if err != nil {
		return nil, err
	}
	_, foreign := request.GetOlds().GetFields()[wholeObject]
	changes := compare(olds, news, foreign)
	moved := s.moved(request.GetId(), news)
	if len(changes) == 0 && !moved {
		return none, nil
	}
	token := typeOf(request.GetUrn(), request.GetType())
	oldKind, err := kindOfInputs(token, olds)
	if err != nil {
		return nil, err
	}
	newKind, err := kindOfInputs(token, news)
	if err != nil {
		return nil, err
	}
	rules, complete := rulesFor(newKind.GroupKind(), olds, s.current())
	response := &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_SOME,
		HasDetailedDiff: true,
		DetailedDiff:    map[string]*pulumirpc.PropertyDiff{},
	}
	tops := map[string]struct{}{}
	for _, c := range changes {
		replace := forbids(rules, c.path) ||
			c.path[0] == "apiVersion" && oldKind.Group != newKind.Group ||
			moved && isPrefix(steps(c.path), []string{"metadata", "namespace"})
		tops[c.path[0].(string)] = struct{}{}
		s.describe(response, c, replace)
	}
	for top := range tops {
		response.Diffs = append(response.Diffs, top)
	}
	if moved && len(response.Replaces) == 0 {
		s.describe(response, change{path: resource.PropertyPath{"metadata", "namespace"}, kind: pulumirpc.PropertyDiff_UPDATE}, true)
		response.Diffs = append(response.Diffs, "metadata")
	}
	if len(response.Replaces) == 0 && !complete && s.immutableByServer(ctx, newKind, request.GetUrn(), news) {
		for _, c := range changes {
			s.describe(response, c, true)
		}
	}
	// Also when nothing here asks for a replacement: the engine may decide on one by itself (replaceOnChanges).
	inPlace := !moved && sameName(olds, news)
	response.DeleteBeforeReplace = inPlace && (len(response.Replaces) > 0 || !holdsOthers(newKind.GroupKind()))
	if inPlace && len(response.Replaces) > 0 {
		s.replaced.Store(request.GetUrn(), true)
	}
	return response, nil
}

// holdsOthers says whether deleting an object deletes others, which the state goes on to believe in. Where a replacement
// is nobody's need, Create rather takes such an object over, and Delete leaves it (see taken).
func holdsOthers(kind schema.GroupKind) bool {
	return kind == schema.GroupKind{Kind: "Namespace"} ||
		kind == schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
}

// describe enters one change into the answer.
func (s *server) describe(response *pulumirpc.DiffResponse, c change, replace bool) {
	path, kind := c.path.String(), c.kind
	if replace {
		kind++ // each kind of change is followed by the same with replacement
		response.Replaces = append(response.Replaces, path)
	}
	response.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
}

// moved says whether the object would live in another namespace than its id tells.
func (s *server) moved(id string, news resource.PropertyMap) bool {
	namespace, _ := splitID(id)
	if namespace == "" {
		return false // not in a namespace at all, or not made yet
	}
	given, _ := bare(child(news, "metadata")["namespace"])
	switch {
	case given.IsString():
		return given.StringValue() != namespace
	case given.IsNull():
		if configured := s.current().namespace; configured != "" {
			return configured != namespace
		}
		return false // the kubeconfig decides, as it did when the object was made
	default:
		return false // not known yet
	}
}

// sameName says whether old and new object cannot exist side by side. An object whose name was made gets a new one.
func sameName(olds, news resource.PropertyMap) bool {
	before, after := child(olds, "metadata"), child(news, "metadata")
	if wasAutonamed(after) {
		return false
	}
	return stringAt(before, "name") == stringAt(after, "name")
}

// immutableByServer tries the change without keeping it, and says whether the server refuses it as impossible for ever.
// Any other refusal is left to the update, which reports it in full.
func (s *server) immutableByServer(ctx context.Context, kind schema.GroupVersionKind, urn string, news resource.PropertyMap) bool {
	object, known := objectOf(kind, news)
	if !known || s.current().unknown || s.foreseen.absent.Load() {
		return false
	}
	cluster, err := s.connect()
	if err != nil {
		return false
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	handle, err := cluster.handle(ctx, kind, object.GetNamespace(), object.GetName())
	if err != nil {
		return false
	}
	_, err = handle.apply(ctx, object, urn, true)
	return isImmutable(err)
}
