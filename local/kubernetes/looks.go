package main

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// look judges an object as it is; some have to ask the cluster about others.
type look func(ctx context.Context, h *handle, live *unstructured.Unstructured, waited time.Duration) state

// alone is a look that needs nothing but the object.
func alone(f func(live *unstructured.Unstructured) state) look {
	return func(_ context.Context, _ *handle, live *unstructured.Unstructured, _ time.Duration) state {
		return f(live)
	}
}

// looks are the kinds that are waited for; all others are ready when the API server has taken them.
var looks = map[schema.GroupKind]look{
	{Group: "apps", Kind: "Deployment"}:                               lookRollOut,
	{Group: "apps", Kind: "StatefulSet"}:                              alone(lookStatefulSet),
	{Group: "apps", Kind: "DaemonSet"}:                                alone(lookDaemonSet),
	{Group: "apps", Kind: "ReplicaSet"}:                               alone(lookReplicaSet),
	{Group: "batch", Kind: "Job"}:                                     alone(lookJob),
	{Group: "", Kind: "Pod"}:                                          alone(lookPod),
	{Group: "", Kind: "Namespace"}:                                    alone(lookNamespace),
	{Group: "", Kind: "ResourceQuota"}:                                alone(lookQuota),
	{Group: "", Kind: "PersistentVolumeClaim"}:                        lookClaim,
	{Group: "", Kind: "PersistentVolume"}:                             alone(lookVolume),
	{Group: "", Kind: "Service"}:                                      lookService,
	{Group: "networking.k8s.io", Kind: "Ingress"}:                     lookIngress,
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: alone(lookDefinition),
	{Group: "apiregistration.k8s.io", Kind: "APIService"}:             alone(lookAPIService),
}

// integer reads a number of the object; servers leave zeros out.
func integer(live *unstructured.Unstructured, path ...string) int64 {
	value, _, err := unstructured.NestedInt64(live.Object, path...)
	if err != nil {
		return 0
	}
	return value
}

// integerOr is integer with another value for what is left out.
func integerOr(live *unstructured.Unstructured, otherwise int64, path ...string) int64 {
	if value, found, err := unstructured.NestedInt64(live.Object, path...); err == nil && found {
		return value
	}
	return otherwise
}

func textAt(live *unstructured.Unstructured, path ...string) string {
	value, _, err := unstructured.NestedString(live.Object, path...)
	if err != nil {
		return ""
	}
	return value
}

// condition is one entry of status.conditions.
type condition struct {
	status, reason, message string
	updated                 time.Time
}

func (c condition) isTrue() bool  { return c.status == "True" }
func (c condition) isFalse() bool { return c.status == "False" }

// text is the message where there is one.
func (c condition) text() string {
	if c.message != "" {
		return c.message
	}
	return c.reason
}

func conditionOf(live *unstructured.Unstructured, kind string) condition {
	entries, _, err := unstructured.NestedSlice(live.Object, "status", "conditions")
	if err != nil {
		return condition{}
	}
	for _, entry := range entries {
		if c, ok := entry.(map[string]any); ok && c["type"] == kind {
			field := func(name string) string { value, _ := c[name].(string); return value }
			updated, err := time.Parse(time.RFC3339, field("lastUpdateTime"))
			if err != nil {
				updated = time.Time{} // most kinds have none
			}
			return condition{field("status"), field("reason"), field("message"), updated}
		}
	}
	return condition{}
}

// observed says whether the controller has seen the latest version of the object.
func observed(live *unstructured.Unstructured) bool {
	return integer(live, "status", "observedGeneration") >= live.GetGeneration()
}
