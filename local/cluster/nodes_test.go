package main

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestOnlyTheClustersOwnTaintsDelayTheStart: a node that somebody cordoned or drained stays so over a restart.
func TestOnlyTheClustersOwnTaintsDelayTheStart(t *testing.T) {
	for taint, wanted := range map[string]bool{
		"":                            true,
		corev1.TaintNodeUnschedulable: true,
		"dedicated":                   true,
		corev1.TaintNodeNotReady:      false,
		corev1.TaintNodeUnreachable:   false,
	} {
		node := corev1.Node{Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeReady, Status: corev1.ConditionTrue},
		}}}
		if taint != "" {
			node.Spec.Taints = []corev1.Taint{{Key: taint}}
		}
		if nodeReady(node) != wanted {
			t.Errorf("tainted %q: wanted ready %v", taint, wanted)
		}
	}
	if nodeReady(corev1.Node{}) {
		t.Error("without a heartbeat no node is ready")
	}
}
