package main

import (
	"context"
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var denial = errors.New(`httproutes.gateway.networking.k8s.io "app" is forbidden: ValidatingAdmissionPolicy ` +
	`'tenantry-route' with binding 'tenantry-route-all' denied request: the host is not the tenant's`)

func TestADenialPassesWhenTheRunChangesItsRule(t *testing.T) {
	for _, one := range []struct {
		kind, name string
		passes     bool
	}{
		{"ValidatingAdmissionPolicy", "tenantry-route", true},
		{"ValidatingAdmissionPolicyBinding", "tenantry-route-all", true},
		{"ValidatingAdmissionPolicy", "tenantry-pod", false},
		{"ConfigMap", "tenantry-route", false},
	} {
		_, s := newFake(t)
		group := "admissionregistration.k8s.io"
		if one.kind == "ConfigMap" {
			group = ""
		}
		s.expect(schema.GroupKind{Group: group, Kind: one.kind}, one.name)
		if s.passes(context.Background(), "", "HTTPRoute a/app", denial) != one.passes {
			t.Errorf("%s %s: passes is not %v", one.kind, one.name, one.passes)
		}
	}
}

func TestAnyOtherRefusalStaysAnError(t *testing.T) {
	_, s := newFake(t)
	s.expect(schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}, "tenantry-route")
	for _, err := range []error{nil, errors.New("exceeded quota"), errors.New(`admission webhook "x" denied the request`)} {
		if s.passes(context.Background(), "", "ConfigMap a/b", err) {
			t.Errorf("%v passes", err)
		}
	}
}

func TestAPreviewWithoutAClusterIsWhatIsDeclared(t *testing.T) {
	_, s := newFake(t)
	s.settings.kubeconfig = `{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":` +
		`"http://127.0.0.1:1"}}],"contexts":[{"name":"c","context":{"cluster":"c"}}],"current-context":"c"}`
	inputs, err := marshal(resource.PropertyMap{
		"apiVersion": resource.NewStringProperty("v1"), "kind": resource.NewStringProperty("ConfigMap"),
		"metadata": resource.NewObjectProperty(resource.PropertyMap{"name": resource.NewStringProperty("a")}),
	})
	if err != nil {
		t.Fatal(err)
	}
	urn := "urn:pulumi:local::p::kubernetes:core/v1:ConfigMap::a"
	made, err := s.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn, Properties: inputs, Preview: true})
	if err != nil || made.GetProperties().GetFields()["metadata"] == nil {
		t.Fatalf("a preview of a creation: %v, %v", made, err)
	}
	_, err = s.Update(context.Background(), &pulumirpc.UpdateRequest{
		Urn: urn, Id: "default/a", Olds: inputs, OldInputs: inputs, News: inputs, Preview: true,
	})
	if err != nil {
		t.Fatalf("a preview of an update: %v", err)
	}
	if !s.foreseen.absent.Load() {
		t.Error("it is not known that the cluster does not answer")
	}
}
