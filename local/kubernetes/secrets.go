package main

import (
	"encoding/base64"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// shortestTrace is the length, in bytes, from which a secret is looked for inside other texts; shorter ones would match
// by chance and make everything secret.
const shortestTrace = 4

// hideSecretData makes the contents of a Secret secret, whatever the program says.
func hideSecretData(properties resource.PropertyMap) {
	for _, key := range []resource.PropertyKey{"data", "stringData"} {
		if value, given := properties[key]; given && !value.IsSecret() && !value.IsNull() {
			properties[key] = resource.MakeSecret(value)
		}
	}
}

// hide makes secret in the outputs what is secret in the inputs: at the same place, and every text that repeats one of
// the secret texts, because servers copy fields around (into annotations, status messages and defaults).
func hide(outputs, inputs resource.PropertyMap) resource.PropertyMap {
	traces := tracesOf(inputs)
	hidden := make(resource.PropertyMap, len(outputs))
	for key, value := range outputs {
		hidden[key] = hideValue(value, inputs[key], traces)
	}
	return hidden
}

// hideDrift is hide for live inputs: what changed may repeat elsewhere what the old inputs had as a secret. What did not
// change stays as the program has it, so that a refresh shows no change where there is none.
func hideDrift(inputs, olds resource.PropertyMap) resource.PropertyMap {
	hidden := hide(inputs, olds)
	for key, value := range inputs {
		if value.DeepEquals(olds[key]) {
			hidden[key] = value
		}
	}
	return hidden
}

func hideValue(output, input resource.PropertyValue, traces []string) resource.PropertyValue {
	if output.IsSecret() {
		return output
	}
	inner, secret := bare(input)
	if secret {
		return resource.MakeSecret(output)
	}
	switch {
	case output.IsObject():
		var given resource.PropertyMap
		if inner.IsObject() {
			given = inner.ObjectValue()
		}
		hidden := make(resource.PropertyMap, len(output.ObjectValue()))
		for key, value := range output.ObjectValue() {
			hidden[key] = hideValue(value, given[key], traces)
		}
		return resource.NewObjectProperty(hidden)
	case output.IsArray():
		var given []resource.PropertyValue
		if inner.IsArray() && len(inner.ArrayValue()) == len(output.ArrayValue()) {
			given = inner.ArrayValue()
		}
		hidden := make([]resource.PropertyValue, 0, len(output.ArrayValue()))
		for i, value := range output.ArrayValue() {
			var same resource.PropertyValue
			if given != nil {
				same = given[i]
			}
			hidden = append(hidden, hideValue(value, same, traces))
		}
		return resource.NewArrayProperty(hidden)
	case output.IsString() && repeats(output.StringValue(), traces):
		return resource.MakeSecret(output)
	default:
		return output
	}
}

func repeats(text string, traces []string) bool {
	for _, trace := range traces {
		if strings.Contains(text, trace) {
			return true
		}
	}
	return false
}

// tracesOf collects the secret texts of the inputs, plain and as Secrets carry them.
func tracesOf(properties resource.PropertyMap) []string {
	var traces []string
	var visit func(value resource.PropertyValue, secret bool)
	visit = func(value resource.PropertyValue, secret bool) {
		inner, wrapped := bare(value)
		secret = secret || wrapped
		switch {
		case inner.IsObject():
			for _, element := range inner.ObjectValue() {
				visit(element, secret)
			}
		case inner.IsArray():
			for _, element := range inner.ArrayValue() {
				visit(element, secret)
			}
		case secret && inner.IsString() && len(inner.StringValue()) >= shortestTrace:
			plain := inner.StringValue()
			traces = append(traces, plain, base64.StdEncoding.EncodeToString([]byte(plain)))
			if decoded, err := base64.StdEncoding.DecodeString(plain); err == nil && len(decoded) >= shortestTrace {
				traces = append(traces, string(decoded))
			}
		}
	}
	for _, value := range properties {
		visit(value, false)
	}
	return traces
}

// redact takes secret texts out of a message: API servers quote the values that they refuse.
func redact(message string, inputs resource.PropertyMap) string {
	for _, trace := range tracesOf(inputs) {
		message = strings.ReplaceAll(message, trace, "[secret]")
	}
	return message
}
