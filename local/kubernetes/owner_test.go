package main

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestTheMarkLeavesOtherAnnotations: one that is no text must reach the server, which says so, and not take all along.
func TestTheMarkLeavesOtherAnnotations(t *testing.T) {
	for name, annotations := range map[string]any{
		"texts": map[string]any{"a": "b"}, "a number": map[string]any{"a": int64(1)}, "none": nil,
	} {
		given := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"annotations": annotations}}}
		all, _, err := unstructured.NestedMap(marked(given, urn).Object, "metadata", "annotations")
		if err != nil || all[ownerMark] != markOf(urn) {
			t.Errorf("%s: not marked: %v, %v", name, all, err)
		}
		if before, ok := annotations.(map[string]any); ok && all["a"] != before["a"] {
			t.Errorf("%s: what the program says is lost: %v", name, all)
		}
	}
	for name, metadata := range map[string]any{"no metadata": nil, "no map": map[string]any{"annotations": "all of them"}} {
		object := &unstructured.Unstructured{Object: map[string]any{}}
		if metadata != nil {
			object.Object["metadata"] = metadata
		}
		if now := marked(object, urn); name == "no map" && now.Object["metadata"].(map[string]any)["annotations"] != "all of them" {
			t.Errorf("%s: %v", name, now)
		}
	}
}
