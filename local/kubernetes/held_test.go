package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ending is an object whose deletion has begun.
func ending(kind, name string, finalizers ...any) map[string]any {
	metadata := map[string]any{"name": name, "finalizers": finalizers, "deletionTimestamp": "2026-10-20T00:00:00Z"}
	return map[string]any{"apiVersion": "v1", "kind": kind, "metadata": metadata}
}

func emptying(message string) map[string]any {
	namespace := ending("Namespace", "ns")
	namespace["status"] = map[string]any{"conditions": []any{map[string]any{
		"type": "NamespaceContentRemaining", "status": "True", "message": message,
	}}}
	return namespace
}

// quickly makes the waits short.
func quickly(t *testing.T) {
	t.Helper()
	first, later := heldPatience, heldBefore
	heldPatience, heldBefore = 50*time.Millisecond, 50*time.Millisecond
	t.Cleanup(func() { heldPatience, heldBefore = first, later })
}

// waitFor waits for the end of an object that the server has.
func waitFor(t *testing.T, s *server, f *fakeAPI, kind, path, namespace string, limit time.Duration) error {
	t.Helper()
	cluster, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	live := f.get(path)
	h, err := cluster.handle(context.Background(), live.GroupVersionKind(), namespace, live.GetName())
	if err != nil {
		t.Fatal(err)
	}
	return s.awaitGone(context.Background(), h, live, "urn:pulumi:test::p::kubernetes:core/v1:"+kind+"::x", limit)
}

// TestAHeldNamespaceNamesWhatHoldsIt: without waiting for the whole of its time, which helps nobody.
func TestAHeldNamespaceNamesWhatHoldsIt(t *testing.T) {
	quickly(t)
	f, s := newFake(t)
	f.put("/api/v1/namespaces/ns", emptying("Some resources are remaining: configmaps. has 2 resource instances, deployments.apps has 1 resource instances"))
	f.put("/api/v1/namespaces/ns/configmaps", map[string]any{"apiVersion": "v1", "kind": "ConfigMapList", "metadata": map[string]any{},
		"items": []any{ending("ConfigMap", "mine", "example.org/held"), ending("ConfigMap", "slow", "kubernetes.io/pvc-protection")}})
	f.put("/apis/apps/v1/namespaces/ns/deployments", map[string]any{"apiVersion": "apps/v1", "kind": "DeploymentList", "metadata": map[string]any{},
		"items": []any{ending("Deployment", "app", "foregroundDeletion", "orphan")}})
	began := time.Now()
	err := waitFor(t, s, f, "Namespace", "/api/v1/namespaces/ns", "", time.Minute)
	if err == nil || !strings.Contains(err.Error(), "held by ConfigMap mine (finalizers example.org/held): ") {
		t.Errorf("it says %v", err)
	}
	if err != nil && (strings.Contains(err.Error(), "slow") || strings.Contains(err.Error(), "app (")) {
		t.Errorf("it blames what controllers take off themselves: %v", err)
	}
	if time.Since(began) > 10*time.Second {
		t.Errorf("it waited %s", time.Since(began))
	}
	if err != nil && !strings.Contains(failure("Namespace ns", "deleting it", err, resource.PropertyMap{}).Error(), "kubectl patch") {
		t.Errorf("it says no remedy")
	}
}

// TestWhatControllersTakeOffThemselvesHasAllItsTime: a load balancer may take minutes.
func TestWhatControllersTakeOffThemselvesHasAllItsTime(t *testing.T) {
	quickly(t)
	for _, finalizer := range []string{
		"kubernetes.io/pvc-protection", "foregroundDeletion", "orphan", "batch.kubernetes.io/job-tracking",
		"service.kubernetes.io/load-balancer-cleanup", "kubernetes", "networking.k8s.io/policies",
	} {
		f, s := newFake(t)
		f.put("/api/v1/namespaces/ns/configmaps/it", ending("ConfigMap", "it", finalizer))
		err := waitFor(t, s, f, "ConfigMap", "/api/v1/namespaces/ns/configmaps/it", "ns", 300*time.Millisecond)
		if err == nil || strings.Contains(err.Error(), "held by") {
			t.Errorf("%s: it says %v", finalizer, err)
		}
	}
}

func TestAForeignFinalizerHoldsAnObject(t *testing.T) {
	for _, finalizer := range []string{"example.org/held", "kubernetes.io.example.org/held", "fakekubernetes.io/held", "kubernetes.io"} {
		object := &unstructured.Unstructured{Object: ending("ConfigMap", "it", finalizer, "orphan")}
		if names := held(object); len(names) != 1 || !strings.HasSuffix(names[0], "(finalizers "+finalizer+")") {
			t.Errorf("%s: %v", finalizer, names)
		}
		object.SetDeletionTimestamp(nil)
		if names := held(object); names != nil {
			t.Errorf("nobody deletes it: %v", names)
		}
	}
}
