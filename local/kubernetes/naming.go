package main

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	autonamed      = "pulumi.com/autonamed"
	randomLength   = 8
	longestName    = 253 // characters, the limit of a DNS subdomain
	annotationsKey = resource.PropertyKey("annotations")
)

// nameOf is the resource's name in the program.
func nameOf(request *pulumirpc.CheckRequest) string {
	if u := resource.URN(request.GetUrn()); u.IsValid() {
		return u.Name()
	}
	return request.GetName()
}

// giveName fills in metadata.name where the program leaves it out: the name that the state holds already, or the
// resource's own name with a random suffix. An annotation records that the name was made, because such an object may be
// replaced before the old one is deleted.
func giveName(inputs, olds resource.PropertyMap, request *pulumirpc.CheckRequest) error {
	given, secret := bare(inputs["metadata"])
	if given.IsComputed() || given.IsOutput() {
		return nil // all of the metadata is still unknown; the update will see
	}
	metadata := resource.PropertyMap{}
	if given.IsObject() {
		metadata = given.ObjectValue()
	}
	if _, named := metadata["name"]; named {
		return nil
	}
	name := ""
	if oldMetadata := child(olds, "metadata"); wasAutonamed(oldMetadata) {
		name = stringAt(oldMetadata, "name")
	}
	if name == "" {
		made, err := newName(request)
		if err != nil {
			return err
		}
		name = made
	}
	named := metadata.Copy()
	named["name"] = resource.NewStringProperty(name)
	annotations := resource.PropertyMap{}
	existing, hidden := bare(named[annotationsKey])
	if existing.IsObject() {
		annotations = existing.ObjectValue().Copy()
	} else if existing.IsComputed() || existing.IsOutput() {
		annotations = nil
	}
	if annotations != nil {
		annotations[autonamed] = resource.NewStringProperty("true")
		named[annotationsKey] = wrapped(resource.NewObjectProperty(annotations), hidden)
	}
	inputs["metadata"] = wrapped(resource.NewObjectProperty(named), secret)
	return nil
}

func newName(request *pulumirpc.CheckRequest) (string, error) {
	options := request.GetAutonaming()
	switch options.GetMode() {
	case pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
		return "", fmt.Errorf("is missing, and automatic naming is switched off: give the object a name")
	case pulumirpc.CheckRequest_AutonamingOptions_ENFORCE, pulumirpc.CheckRequest_AutonamingOptions_PROPOSE:
		if options.GetProposedName() != "" {
			return options.GetProposedName(), nil
		}
	}
	return resource.NewUniqueName(request.GetRandomSeed(), nameOf(request)+"-", randomLength, longestName, nil)
}

// wasAutonamed says whether the name was made by giveName.
func wasAutonamed(metadata resource.PropertyMap) bool {
	return stringAt(child(metadata, annotationsKey), autonamed) == "true"
}
