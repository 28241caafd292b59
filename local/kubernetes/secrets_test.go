package main

import (
	"context"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

func TestSecretsAreHiddenAtTheirPlaceAndInCopies(t *testing.T) {
	inputs := resource.PropertyMap{
		"list":  resource.NewArrayProperty([]resource.PropertyValue{resource.MakeSecret(resource.NewStringProperty("hunter22"))}),
		"short": resource.MakeSecret(resource.NewStringProperty("ab")),
	}
	outputs := object(map[string]any{
		"list":   []any{"hunter22"},
		"short":  "ab",
		"copied": map[string]any{"message": "refused hunter22", "encoded": "aHVudGVyMjI="},
		"plain":  "abc",
	})
	hidden := hide(outputs, inputs)
	copied := hidden["copied"].ObjectValue()
	for name, value := range map[string]resource.PropertyValue{
		"list": hidden["list"].ArrayValue()[0], "short": hidden["short"], "message": copied["message"], "encoded": copied["encoded"],
	} {
		if !value.IsSecret() {
			t.Errorf("%s is in clear", name)
		}
	}
	if hidden["plain"].IsSecret() {
		t.Error("a short secret must not hide everything that happens to contain it")
	}
	if said := redact("bad value hunter22", inputs); strings.Contains(said, "hunter22") {
		t.Errorf("the message quotes the secret: %s", said)
	}
}

// exposed are the texts that would stand in the state in clear.
func exposed(value resource.PropertyValue) string {
	switch {
	case value.IsObject():
		var all string
		for _, inner := range value.ObjectValue() {
			all += exposed(inner)
		}
		return all
	case value.IsArray():
		var all string
		for _, inner := range value.ArrayValue() {
			all += exposed(inner)
		}
		return all
	case value.IsString():
		return value.StringValue() + "\n"
	}
	return ""
}

// TestDriftKeepsSecretsHidden: a refresh finds a list that somebody has changed; the secret in it is somewhere else now.
func TestDriftKeepsSecretsHidden(t *testing.T) {
	for name, arguments := range map[string][]any{
		"longer": {"--verbose", "--token", "hunter22"}, "reordered": {"hunter22", "--token"}, "short": {"--token", "new", "abc"},
		"no list any more": nil, "replaced": {"--token", "another"},
	} {
		f, s := newFake(t)
		inputs := resource.PropertyMap{
			"apiVersion": resource.NewStringProperty("v1"), "kind": resource.NewStringProperty("ConfigMap"),
			"metadata": object(map[string]any{"m": map[string]any{"name": "it", "namespace": "a"}})["m"],
			"args": resource.NewArrayProperty([]resource.PropertyValue{
				resource.NewStringProperty("--token"), resource.MakeSecret(resource.NewStringProperty("hunter22")),
			}),
			"copies": resource.NewStringProperty("hunter22"),
		}
		record := made(t, s, urn, inputs)
		changed := f.get("/api/v1/namespaces/a/configmaps/it").Object
		changed["args"] = any("one text: hunter22")
		if arguments != nil {
			changed["args"] = arguments
		}
		changed["copies"] = "by somebody: hunter22"
		f.put("/api/v1/namespaces/a/configmaps/it", changed)
		read, err := s.Read(context.Background(), &pulumirpc.ReadRequest{
			Id: record.id, Urn: urn, Inputs: record.inputs, Properties: record.outputs,
		})
		if err != nil {
			t.Fatal(err)
		}
		for what, sent := range map[string]*structpb.Struct{"inputs": read.GetInputs(), "outputs": read.GetProperties()} {
			state, err := unmarshal(sent)
			if err != nil {
				t.Fatal(err)
			}
			clear := exposed(resource.NewObjectProperty(state))
			for _, secret := range []string{"hunter22", "abc", "another"} {
				if strings.Contains(clear, secret) {
					t.Errorf("%s: %s: %s is in clear", name, what, secret)
				}
			}
		}
	}
}

// TestUnchangedInputsStayAsTheyAre although one of them repeats a secret: the program says so itself.
func TestUnchangedInputsStayAsTheyAre(t *testing.T) {
	olds := resource.PropertyMap{
		"token": resource.MakeSecret(resource.NewStringProperty("hunter22")), "copy": resource.NewStringProperty("hunter22"),
	}
	if now := hideDrift(olds.Copy(), olds); !now.DeepEquals(olds) {
		t.Errorf("a refresh would show a change: %v", now)
	}
}
