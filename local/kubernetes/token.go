package main

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kindOf reads group, version and kind from a type token such as kubernetes:apps/v1:Deployment, and refuses those of
// the SDK's types that are no objects of a cluster.
func kindOf(token string) (schema.GroupVersionKind, error) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 || parts[0] != "kubernetes" {
		return schema.GroupVersionKind{}, fmt.Errorf("%s is no type of the kubernetes provider", token)
	}
	module, kind := parts[1], parts[2]
	for _, prefix := range []string{"helm.sh/", "kustomize", "yaml"} {
		if strings.HasPrefix(module, prefix) {
			return schema.GroupVersionKind{}, fmt.Errorf(
				"%s is not served by the embedded kubernetes plugin: declare the objects as resources", token)
		}
	}
	version, err := schema.ParseGroupVersion(module)
	if err != nil {
		return schema.GroupVersionKind{}, fmt.Errorf("%s is no type of the kubernetes provider: %w", token, err)
	}
	if version.Group == "core" {
		version.Group = ""
	}
	builtIn := !strings.Contains(version.Group, ".") || strings.HasSuffix(version.Group, ".k8s.io")
	switch {
	case completes(token):
		kind = strings.TrimSuffix(kind, "Patch")
	case strings.HasSuffix(kind, "Patch"):
		return schema.GroupVersionKind{}, fmt.Errorf(
			"%s: Patch types are not served by the embedded kubernetes plugin: declare the whole %s",
			token, strings.TrimSuffix(kind, "Patch"))
	case builtIn && strings.HasSuffix(kind, "List"):
		return schema.GroupVersionKind{}, fmt.Errorf(
			"%s: List types are not served by the embedded kubernetes plugin: declare each %s as a resource of its own",
			token, strings.TrimSuffix(kind, "List"))
	}
	return version.WithKind(kind), nil
}

// completes: the one type of the SDK's whose resource sets fields of an object that others make, and leaves it when it
// goes. Official plugins refuse to make a whole object that is there, as each namespace's default account is.
func completes(token string) bool { return token == "kubernetes:core/v1:ServiceAccountPatch" }

// apiVersion is the form that objects carry.
func apiVersion(kind schema.GroupVersionKind) string { return kind.GroupVersion().String() }

// kindOfInputs prefers what the object itself says: one token may serve several versions through aliases.
func kindOfInputs(token string, inputs resource.PropertyMap) (schema.GroupVersionKind, error) {
	kind, err := kindOf(token)
	if err != nil {
		return kind, err
	}
	if given := stringAt(inputs, "apiVersion"); given != "" {
		version, err := schema.ParseGroupVersion(given)
		if err != nil {
			return kind, fmt.Errorf("apiVersion %q: %w", given, err)
		}
		kind = version.WithKind(kind.Kind)
	}
	if given := stringAt(inputs, "kind"); given != "" {
		kind.Kind = given
	}
	return kind, nil
}
