package main

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestReduceKeepsWhatMeansTheSame: what servers rewrite or complete is no drift.
func TestReduceKeepsWhatMeansTheSame(t *testing.T) {
	inputs := object(map[string]any{
		"kind": "Deployment",
		"spec": map[string]any{
			"cpu": "1000m", "memory": "1024Mi", "wait": "300s", "empty": "", "off": false, "none": []any{}, "strategy": map[string]any{},
			"containers": []any{map[string]any{"name": "b", "image": "i"}},
			"args":       []any{"x", "y"},
		},
	})
	live := &unstructured.Unstructured{Object: map[string]any{
		"kind": "Deployment",
		"spec": map[string]any{
			"cpu": "1", "memory": "1Gi", "wait": "5m0s", "strategy": map[string]any{"type": "RollingUpdate"}, "added": "by the server",
			"containers": []any{
				map[string]any{"name": "a", "image": "side-car"},
				map[string]any{"name": "b", "image": "i", "imagePullPolicy": "Always"},
			},
			"args": []any{"x", "y"},
		},
	}}
	if now := reduced(live, inputs); !now.DeepEquals(inputs) {
		t.Errorf("no drift, but %v became %v", inputs, now)
	}
}

func TestReduceShowsDrift(t *testing.T) {
	for name, pair := range map[string][2]any{
		"changed text":     {"a", "b"},
		"changed number":   {int64(1), int64(2)},
		"longer list":      {[]any{"a"}, []any{"a", "b"}},
		"filled list":      {[]any{}, []any{"a"}},
		"wider selector":   {map[string]any{"matchLabels": map[string]any{"a": "b"}}, map[string]any{"matchLabels": map[string]any{"a": "b", "c": "d"}}},
		"vanished":         {"a", nil},
		"vanished element": {map[string]any{"env": []any{map[string]any{"name": "A"}}}, map[string]any{"env": []any{}}},
	} {
		inputs := object(map[string]any{"spec": map[string]any{"field": pair[0]}})
		live := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"field": pair[1]}}}
		if reduced(live, inputs).DeepEquals(inputs) {
			t.Errorf("%s: not noticed", name)
		}
	}
}

func TestReduceKeepsSecrecy(t *testing.T) {
	inputs := resource.PropertyMap{"data": resource.MakeSecret(object(map[string]any{"a": "old"})["a"])}
	live := &unstructured.Unstructured{Object: map[string]any{"data": "new"}}
	if now := reduced(live, inputs)["data"]; !now.IsSecret() || now.SecretValue().Element.StringValue() != "new" {
		t.Errorf("the new value must be there, as a secret: %v", now)
	}
}
