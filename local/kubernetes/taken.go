package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The state may know one object twice: as what a replacement made, by taking over what it found, and as what it replaced
// and is still to be deleted, in this run or, when this one fails, in a later one. Both have the same URN, id and uid. So
// each taking over leaves a new mark at the object and in what is recorded of it, and Delete obeys only the record whose
// mark the object bears.
const (
	takenMark   = "tenantry.io/taken"
	takenOutput = "__taken"
)

// take marks an object that was found and applied. As a change of its own, because what is applied later need not name it.
func take(ctx context.Context, h *handle) (*unstructured.Unstructured, error) {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	annotations := map[string]any{takenMark: hex.EncodeToString(random[:])}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
	if err != nil {
		return nil, err
	}
	return h.merge(ctx, patch)
}

// belongsTo says whether a record of the state is the last one that made or took the object.
func belongsTo(live *unstructured.Unstructured, record *structpb.Struct) bool {
	mark := live.GetAnnotations()[takenMark]
	return mark == "" || mark == record.GetFields()[takenOutput].GetStringValue()
}

// keepTaken: a refresh looks at all records, also at those that are still to be deleted, and makes none of them the owner.
// Only a record that has never seen the object, as of a creation that was interrupted, takes over the mark it finds.
func keepTaken(outputs resource.PropertyMap, record *structpb.Struct) {
	if record.GetFields()["metadata"].GetStructValue().GetFields()["uid"] == nil {
		return
	}
	delete(outputs, takenOutput)
	if mark := record.GetFields()[takenOutput].GetStringValue(); mark != "" {
		outputs[takenOutput] = resource.NewStringProperty(mark)
	}
}
