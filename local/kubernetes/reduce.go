package main

import (
	"encoding/base64"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// foreignRules of a NetworkPolicy open what is closed, also when the program does not name the field.
var foreignRules = []string{"ingress", "egress"}

// exact fields are one value to the server: a key that somebody adds to a selector changes what the selector means.
var exact = map[string]bool{
	"matchLabels": true, "podSelector": true, "namespaceSelector": true, "nodeSelector": true, "selector": true,
}

// listKeys name what tells the elements of a list apart, where the server merges lists by element: there, elements of
// others are not ours to report.
var listKeys = map[string][]string{
	"containers": {"name"}, "initContainers": {"name"}, "env": {"name"}, "volumes": {"name"}, "imagePullSecrets": {"name"},
	"volumeMounts": {"mountPath"}, "ports": {"containerPort", "port", "protocol"}, "hostAliases": {"ip"},
	"topologySpreadConstraints": {"topologyKey", "whenUnsatisfiable"}, "secrets": {"name"}, "listeners": {"name"},
	"ownerReferences": {"uid"},
}

// reduced are the inputs with the values that the live object has now. What servers merely write differently stays as
// the program has it; what is gone is left out; what was never set is not looked at.
func reduced(live *unstructured.Unstructured, inputs resource.PropertyMap) resource.PropertyMap {
	object := tidy(live)
	if isSecretKind(live.GroupVersionKind()) {
		exposeStringData(object, inputs)
	}
	result := resource.PropertyMap{}
	for key, value := range inputs {
		if now, kept := reduce(string(key), value, object[string(key)]); kept {
			result[key] = now
		}
	}
	if given, secret := bare(result["spec"]); live.GetKind() == "NetworkPolicy" && given.IsObject() {
		spec := given.ObjectValue().Copy()
		for _, key := range foreignRules {
			rules, present, err := unstructured.NestedSlice(object, "spec", key)
			if err == nil && present && len(rules) > 0 && spec[resource.PropertyKey(key)].IsNull() {
				spec[resource.PropertyKey(key)] = property(rules)
			}
		}
		result["spec"] = wrapped(resource.NewObjectProperty(spec), secret)
	}
	return result
}

// reduce returns the value that one input has now and whether it is there at all.
func reduce(name string, input resource.PropertyValue, live any) (resource.PropertyValue, bool) {
	inner, secret := bare(input)
	now, kept := reduceBare(name, inner, live)
	return wrapped(now, secret && kept), kept
}

func reduceBare(name string, input resource.PropertyValue, live any) (resource.PropertyValue, bool) {
	if live == nil {
		return input, isEmpty(input)
	}
	switch {
	case input.IsObject():
		object, ok := live.(map[string]any)
		if !ok || exact[name] && len(object) != len(input.ObjectValue()) {
			return instead(input, live), true
		}
		result := resource.PropertyMap{}
		for key, value := range input.ObjectValue() {
			if now, kept := reduce(string(key), value, object[string(key)]); kept {
				result[key] = now
			}
		}
		return resource.NewObjectProperty(result), true
	case input.IsArray():
		list, ok := live.([]any)
		if !ok {
			return instead(input, live), true
		}
		return reduceList(name, input, list), true
	default:
		if now := property(live); !now.DeepEquals(input) && !sameQuantity(now, input) {
			return now, true
		}
		return input, true
	}
}

// instead is the live value as a whole. Where the input had a secret in it, nobody can tell where that is now.
func instead(input resource.PropertyValue, live any) resource.PropertyValue {
	return wrapped(property(live), input.ContainsSecrets())
}

func reduceList(name string, input resource.PropertyValue, live []any) resource.PropertyValue {
	inputs := input.ArrayValue()
	keys := listKeys[name]
	if name == "finalizers" || len(keys) > 0 && keyed(inputs, keys[0]) {
		return reduceKeyed(inputs, live, keys)
	}
	if len(inputs) != len(live) {
		return instead(input, live)
	}
	result := make([]resource.PropertyValue, 0, len(live))
	for i, input := range inputs {
		now, kept := reduce("", input, live[i])
		if !kept {
			now = property(live[i])
		}
		result = append(result, now)
	}
	now := resource.NewArrayProperty(result)
	return wrapped(now, input.ContainsSecrets() && !now.DeepEquals(input)) // elements may have changed places
}

// reduceKeyed finds each input element in the live list; one that is gone is left out.
func reduceKeyed(inputs []resource.PropertyValue, live []any, keys []string) resource.PropertyValue {
	result := make([]resource.PropertyValue, 0, len(inputs))
	for _, input := range inputs {
		for _, candidate := range live {
			if sameElement(input, candidate, keys) {
				if now, kept := reduce("", input, candidate); kept {
					result = append(result, now)
				}
				break
			}
		}
	}
	return resource.NewArrayProperty(result)
}

// sameElement compares the keys that the input has; servers fill in those that it leaves out.
func sameElement(input resource.PropertyValue, candidate any, keys []string) bool {
	inner, _ := bare(input)
	object, ok := candidate.(map[string]any)
	if !inner.IsObject() || !ok {
		return inner.DeepEquals(property(candidate))
	}
	for _, key := range keys {
		given, _ := bare(inner.ObjectValue()[resource.PropertyKey(key)])
		if !given.IsNull() && !given.DeepEquals(property(object[key])) {
			return false
		}
	}
	return true
}

func keyed(inputs []resource.PropertyValue, key string) bool {
	for _, input := range inputs {
		inner, _ := bare(input)
		if !inner.IsObject() {
			return false
		}
		objects := inner.ObjectValue()
		_, named := objects[resource.PropertyKey(key)]
		_, port := objects["port"]
		if !named && !(key == "containerPort" && port) {
			return false
		}
	}
	return len(inputs) > 0
}

// exposeStringData undoes what servers do to stringData, which they store as data.
func exposeStringData(object map[string]any, inputs resource.PropertyMap) {
	data, ok := object["data"].(map[string]any)
	if !ok {
		return
	}
	plain := map[string]any{}
	for key := range child(inputs, "stringData") {
		encoded, _ := data[string(key)].(string)
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil && encoded != "" {
			plain[string(key)] = string(decoded)
		}
	}
	object["stringData"] = plain
}
