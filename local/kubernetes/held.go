package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	mostHolders   = 5
	mostListed    = 100 // objects of a kind
	holdersBudget = 10 * time.Second
)

// Finalizers that controllers of every cluster take off by themselves, some after minutes.
var servedFinalizer = regexp.MustCompile(`^(orphan|foregroundDeletion|kubernetes|([a-z0-9.-]+\.)?(kubernetes\.io|k8s\.io)/.*)$`)

// remaining reads the kinds out of a namespace's condition: "configmaps. has 1 resource instances, jobs.batch has 2 ...".
var remaining = regexp.MustCompile(`([a-z0-9-]+)\.([a-z0-9.-]*) has [0-9]+ resource instances`)

// heldPatience is how long a deletion may take before an object that only a foreign finalizer keeps counts as held, and
// heldBefore the same for a deletion that an earlier run began. Variables for tests.
var heldPatience, heldBefore = 20 * time.Second, 3 * time.Second

// heldError: a deletion goes on, and nobody seems to finish it.
type heldError struct {
	waited  time.Duration
	holders []string
	why     string
}

func (e heldError) Error() string {
	return fmt.Sprintf("it is still there after %s, held by %s: %s", e.waited, strings.Join(e.holders, "; "), e.why)
}

// holders names what keeps a deleted object: it itself, or what is left in a namespace, each with the finalizers that
// nobody has taken off yet. Only those are named that no controller of the cluster itself will take off.
func holders(ctx context.Context, h *handle, live *unstructured.Unstructured) []string {
	if live.GetKind() != "Namespace" {
		return held(live)
	}
	ctx, cancel := context.WithTimeout(ctx, holdersBudget)
	defer cancel()
	var found []string
	for _, match := range remaining.FindAllStringSubmatch(conditionOf(live, "NamespaceContentRemaining").message, -1) {
		resource := schema.GroupVersionResource{Resource: match[1], Group: match[2]}
		for _, object := range h.cluster.listed(ctx, resource, live.GetName()) {
			if len(found) < mostHolders {
				found = append(found, held(&object)...)
			}
		}
	}
	return found
}

func held(object *unstructured.Unstructured) []string {
	foreign := slices.DeleteFunc(object.GetFinalizers(), servedFinalizer.MatchString)
	if object.GetDeletionTimestamp() == nil || len(foreign) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s %s (finalizers %s)", object.GetKind(), object.GetName(), strings.Join(foreign, ", "))}
}

// listed are the objects of a kind in a namespace, in whatever version it is served; none when they cannot be listed.
func (c *cluster) listed(ctx context.Context, resource schema.GroupVersionResource, namespace string) []unstructured.Unstructured {
	c.lock.Lock()
	known, err := c.mapper.ResourceFor(resource)
	c.lock.Unlock()
	if err != nil {
		return nil
	}
	objects, err := c.dynamic.Resource(known).Namespace(namespace).List(ctx, metav1.ListOptions{Limit: mostListed})
	if err != nil {
		return nil
	}
	return objects.Items
}
