package main

import (
	"math"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// unmarshal reads what the engine sends; unknown values and secrets stay what they are.
func unmarshal(properties *structpb.Struct) (resource.PropertyMap, error) {
	if properties == nil {
		return resource.PropertyMap{}, nil
	}
	return plugin.UnmarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, RejectAssets: true})
}

func marshal(properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
}

// reveal turns a property into plain Go values (map[string]any, []any, string, int64, float64, bool), secrets in
// clear, and says whether all of it is known. Nulls in objects mean "not given" and are left out.
func reveal(value resource.PropertyValue) (any, bool) {
	switch {
	case value.IsSecret():
		return reveal(value.SecretValue().Element)
	case value.IsComputed():
		return nil, false
	case value.IsOutput():
		if !value.OutputValue().Known {
			return nil, false
		}
		return reveal(value.OutputValue().Element)
	case value.IsObject():
		return revealMap(value.ObjectValue())
	case value.IsArray():
		plain, known := make([]any, 0, len(value.ArrayValue())), true
		for _, element := range value.ArrayValue() {
			one, ok := reveal(element)
			plain, known = append(plain, one), known && ok
		}
		return plain, known
	case value.IsNumber():
		return number(value.NumberValue()), true
	case value.IsString():
		return value.StringValue(), true
	case value.IsBool():
		return value.BoolValue(), true
	default:
		return nil, true
	}
}

func revealMap(properties resource.PropertyMap) (map[string]any, bool) {
	plain, known := make(map[string]any, len(properties)), true
	for key, value := range properties {
		one, ok := reveal(value)
		known = known && ok
		if one != nil {
			plain[string(key)] = one
		}
	}
	return plain, known
}

// number is an integer where it can be: Kubernetes refuses 3.0 for 3.
func number(value float64) any {
	if value == math.Trunc(value) && math.Abs(value) < 1<<53 {
		return int64(value)
	}
	return value
}

// property turns plain values, as the API server sends them, into a property.
func property(value any) resource.PropertyValue {
	switch v := value.(type) {
	case map[string]any:
		return resource.NewObjectProperty(propertyMap(v))
	case []any:
		array := make([]resource.PropertyValue, 0, len(v))
		for _, element := range v {
			array = append(array, property(element))
		}
		return resource.NewArrayProperty(array)
	case string:
		return resource.NewStringProperty(v)
	case bool:
		return resource.NewBoolProperty(v)
	case int64:
		return resource.NewNumberProperty(float64(v))
	case float64:
		return resource.NewNumberProperty(v)
	default:
		return resource.NewNullProperty()
	}
}

func propertyMap(values map[string]any) resource.PropertyMap {
	properties := make(resource.PropertyMap, len(values))
	for key, value := range values {
		properties[resource.PropertyKey(key)] = property(value)
	}
	return properties
}

// bare removes the wrappings of secrecy from the outermost level and says whether there were any.
func bare(value resource.PropertyValue) (resource.PropertyValue, bool) {
	secret := false
	for {
		switch {
		case value.IsSecret():
			value, secret = value.SecretValue().Element, true
		case value.IsOutput() && value.OutputValue().Known:
			secret = secret || value.OutputValue().Secret
			value = value.OutputValue().Element
		default:
			return value, secret
		}
	}
}

// wrapped puts back what bare has removed.
func wrapped(value resource.PropertyValue, secret bool) resource.PropertyValue {
	if secret && !value.IsSecret() {
		return resource.MakeSecret(value)
	}
	return value
}

// child finds a nested object of properties; nil where there is none or it is not known.
func child(properties resource.PropertyMap, key resource.PropertyKey) resource.PropertyMap {
	if value, _ := bare(properties[key]); value.IsObject() {
		return value.ObjectValue()
	}
	return nil
}

// stringAt reads a known string; empty where there is none.
func stringAt(properties resource.PropertyMap, key resource.PropertyKey) string {
	if value, _ := bare(properties[key]); value.IsString() {
		return value.StringValue()
	}
	return ""
}
