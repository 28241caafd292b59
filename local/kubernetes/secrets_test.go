package main

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
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
