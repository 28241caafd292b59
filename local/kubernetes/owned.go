package main

import (
	"encoding/json"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ownedFields are the fields that a tool has set and said so: by server-side apply, which the server notes for each
// field, or by kubectl's annotation. Other ways of writing leave no trace of what was set and what is a default.
func ownedFields(live *unstructured.Unstructured) (map[string]any, bool) {
	object := tidy(live)
	for _, entry := range live.GetManagedFields() {
		if entry.Operation != metav1.ManagedFieldsOperationApply || entry.FieldsV1 == nil || entry.Subresource != "" {
			continue
		}
		var fields map[string]any
		if json.Unmarshal(entry.FieldsV1.Raw, &fields) != nil {
			continue
		}
		if owned, ok := extract(object, fields).(map[string]any); ok {
			return named(owned, live), true
		}
	}
	if kept := live.GetAnnotations()[lastApplied]; kept != "" {
		applied := &unstructured.Unstructured{}
		if applied.UnmarshalJSON([]byte(kept)) == nil {
			return named(withoutServerFields(applied), live), true
		}
	}
	return nil, false
}

// named adds what every program names, but no manager owns.
func named(owned map[string]any, live *unstructured.Unstructured) map[string]any {
	metadata, ok := owned["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		owned["metadata"] = metadata
	}
	metadata["name"] = live.GetName()
	if live.GetNamespace() != "" {
		metadata["namespace"] = live.GetNamespace()
	}
	delete(owned, "status")
	return owned
}

// extract takes from a value the parts that a set of fields names: f:NAME is a key of an object, k:{...} an element
// of a list with these keys, v:... an element of a set; an empty set stands for all of the value.
func extract(value any, fields map[string]any) any {
	whole := true
	for key := range fields {
		whole = whole && key == "."
	}
	if whole {
		return value
	}
	switch v := value.(type) {
	case map[string]any:
		taken := map[string]any{}
		for key, below := range fields {
			name, isField := strings.CutPrefix(key, "f:")
			inner, present := v[name]
			if nested, ok := below.(map[string]any); isField && present && ok {
				taken[name] = extract(inner, nested)
			}
		}
		return taken
	case []any:
		var taken []any
		for _, element := range v {
			for key, below := range fields {
				if nested, ok := below.(map[string]any); ok && matches(element, key) {
					taken = append(taken, extract(element, nested))
				}
			}
		}
		return taken
	default:
		return value
	}
}

// matches says whether an element of a list is the one that a key of a field set means.
func matches(element any, key string) bool {
	if encoded, ok := strings.CutPrefix(key, "v:"); ok {
		var wanted any
		return json.Unmarshal([]byte(encoded), &wanted) == nil && same(element, wanted)
	}
	encoded, ok := strings.CutPrefix(key, "k:")
	object, isObject := element.(map[string]any)
	if !ok || !isObject {
		return false
	}
	var wanted map[string]any
	if json.Unmarshal([]byte(encoded), &wanted) != nil {
		return false
	}
	for name, value := range wanted {
		if !same(object[name], value) {
			return false
		}
	}
	return true
}

// same compares values of which one has gone through JSON, where all numbers are floats.
func same(a, b any) bool {
	if i, ok := a.(int64); ok {
		a = float64(i)
	}
	if i, ok := b.(int64); ok {
		b = float64(i)
	}
	return reflect.DeepEqual(a, b)
}
