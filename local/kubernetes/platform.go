package main

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func lookNamespace(live *unstructured.Unstructured) state {
	if phase := textAt(live, "status", "phase"); phase != "Active" {
		return waiting("the namespace is %q", phase)
	}
	return ready
}

// lookQuota: until the controller has counted, every request in the namespace is refused.
func lookQuota(live *unstructured.Unstructured) state {
	wanted, _, err := unstructured.NestedMap(live.Object, "spec", "hard")
	if err != nil {
		return ready
	}
	counted, _, err := unstructured.NestedMap(live.Object, "status", "hard")
	if err != nil {
		return ready
	}
	for key, value := range wanted {
		if !sameQuantity(property(value), property(counted[key])) {
			return waiting("the quota controller has not counted %s yet", key)
		}
	}
	return ready
}

// lookClaim: the claim is bound, unless its class binds only when a pod comes.
func lookClaim(ctx context.Context, h *handle, live *unstructured.Unstructured, _ time.Duration) state {
	switch textAt(live, "status", "phase") {
	case "Bound":
		return ready
	case "Lost":
		return failed("the volume of the claim is lost")
	}
	if name := textAt(live, "spec", "storageClassName"); name != "" {
		class, err := other(ctx, h, schema.GroupVersionKind{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass"}, "", name)
		if err == nil && textAt(class, "volumeBindingMode") == "WaitForFirstConsumer" {
			return ready
		}
		if gone(err) {
			return waiting("there is no StorageClass %s", name)
		}
	}
	return waiting("the claim is not bound to a volume")
}

func lookVolume(live *unstructured.Unstructured) state {
	switch phase := textAt(live, "status", "phase"); phase {
	case "Available", "Bound":
		return ready
	case "Failed":
		return failed("the volume failed: %s", textAt(live, "status", "message"))
	default:
		return waiting("the volume is %q", phase)
	}
}

// lookIngress: an address is given, where there is a controller for its class that would give one.
func lookIngress(ctx context.Context, h *handle, live *unstructured.Unstructured, _ time.Duration) state {
	if addresses, _, err := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress"); err == nil && len(addresses) > 0 {
		return ready
	}
	name := textAt(live, "spec", "ingressClassName")
	if name == "" {
		return ready
	}
	_, err := other(ctx, h, schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "IngressClass"}, "", name)
	if gone(err) {
		return ready
	}
	return waiting("the controller of the class %s has given no address", name)
}

// lookDefinition: the server serves the new kind.
func lookDefinition(live *unstructured.Unstructured) state {
	if c := conditionOf(live, "NamesAccepted"); c.isFalse() {
		return failed("its names are not accepted: %s", c.text())
	}
	if conditionOf(live, "Established").isTrue() {
		return ready
	}
	return waiting("the server does not serve it yet")
}

func lookAPIService(live *unstructured.Unstructured) state {
	if c := conditionOf(live, "Available"); !c.isTrue() {
		return waiting("the service behind it is not available: %s", c.text())
	}
	return ready
}

// other fetches another object than the one that is waited for.
func other(ctx context.Context, h *handle, kind schema.GroupVersionKind, namespace, name string) (*unstructured.Unstructured, error) {
	beside, err := h.cluster.handle(ctx, kind, namespace, name)
	if err != nil {
		return nil, err
	}
	return beside.get(ctx)
}
