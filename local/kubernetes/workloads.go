package main

import (
	"context"
	"encoding/json"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// wokenMark is an annotation whose change makes the controllers look at a Deployment and its ReplicaSets once more.
const wokenMark = "tenantry.io/woken"

func lookRollOut(_ context.Context, _ *handle, live *unstructured.Unstructured, waited time.Duration) state {
	return lookDeployment(live, time.Now().Add(-waited))
}

// lookDeployment: every wanted replica is of the latest version and available, and no older one is left. A Deployment
// of no replicas is ready when the last pod is gone. That an earlier roll-out failed, before this operation began, says
// nothing of this one: what stood in its way may be gone.
func lookDeployment(live *unstructured.Unstructured, began time.Time) state {
	if !observed(live) {
		return waiting("the controller has not seen the change yet")
	}
	if paused, _, err := unstructured.NestedBool(live.Object, "spec", "paused"); err == nil && paused {
		return ready
	}
	wanted := integerOr(live, 1, "spec", "replicas")
	total, updated := integer(live, "status", "replicas"), integer(live, "status", "updatedReplicas")
	available := integer(live, "status", "availableReplicas")
	if updated == wanted && total == updated && available >= wanted {
		return ready
	}
	if c := conditionOf(live, "Progressing"); c.exceeded() && !c.before(began) {
		return failed("the roll-out made no progress: %s", c.text())
	}
	now := waiting("%d of %d replicas are updated and %d available, %d in all", updated, wanted, available, total)
	if c := conditionOf(live, "ReplicaFailure"); c.isTrue() {
		now.reason += ": " + c.reason + ": " + c.message
		now.stuck = true
	}
	return now
}

func (c condition) exceeded() bool { return c.isFalse() && c.reason == "ProgressDeadlineExceeded" }

// before says whether the condition is older than an operation; servers note whole seconds.
func (c condition) before(began time.Time) bool { return c.updated.Before(began.Truncate(time.Second)) }

// wake lets the controllers try a roll-out again that failed before: an object that is applied unchanged moves nobody, and
// a ReplicaSet whose pods were refused waits up to a quarter of an hour between its attempts. The controller hands
// annotations of a Deployment on to its ReplicaSets, which is what wakes those; pods are not touched. It is a favour only.
func wake(ctx context.Context, h *handle, live *unstructured.Unstructured) *unstructured.Unstructured {
	now := time.Now()
	late, refused := conditionOf(live, "Progressing"), conditionOf(live, "ReplicaFailure")
	if !(late.exceeded() && late.before(now) || refused.isTrue() && refused.before(now)) {
		return live
	}
	annotations := map[string]any{wokenMark: now.UTC().Format(time.RFC3339)}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
	if err != nil {
		return live
	}
	if woken, err := h.merge(ctx, patch); err == nil {
		return woken
	}
	return live
}

// lookStatefulSet: every replica is ready and, where the set rolls by itself, of the latest revision.
func lookStatefulSet(live *unstructured.Unstructured) state {
	if !observed(live) {
		return waiting("the controller has not seen the change yet")
	}
	wanted := integerOr(live, 1, "spec", "replicas")
	total, readyReplicas := integer(live, "status", "replicas"), integer(live, "status", "readyReplicas")
	if total != wanted || readyReplicas < wanted {
		return waiting("%d of %d replicas are ready", readyReplicas, wanted)
	}
	if textAt(live, "spec", "updateStrategy", "type") == "OnDelete" {
		return ready
	}
	partition := integer(live, "spec", "updateStrategy", "rollingUpdate", "partition")
	updated := integer(live, "status", "updatedReplicas")
	same := textAt(live, "status", "currentRevision") == textAt(live, "status", "updateRevision")
	if due := max(wanted-partition, 0); !same && updated < due || partition == 0 && !same {
		return waiting("%d of %d replicas are updated", updated, due)
	}
	return ready
}

// lookDaemonSet: every node that should have the latest pod has it, available.
func lookDaemonSet(live *unstructured.Unstructured) state {
	if !observed(live) {
		return waiting("the controller has not seen the change yet")
	}
	wanted := integer(live, "status", "desiredNumberScheduled")
	updated, available := integer(live, "status", "updatedNumberScheduled"), integer(live, "status", "numberAvailable")
	if textAt(live, "spec", "updateStrategy", "type") == "OnDelete" {
		updated = wanted
	}
	if updated >= wanted && available >= wanted {
		return ready
	}
	return waiting("%d of %d pods are updated and %d available", updated, wanted, available)
}

func lookReplicaSet(live *unstructured.Unstructured) state {
	if !observed(live) {
		return waiting("the controller has not seen the change yet")
	}
	wanted, available := integerOr(live, 1, "spec", "replicas"), integer(live, "status", "availableReplicas")
	if integer(live, "status", "replicas") == wanted && available >= wanted {
		return ready
	}
	now := waiting("%d of %d replicas are available", available, wanted)
	if c := conditionOf(live, "ReplicaFailure"); c.isTrue() {
		now.reason += ": " + c.reason + ": " + c.message
		now.stuck = true
	}
	return now
}

// lookJob: it has completed; one that is suspended has nothing to wait for.
func lookJob(live *unstructured.Unstructured) state {
	if suspended, _, err := unstructured.NestedBool(live.Object, "spec", "suspend"); err == nil && suspended {
		return ready
	}
	if conditionOf(live, "Complete").isTrue() {
		return ready
	}
	if c := conditionOf(live, "Failed"); c.isTrue() {
		return failed("the job failed: %s: %s", c.reason, c.message)
	}
	return waiting("%d of %d runs are complete, %d failed", integer(live, "status", "succeeded"),
		integerOr(live, 1, "spec", "completions"), integer(live, "status", "failed"))
}

// lookPod: it runs and is ready, or has ended well.
func lookPod(live *unstructured.Unstructured) state {
	switch phase := textAt(live, "status", "phase"); {
	case phase == "Succeeded", conditionOf(live, "Ready").isTrue():
		return ready
	case phase == "Failed":
		return failed("the pod failed: %s", textAt(live, "status", "message"))
	}
	if c := conditionOf(live, "PodScheduled"); c.isFalse() {
		return waiting("the pod is not scheduled: %s", c.text())
	}
	return waiting("the pod is %s and not ready: %s", textAt(live, "status", "phase"), conditionOf(live, "Ready").text())
}
