package main

import (
	"context"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

const (
	// fieldManager owns, at the API server, the fields that programs set.
	fieldManager = "tenantry"
	// otherManager is the annotation by which the SDK lets a program choose another.
	otherManager = "pulumi.com/patchFieldManager"
)

// handle is one object at the API server, whether it exists or not.
type handle struct {
	cluster   *cluster
	kind      schema.GroupVersionKind
	namespace string // empty: not in a namespace
	name      string
	timeout   time.Duration
	resources dynamic.ResourceInterface
}

// id is the object's name in the state: namespace/name, or name alone outside of namespaces.
func (h *handle) id() string {
	if h.namespace == "" {
		return h.name
	}
	return h.namespace + "/" + h.name
}

// title names the object in messages.
func (h *handle) title() string { return h.kind.Kind + " " + h.id() }

func splitID(id string) (namespace, name string) {
	namespace, name, found := strings.Cut(id, "/")
	if !found {
		return "", id
	}
	return namespace, name
}

func (h *handle) get(ctx context.Context) (*unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	return h.resources.Get(ctx, h.name, metav1.GetOptions{})
}

// apply sends the wanted fields server-side. The program is the source of truth, so it takes back what others have
// changed (force); a field that the server does not know is an error, not a warning (strict).
func (h *handle) apply(ctx context.Context, object *unstructured.Unstructured, urn string, try bool,
) (*unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	body, err := marked(object, urn).MarshalJSON()
	if err != nil {
		return nil, err
	}
	force := true
	options := metav1.PatchOptions{
		FieldManager: managerOf(object), Force: &force, FieldValidation: metav1.FieldValidationStrict,
	}
	if try {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return h.resources.Patch(ctx, h.name, types.ApplyPatchType, body, options)
}

// merge changes single fields, where applying cannot.
func (h *handle) merge(ctx context.Context, patch []byte) (*unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	return h.resources.Patch(ctx, h.name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
}

func (h *handle) delete(ctx context.Context, propagation metav1.DeletionPropagation) error {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	return h.resources.Delete(ctx, h.name, metav1.DeleteOptions{PropagationPolicy: &propagation})
}

func managerOf(object *unstructured.Unstructured) string {
	if chosen := object.GetAnnotations()[otherManager]; chosen != "" {
		return chosen
	}
	return fieldManager
}

// objectOf builds the object that the inputs describe and says whether all of it is known.
func objectOf(kind schema.GroupVersionKind, inputs resource.PropertyMap) (*unstructured.Unstructured, bool) {
	plain, known := revealMap(inputs)
	delete(plain, "status") // the server's to say
	object := &unstructured.Unstructured{Object: plain}
	object.SetGroupVersionKind(kind)
	return object, known
}
