package main

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const urn = "urn:pulumi:s::p::kubernetes:core/v1:ConfigMap::settings"

func object(pairs map[string]any) resource.PropertyMap { return propertyMap(pairs) }

func TestNameIsMadeFromTheResourceAndTheSeed(t *testing.T) {
	names := map[string]bool{}
	for _, seed := range []string{"a", "a", "b"} {
		inputs := resource.PropertyMap{}
		request := &pulumirpc.CheckRequest{Urn: urn, RandomSeed: []byte(seed)}
		if err := giveName(inputs, nil, request); err != nil {
			t.Fatal(err)
		}
		metadata := child(inputs, "metadata")
		if !wasAutonamed(metadata) || !strings.HasPrefix(stringAt(metadata, "name"), "settings-") {
			t.Errorf("unexpected name: %v", metadata)
		}
		names[stringAt(metadata, "name")] = true
	}
	if len(names) != 2 {
		t.Errorf("two seeds must give two names: %v", names)
	}
}

func TestNamingFollowsTheEnginesOptions(t *testing.T) {
	proposed := &pulumirpc.CheckRequest{Urn: urn, Autonaming: &pulumirpc.CheckRequest_AutonamingOptions{
		Mode: pulumirpc.CheckRequest_AutonamingOptions_PROPOSE, ProposedName: "proposed",
	}}
	inputs := resource.PropertyMap{}
	if err := giveName(inputs, nil, proposed); err != nil || stringAt(child(inputs, "metadata"), "name") != "proposed" {
		t.Errorf("the proposal is not followed: %v, %v", inputs, err)
	}
	off := &pulumirpc.CheckRequest{Urn: urn, Autonaming: &pulumirpc.CheckRequest_AutonamingOptions{
		Mode: pulumirpc.CheckRequest_AutonamingOptions_DISABLE,
	}}
	if err := giveName(resource.PropertyMap{}, nil, off); err == nil {
		t.Error("a name was made although naming is off")
	}
}

func TestUnknownMetadataIsLeftAlone(t *testing.T) {
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	inputs := resource.PropertyMap{"metadata": unknown}
	if err := giveName(inputs, nil, &pulumirpc.CheckRequest{Urn: urn}); err != nil || !inputs["metadata"].IsComputed() {
		t.Errorf("unknown metadata was changed: %v, %v", inputs, err)
	}
}

func TestAMadeNameKeepsSecrecy(t *testing.T) {
	annotations := func() resource.PropertyValue {
		return object(map[string]any{"a": map[string]any{"token": "hunter22"}})["a"]
	}
	for name, metadata := range map[string]resource.PropertyValue{
		"metadata":    resource.MakeSecret(resource.NewObjectProperty(resource.PropertyMap{annotationsKey: annotations()})),
		"annotations": resource.NewObjectProperty(resource.PropertyMap{annotationsKey: resource.MakeSecret(annotations())}),
	} {
		inputs := resource.PropertyMap{"metadata": metadata}
		if err := giveName(inputs, nil, &pulumirpc.CheckRequest{Urn: urn, RandomSeed: []byte("a")}); err != nil {
			t.Fatal(err)
		}
		named := child(inputs, "metadata")
		if !inputs["metadata"].IsSecret() && !named[annotationsKey].IsSecret() {
			t.Errorf("%s: %v is in clear", name, inputs)
		}
		if !wasAutonamed(named) {
			t.Errorf("%s: the name is not recorded as made", name)
		}
		if shown := previewed(nil, inputs); strings.Contains(exposed(resource.NewObjectProperty(shown)), "hunter22") {
			t.Errorf("%s: a preview shows it", name)
		}
	}
}
