package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	ownerLabel = "app.kubernetes.io/managed-by"
	ownerName  = "tenantry"
	// ownerMark tells which resource of which stack made an object, so that a run after a killed one adopts its own
	// objects and no others. It is a digest: a URN may be longer than what one wants to read in an annotation.
	ownerMark = "tenantry.io/resource"
)

func markOf(urn string) string {
	sum := sha256.Sum256([]byte(urn))
	return hex.EncodeToString(sum[:12])
}

// marked adds the mark to a copy of the object.
func marked(object *unstructured.Unstructured, urn string) *unstructured.Unstructured {
	if urn == "" {
		return object
	}
	object = object.DeepCopy()
	// Field by field, as the other annotations may be anything: a value that is no text is the server's to refuse, and
	// the library's own setter would drop them all. Where nothing can be set, it refuses as well.
	if value, _, err := unstructured.NestedFieldNoCopy(object.Object, "metadata", "annotations"); err == nil && value == nil {
		unstructured.RemoveNestedField(object.Object, "metadata", "annotations")
	}
	_ = unstructured.SetNestedField(object.Object, markOf(urn), "metadata", "annotations", ownerMark)
	return object
}

// mayAdopt decides whether a resource that is to be made may take an object that exists already.
// What this very resource made, in a run that was killed before it could say so, is its own. What another resource made
// must not be taken: after a rename without an alias the engine deletes the old resource next, which is the same object.
func mayAdopt(h *handle, live *unstructured.Unstructured, urn string, s settings) error {
	how := fmt.Sprintf("`pulumi import %s %s %s`", resource.URN(urn).Type(), resource.URN(urn).Name(), h.id())
	mark := live.GetAnnotations()[ownerMark]
	switch {
	case mark == markOf(urn), s.upsert:
		return nil
	case h.kind.Group == "" && h.kind.Kind == "ServiceAccount" && h.name == "default" && mark == "":
		return nil // every namespace gets one from the control plane; programs only complete it
	case mark != "":
		return fmt.Errorf("it exists already and was made by another resource of this or another stack: "+
			"if the resource was renamed or moved, give it an alias; if it is to change hands, remove it from the other "+
			"state (`pulumi state delete`) and adopt it with %s", how)
	case live.GetLabels()[ownerLabel] == ownerName, managedBy(live, fieldManager):
		return nil
	default:
		return fmt.Errorf("it exists already and is managed by %s: choose another name, or adopt it with %s",
			managers(live), how)
	}
}

func managedBy(live *unstructured.Unstructured, manager string) bool {
	for _, entry := range live.GetManagedFields() {
		if entry.Manager == manager {
			return true
		}
	}
	return false
}

// managers lists who has written the object, for people.
func managers(live *unstructured.Unstructured) string {
	seen := map[string]bool{}
	var names []string
	if label := live.GetLabels()[ownerLabel]; label != "" {
		names, seen[label] = append(names, label), true
	}
	for _, entry := range live.GetManagedFields() {
		if !seen[entry.Manager] && entry.Subresource == "" {
			names, seen[entry.Manager] = append(names, entry.Manager), true
		}
	}
	if len(names) == 0 {
		return "somebody else"
	}
	return strings.Join(names, ", ")
}
