package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Check completes the inputs, without a word to the cluster: what is not given is left out, apiVersion and kind come
// from the type, a missing name is made, and the data of Secrets is secret however it arrives.
func (s *server) Check(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := unmarshal(request.GetNews())
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal(request.GetOlds())
	if err != nil {
		return nil, err
	}
	failure := func(property, format string, args ...any) (*pulumirpc.CheckResponse, error) {
		return &pulumirpc.CheckResponse{Failures: []*pulumirpc.CheckFailure{
			{Property: property, Reason: fmt.Sprintf(format, args...)},
		}}, nil
	}
	token := typeOf(request.GetUrn(), request.GetType())
	kind, err := kindOf(token)
	if err != nil {
		return failure("", "%s", err)
	}
	inputs := compact(news)
	if given, _ := bare(inputs["apiVersion"]); !given.IsComputed() {
		if group, _, found := strings.Cut(stringAt(inputs, "apiVersion"), "/"); found && group != kind.Group {
			return failure("apiVersion", "%s does not belong to the type %s", stringAt(inputs, "apiVersion"), token)
		}
	}
	if given := stringAt(inputs, "kind"); given != "" && given != kind.Kind {
		return failure("kind", "%s does not belong to the type %s", given, token)
	}
	if _, given := inputs["apiVersion"]; !given {
		inputs["apiVersion"] = resource.NewStringProperty(apiVersion(kind))
	}
	if _, given := inputs["kind"]; !given {
		inputs["kind"] = resource.NewStringProperty(kind.Kind)
	}
	if metadata, given := inputs["metadata"]; given {
		if inner, _ := bare(metadata); !inner.IsObject() && !inner.IsComputed() && !inner.IsOutput() {
			return failure("metadata", "must be an object with name, labels and so on")
		}
	}
	if _, given := child(inputs, "metadata")["generateName"]; given {
		return failure("metadata.generateName",
			"cannot be applied server-side: leave the name out altogether and get one like %s-1a2b3c4d", nameOf(request))
	}
	if err := giveName(inputs, olds, request); err != nil {
		return failure("metadata.name", "%s", err)
	}
	if kind.Group == "" && kind.Kind == "Secret" {
		hideSecretData(inputs)
	}
	checked, err := marshal(inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: checked}, nil
}

// typeOf prefers the URN: it is always there.
func typeOf(urn, token string) string {
	if u := resource.URN(urn); u.IsValid() {
		return string(u.Type())
	}
	return token
}

// compact drops what is null, at every depth of objects.
func compact(properties resource.PropertyMap) resource.PropertyMap {
	result := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		if value = compactValue(value); !value.IsNull() {
			result[key] = value
		}
	}
	return result
}

func compactValue(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		inner := compactValue(value.SecretValue().Element)
		if inner.IsNull() {
			return inner
		}
		return resource.MakeSecret(inner)
	case value.IsObject():
		return resource.NewObjectProperty(compact(value.ObjectValue()))
	case value.IsArray():
		array := make([]resource.PropertyValue, 0, len(value.ArrayValue()))
		for _, element := range value.ArrayValue() {
			array = append(array, compactValue(element))
		}
		return resource.NewArrayProperty(array)
	default:
		return value
	}
}
