package main

import (
	"context"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	webURN  = "urn:pulumi:s::p::kubernetes:apps/v1:Deployment::web"
	webPath = "/apis/apps/v1/namespaces/a/deployments/web"
)

// lateWeb is a Deployment whose roll-out was given up at a time.
func lateWeb(at time.Time) map[string]any {
	return map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{
			"name": "web", "namespace": "a", "annotations": map[string]any{ownerMark: markOf(webURN)},
		},
		"spec": map[string]any{"replicas": int64(1)},
		"status": map[string]any{"conditions": []any{map[string]any{
			"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
			"lastUpdateTime": at.UTC().Format(time.RFC3339),
		}}},
	}
}

func webRecord(t *testing.T) record {
	inputs := wire(t, object(map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "a"},
		"spec": map[string]any{"replicas": int64(1)},
	}))
	return record{urn: webURN, id: "a/web", inputs: inputs, outputs: inputs}
}

func TestAnEarlierFailureIsNotThisOnes(t *testing.T) {
	began := time.Now()
	for at, wanted := range map[time.Time]bool{began.Add(-time.Hour): false, began: true, began.Add(time.Minute): true} {
		now := lookDeployment(&unstructured.Unstructured{Object: lateWeb(at)}, began)
		if now.failed != wanted || now.ready {
			t.Errorf("%s: %+v", at.Sub(began), now)
		}
	}
}

// TestARunAfterAFailedRollOutTriesAgain although it changes nothing, and leaves no trace of that in the state.
func TestARunAfterAFailedRollOutTriesAgain(t *testing.T) {
	f, s := newFake(t)
	f.put(webPath, lateWeb(time.Now().Add(-time.Hour)))
	r := webRecord(t)
	_, err := s.Update(context.Background(), &pulumirpc.UpdateRequest{
		Id: r.id, Urn: r.urn, Olds: r.outputs, OldInputs: r.inputs, News: r.inputs, Timeout: 0.5,
	})
	if err == nil || !strings.Contains(err.Error(), "waited") {
		t.Error("it was not waited for", err)
	}
	if f.get(webPath).GetAnnotations()[wokenMark] == "" {
		t.Error("nobody was told to try again")
	}
	if kept := tidy(f.get(webPath))["metadata"].(map[string]any)["annotations"]; kept != nil {
		t.Errorf("the state gets %v", kept)
	}
}

// TestARefreshDoesNotCallItReady: the engine would forget that the last update failed.
func TestARefreshDoesNotCallItReady(t *testing.T) {
	f, s := newFake(t)
	f.put(webPath, lateWeb(time.Now()))
	if _, err := webRecord(t).there(s); err == nil || !strings.Contains(err.Error(), "not ready") {
		t.Error("a refresh calls it ready", err)
	}
	imported := webRecord(t)
	imported.inputs, imported.outputs = nil, nil
	if there, err := imported.there(s); err != nil || !there {
		t.Error("it cannot be imported", err)
	}
	patient := lateWeb(time.Now())
	patient["metadata"].(map[string]any)["annotations"] = map[string]any{skipAwait: "true"}
	f.put(webPath, patient)
	if there, err := webRecord(t).there(s); err != nil || !there {
		t.Error("nobody waits for it, and it must be ready", err)
	}
}
