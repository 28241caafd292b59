package main

import (
	"context"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	spaceURN  = "urn:pulumi:s::p::kubernetes:core/v1:Namespace::space"
	spacePath = "/api/v1/namespaces/space"
)

func space(labels map[string]any) resource.PropertyMap {
	return object(map[string]any{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": "space", "labels": labels, "annotations": map[string]any{skipAwait: "true"}},
	})
}

// TestAReplacementThatTookTheObjectKeepsIt: the engine replaces what it is told to replace (--replace, a taint) without
// asking Diff, makes first and deletes the old record then, in the worst case in a later run, by another process.
func TestAReplacementThatTookTheObjectKeepsIt(t *testing.T) {
	f, s := newFake(t)
	old := made(t, s, spaceURN, space(nil))
	taken := made(t, s, spaceURN, space(map[string]any{"a": "b"}))
	again := newServer(context.Background(), nil)
	again.settings = s.settings
	if err := old.deleted(again); err != nil {
		t.Fatal(err)
	}
	if f.get(spacePath) == nil {
		t.Fatal("the state says that the object is there, and it is gone")
	}
	read, err := again.Read(context.Background(), &pulumirpc.ReadRequest{
		Id: old.id, Urn: old.urn, Inputs: old.inputs, Properties: old.outputs,
	})
	if err != nil {
		t.Fatal(err)
	}
	refreshed := old
	refreshed.outputs = read.GetProperties()
	if err := refreshed.deleted(again); err != nil || f.get(spacePath) == nil {
		t.Fatal("a refresh of the old record made it the owner again", err)
	}
	if err := taken.deleted(again); err != nil {
		t.Fatal(err)
	}
	if f.get(spacePath) != nil {
		t.Error("the record that took the object cannot delete it")
	}
}

// TestTheOldOneGoesFirst also when the engine alone decides to replace (replaceOnChanges): it takes the plugin's word on
// the order, not on whether. Only what holds other objects is rather taken over than removed with all of them.
func TestTheOldOneGoesFirst(t *testing.T) {
	_, s := newFake(t)
	config := func(label string) resource.PropertyMap {
		return object(map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap",
			"metadata": map[string]any{"name": "it", "namespace": "a", "labels": map[string]any{"a": label}},
		})
	}
	label := func(value string) map[string]any { return map[string]any{"a": value} }
	for urn, pair := range map[string][2]resource.PropertyMap{
		urn:      {config("b"), config("c")},
		spaceURN: {space(label("b")), space(label("c"))},
	} {
		answer, err := s.Diff(context.Background(), &pulumirpc.DiffRequest{
			Id: "it", Urn: urn, OldInputs: wire(t, pair[0]), News: wire(t, pair[1]),
		})
		if err != nil || len(answer.GetReplaces()) > 0 {
			t.Fatal(answer, err)
		}
		if wanted := urn != spaceURN; answer.GetDeleteBeforeReplace() != wanted {
			t.Errorf("%s: deleted first: %v", urn, !wanted)
		}
	}
}

// TestNoAdviceWipesANamespace: a replacement of what holds others is no remedy.
func TestNoAdviceWipesANamespace(t *testing.T) {
	for kind, replaced := range map[string]bool{"Room": true, "Namespace": false} {
		refusal := apierrors.NewInvalid(schema.GroupKind{Kind: kind}, "it", nil)
		refusal.ErrStatus.Message = "spec.a: Invalid value: field is immutable"
		if strings.Contains(remedy(refusal), "--replace") != replaced {
			t.Errorf("%s: %s", kind, remedy(refusal))
		}
	}
}

// TestAPreviewOfAReplacementFindsTheOldObject, which bears the mark of the name that the resource had before an alias.
func TestAPreviewOfAReplacementFindsTheOldObject(t *testing.T) {
	_, s := newFake(t)
	config := func(colour string) resource.PropertyMap {
		return object(map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "it", "namespace": "a"},
			"data": map[string]any{"colour": colour},
		})
	}
	old := made(t, s, urn, config("red"))
	renamed := strings.Replace(urn, "::settings", "::renamed", 1)
	preview := func() error {
		_, err := s.Create(context.Background(), &pulumirpc.CreateRequest{
			Urn: renamed, Properties: wire(t, config("blue")), Preview: true,
		})
		return err
	}
	if err := preview(); err == nil || !strings.Contains(err.Error(), "alias") {
		t.Fatal("without an alias it would take what the old name made", err)
	}
	answer, err := s.Diff(context.Background(), &pulumirpc.DiffRequest{
		Id: old.id, Urn: renamed, OldInputs: old.inputs, News: wire(t, config("blue")),
	})
	if err != nil || len(answer.GetReplaces()) == 0 {
		t.Fatal(answer, err)
	}
	if err := preview(); err != nil {
		t.Error(err)
	}
}

// TestAnInterruptedCreationIsOwnedByWhatRecordedIt: it has never seen the object, so it takes the mark that it finds.
func TestAnInterruptedCreationIsOwnedByWhatRecordedIt(t *testing.T) {
	f, s := newFake(t)
	made(t, s, spaceURN, space(nil))
	taken := made(t, s, spaceURN, space(nil))
	read, err := s.Read(context.Background(), &pulumirpc.ReadRequest{Id: taken.id, Urn: spaceURN, Inputs: taken.inputs})
	if err != nil {
		t.Fatal(err)
	}
	taken.outputs = read.GetProperties()
	if err := taken.deleted(s); err != nil || f.get(spacePath) != nil {
		t.Error("it is left behind", err)
	}
}
