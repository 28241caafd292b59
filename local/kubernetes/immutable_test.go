package main

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestForbids(t *testing.T) {
	rules := []rule{{root: "metadata.name"}, {root: "spec", except: []string{"replicas", "containers[*].image"}}}
	for path, wanted := range map[string]bool{
		"metadata.name":              true,
		"metadata":                   true,
		"metadata.labels.a":          false,
		"spec":                       true,
		"spec.selector.matchLabels":  true,
		"spec.replicas":              false,
		"spec.containers[1].image":   false,
		"spec.containers[1].command": true,
		"data.a":                     false,
	} {
		parsed, err := resource.ParsePropertyPath(path)
		if err != nil {
			t.Fatal(err)
		}
		if forbids(rules, parsed) != wanted {
			t.Errorf("%s: wanted %v", path, wanted)
		}
	}
}

func TestImmutableIsRecognisedByTheServersWords(t *testing.T) {
	kind := schema.GroupKind{Kind: "Room"}
	refusal := apierrors.NewInvalid(kind, "hall", nil)
	for words, wanted := range map[string]bool{
		"spec.floor: Invalid value: field is immutable":                                                                          true,
		"spec: Forbidden: updates to statefulset spec for fields other than x are forbidden":                                     true,
		"spec.volumeName: Forbidden: may not be changed":                                                                         true,
		"spec.floor: Invalid value: must be positive":                                                                            false,
		"rooms \"hall\" is forbidden: ValidatingAdmissionPolicy 'house' with binding 'house' denied request: floor is immutable": false,
		"admission webhook \"house.example.org\" denied the request: the floor may not be changed":                               false,
	} {
		refusal.ErrStatus.Message = words
		if isImmutable(refusal) != wanted {
			t.Errorf("%q: wanted %v", words, wanted)
		}
	}
	if isImmutable(nil) || isImmutable(errors.New("immutable, but not from the server")) {
		t.Error("only refusals of the server count")
	}
}
