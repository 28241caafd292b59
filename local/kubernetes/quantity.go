package main

import (
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	quantities "k8s.io/apimachinery/pkg/api/resource"
)

// sameQuantity says whether two texts or numbers mean the same to Kubernetes, which rewrites what it stores: 1000m is
// kept as 1, 1024Mi as 1Gi, 300s as 5m0s.
func sameQuantity(a, b resource.PropertyValue) bool {
	left, ok := written(a)
	if !ok {
		return false
	}
	right, ok := written(b)
	if !ok {
		return false
	}
	if left == right {
		return true
	}
	if x, err := quantities.ParseQuantity(left); err == nil {
		if y, err := quantities.ParseQuantity(right); err == nil {
			return x.Cmp(y) == 0
		}
	}
	if x, err := time.ParseDuration(left); err == nil {
		if y, err := time.ParseDuration(right); err == nil {
			return x == y
		}
	}
	return false
}

func written(value resource.PropertyValue) (string, bool) {
	switch {
	case value.IsString():
		return value.StringValue(), value.StringValue() != ""
	case value.IsNumber():
		return strconv.FormatFloat(value.NumberValue(), 'f', -1, 64), true
	}
	return "", false
}
