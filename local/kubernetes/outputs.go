package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// lastApplied is kubectl's copy of the whole object, Secrets included.
	lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
	// wholeObject marks, in the outputs, an object that was imported with all its fields because nobody could tell which
	// of them somebody had set; see Diff.
	wholeObject = "__wholeObject"
)

// tidy drops what changes all the time or is of no use to a program, so that the state stays small and quiet.
func tidy(live *unstructured.Unstructured) map[string]any {
	object := live.DeepCopy().Object
	metadata, ok := object["metadata"].(map[string]any)
	if !ok {
		return object
	}
	for _, noise := range []string{"managedFields", "resourceVersion", "generation", "selfLink"} {
		delete(metadata, noise)
	}
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		delete(annotations, lastApplied)
		delete(annotations, ownerMark)
		delete(annotations, takenMark)
		delete(annotations, wokenMark)
		if len(annotations) == 0 {
			delete(metadata, "annotations")
		}
	}
	return object
}

// outputsOf is what the state keeps of a live object, with everything secret that is secret in the inputs.
func outputsOf(live *unstructured.Unstructured, inputs resource.PropertyMap) resource.PropertyMap {
	outputs := hide(propertyMap(tidy(live)), inputs)
	if isSecretKind(live.GroupVersionKind()) {
		hideSecretData(outputs)
	}
	if mark := live.GetAnnotations()[takenMark]; mark != "" {
		outputs[takenOutput] = resource.NewStringProperty(mark)
	}
	return outputs
}

func isSecretKind(kind schema.GroupVersionKind) bool {
	return kind.Group == "" && kind.Kind == "Secret"
}

// previewed are the outputs before the object is made: the inputs as the server would complete them, and unknown what
// only the making decides.
func previewed(tried *unstructured.Unstructured, inputs resource.PropertyMap) resource.PropertyMap {
	outputs := inputs.Copy()
	if tried != nil {
		outputs = outputsOf(tried, inputs)
	}
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	outputs["status"] = unknown
	if given, secret := bare(outputs["metadata"]); given.IsObject() {
		metadata := given.ObjectValue().Copy()
		metadata["uid"], metadata["creationTimestamp"] = unknown, unknown
		outputs["metadata"] = wrapped(resource.NewObjectProperty(metadata), secret)
	}
	if now, secret := bare(outputs["spec"]); now.IsObject() && stringAt(outputs, "kind") == "Service" {
		spec, given := now.ObjectValue().Copy(), child(inputs, "spec")
		for _, assigned := range []resource.PropertyKey{"clusterIP", "clusterIPs", "healthCheckNodePort"} {
			if _, present := spec[assigned]; present && given[assigned].IsNull() {
				spec[assigned] = unknown
			}
		}
		if stringAt(spec, "type") != "ClusterIP" {
			spec["ports"] = unknown // their node ports
		}
		outputs["spec"] = wrapped(resource.NewObjectProperty(spec), secret)
	}
	return outputs
}
