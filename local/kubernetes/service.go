package main

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// podless is how long a Service waits for a first pod to appear. One that selects none is ready: its workload may sleep,
// or be made after it.
const podless = time.Second

var (
	podKind   = schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	sliceKind = schema.GroupVersionKind{Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice"}
)

// lookService: a balancer has its address, and if pods are selected, one of them can be reached.
func lookService(ctx context.Context, h *handle, live *unstructured.Unstructured, waited time.Duration) state {
	kind := textAt(live, "spec", "type")
	if kind == "ExternalName" {
		return ready
	}
	if kind == "LoadBalancer" {
		addresses, _, err := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress")
		if err != nil || len(addresses) == 0 {
			return waiting("the cloud has given the load balancer no address")
		}
	}
	selector, _, err := unstructured.NestedStringMap(live.Object, "spec", "selector")
	if err != nil || len(selector) == 0 || textAt(live, "spec", "clusterIP") == "None" {
		return ready
	}
	pods, err := list(ctx, h, podKind, labels.SelectorFromSet(selector).String(), 1)
	if err != nil {
		return waiting("its pods cannot be listed: %s", err)
	}
	if len(pods.Items) == 0 {
		if waited >= podless {
			return ready
		}
		return waiting("no pod matches its selector yet")
	}
	slices, err := list(ctx, h, sliceKind, "kubernetes.io/service-name="+live.GetName(), 0)
	if err != nil {
		return waiting("its endpoints cannot be listed: %s", err)
	}
	for _, slice := range slices.Items {
		if reachable(slice) {
			return ready
		}
	}
	return waiting("its selector matches pods, but none of them is ready")
}

// reachable says whether a slice has an endpoint that takes connections.
func reachable(slice unstructured.Unstructured) bool {
	endpoints, _, err := unstructured.NestedSlice(slice.Object, "endpoints")
	if err != nil {
		return false
	}
	for _, entry := range endpoints {
		if endpoint, ok := entry.(map[string]any); ok {
			if up, found, err := unstructured.NestedBool(endpoint, "conditions", "ready"); err == nil && (up || !found) {
				return true
			}
		}
	}
	return false
}

// list fetches other objects of the same namespace; a limit of 0 means all.
func list(ctx context.Context, h *handle, kind schema.GroupVersionKind, selector string, limit int64,
) (*unstructured.UnstructuredList, error) {
	beside, err := h.cluster.handle(ctx, kind, h.namespace, "")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	return beside.resources.List(ctx, metav1.ListOptions{LabelSelector: selector, Limit: limit})
}
