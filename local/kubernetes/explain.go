package main

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	mostReasons    = 5
	explainTimeout = 5 * time.Second
)

var eventKind = schema.GroupVersionKind{Version: "v1", Kind: "Event"}

// explain collects what pods and events tell about an object that is not ready. It is best effort: an object that is
// not ready must be reported also when nobody can say why.
func explain(ctx context.Context, h *handle, live *unstructured.Unstructured) []string {
	if h.namespace == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, explainTimeout)
	defer cancel()
	seen, reasons := map[string]bool{}, []string(nil)
	add := func(reason string) {
		if reason != "" && !seen[reason] && len(reasons) < mostReasons {
			seen[reason] = true
			reasons = append(reasons, reason)
		}
	}
	for _, pod := range podsOf(ctx, h, live) {
		for _, trouble := range troubles(pod) {
			add("pod " + pod.GetName() + ": " + trouble)
		}
	}
	for _, event := range warnings(ctx, h, live.GetName()) {
		add(fmt.Sprintf("%s %s: %s: %s", textAt(&event, "involvedObject", "kind"), textAt(&event, "involvedObject", "name"),
			textAt(&event, "reason"), textAt(&event, "message")))
	}
	return reasons
}

func podsOf(ctx context.Context, h *handle, live *unstructured.Unstructured) []unstructured.Unstructured {
	if live.GetKind() == "Pod" {
		return []unstructured.Unstructured{*live}
	}
	matching, found, err := unstructured.NestedStringMap(live.Object, "spec", "selector", "matchLabels")
	if err != nil || !found {
		return nil
	}
	pods, err := list(ctx, h, podKind, labels.SelectorFromSet(matching).String(), 20)
	if err != nil {
		return nil
	}
	return pods.Items
}

// troubles are why a pod does not run: not scheduled, or a container that waits or ended badly.
func troubles(pod unstructured.Unstructured) []string {
	var found []string
	if c := conditionOf(&pod, "PodScheduled"); c.isFalse() {
		found = append(found, c.reason+": "+c.message)
	}
	for _, group := range []string{"initContainerStatuses", "containerStatuses"} {
		statuses, _, err := unstructured.NestedSlice(pod.Object, "status", group)
		if err != nil {
			continue
		}
		for _, entry := range statuses {
			container, ok := entry.(map[string]any)
			if !ok {
				continue
			}
			for _, phase := range []string{"waiting", "terminated"} {
				reason, _, _ := unstructured.NestedString(container, "state", phase, "reason")
				message, _, _ := unstructured.NestedString(container, "state", phase, "message")
				if reason != "" && reason != "Completed" && reason != "ContainerCreating" && reason != "PodInitializing" {
					found = append(found, strings.TrimSuffix(fmt.Sprintf("container %s: %s: %s", container["name"], reason, message), ": "))
				}
			}
		}
	}
	return found
}

// warnings are the latest warning events about the object or what belongs to it, which is named after it.
func warnings(ctx context.Context, h *handle, name string) []unstructured.Unstructured {
	beside, err := h.cluster.handle(ctx, eventKind, h.namespace, "")
	if err != nil {
		return nil
	}
	events, err := beside.resources.List(ctx, metav1.ListOptions{FieldSelector: "type=Warning", Limit: 200})
	if err != nil {
		return nil
	}
	var about []unstructured.Unstructured
	for _, event := range events.Items {
		subject := textAt(&event, "involvedObject", "name")
		if subject == name || strings.HasPrefix(subject, name+"-") {
			about = append(about, event)
		}
	}
	sort.Slice(about, func(i, j int) bool {
		return textAt(&about[i], "lastTimestamp") > textAt(&about[j], "lastTimestamp")
	})
	return about
}
