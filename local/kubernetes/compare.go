package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// change is one difference between two sets of inputs.
type change struct {
	path resource.PropertyPath
	kind pulumirpc.PropertyDiff_Kind // ADD, DELETE or UPDATE
}

// comparison collects the changes from old inputs to new ones.
type comparison struct {
	changes []change
	// subset: what the new inputs leave out is not missed, because the old inputs are a live object in full.
	subset bool
}

func compare(olds, news resource.PropertyMap, subset bool) []change {
	c := &comparison{subset: subset}
	c.maps(nil, olds, news)
	return c.changes
}

func (c *comparison) add(path resource.PropertyPath, kind pulumirpc.PropertyDiff_Kind) {
	c.changes = append(c.changes, change{path: append(resource.PropertyPath{}, path...), kind: kind})
}

func (c *comparison) maps(path resource.PropertyPath, olds, news resource.PropertyMap) {
	for _, key := range olds.StableKeys() {
		old := olds[key]
		if old.IsNull() {
			continue
		}
		value, given := news[key]
		if !given || value.IsNull() {
			if !c.subset {
				c.add(append(path, string(key)), pulumirpc.PropertyDiff_DELETE)
			}
			continue
		}
		c.values(append(path, string(key)), old, value)
	}
	for _, key := range news.StableKeys() {
		if old, given := olds[key]; (!given || old.IsNull()) && !news[key].IsNull() {
			if !c.subset || !isEmpty(news[key]) {
				c.add(append(path, string(key)), pulumirpc.PropertyDiff_ADD)
			}
		}
	}
}

func (c *comparison) values(path resource.PropertyPath, old, value resource.PropertyValue) {
	old, wasSecret := bare(old)
	value, isSecret := bare(value)
	switch {
	case isSecret && !wasSecret:
		c.add(path, pulumirpc.PropertyDiff_UPDATE) // the state must be written anew, without the clear text
	case old.IsObject() && value.IsObject():
		c.maps(path, old.ObjectValue(), value.ObjectValue())
	case old.IsArray() && value.IsArray():
		c.arrays(path, old.ArrayValue(), value.ArrayValue())
	case value.IsComputed() || value.IsOutput():
		c.add(path, pulumirpc.PropertyDiff_UPDATE)
	case !old.DeepEquals(value) && !(c.subset && sameQuantity(old, value)):
		c.add(path, pulumirpc.PropertyDiff_UPDATE)
	}
}

func (c *comparison) arrays(path resource.PropertyPath, olds, news []resource.PropertyValue) {
	for i := range max(len(olds), len(news)) {
		at := append(path, i)
		switch {
		case i >= len(news):
			c.add(at, pulumirpc.PropertyDiff_DELETE)
		case i >= len(olds):
			c.add(at, pulumirpc.PropertyDiff_ADD)
		default:
			c.values(at, olds[i], news[i])
		}
	}
}

// isEmpty says whether servers leave a value out of what they store.
func isEmpty(value resource.PropertyValue) bool {
	value, _ = bare(value)
	switch {
	case value.IsNull():
		return true
	case value.IsBool():
		return !value.BoolValue()
	case value.IsNumber():
		return value.NumberValue() == 0
	case value.IsString():
		return value.StringValue() == ""
	case value.IsArray():
		return len(value.ArrayValue()) == 0
	case value.IsObject():
		return len(value.ObjectValue()) == 0
	}
	return false
}
