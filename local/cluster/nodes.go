package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	nodeCount    = 3
	storageClass = "standard" // bound by stages.yaml
	provisioner  = "kubelite.local/volume"
)

// room of one node: generous, because nothing runs; what limits tenants are their quotas.
var room = corev1.ResourceList{
	corev1.ResourceCPU:              resource.MustParse("1000"),
	corev1.ResourceMemory:           resource.MustParse("4Ti"),
	corev1.ResourceEphemeralStorage: resource.MustParse("64Ti"),
	corev1.ResourcePods:             resource.MustParse("5000"),
}

// node is one of the machines that kwok plays, each in a zone of its own so that spreading can be seen.
func node(number int) *corev1.Node {
	name := fmt.Sprintf("node-%d", number)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
				corev1.LabelTopologyRegion: "local", corev1.LabelTopologyZone: fmt.Sprintf("local-%c", 'a'+number-1),
			},
			Annotations: map[string]string{"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
		},
	}
}

// prepareNodes makes the nodes, before kwok comes to play them, and the default StorageClass.
func prepareNodes(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	for number := 1; number <= nodeCount; number++ {
		made := node(number)
		stored, err := client.CoreV1().Nodes().Create(ctx, made, metav1.CreateOptions{})
		if errors.IsAlreadyExists(err) {
			continue // a restart; kwok keeps the status
		}
		if err != nil {
			return err
		}
		stored.Status.Capacity, stored.Status.Allocatable = room, room
		if _, err := client.CoreV1().Nodes().UpdateStatus(ctx, stored, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	reclaim, binding, grow := corev1.PersistentVolumeReclaimDelete, storagev1.VolumeBindingImmediate, true
	class := &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{
			Name:        storageClass,
			Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		},
		Provisioner: provisioner, ReclaimPolicy: &reclaim, VolumeBindingMode: &binding, AllowVolumeExpansion: &grow,
	}
	_, err = client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// awaitCluster waits for what a first user needs: ready nodes, and the controllers that make service accounts.
func awaitCluster(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	missing := "nodes"
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, nil
		}
		for _, node := range nodes.Items {
			if !nodeReady(node) {
				missing = node.Name + " is not Ready"
				return false, nil
			}
		}
		if _, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{}); err != nil {
			missing = "the default service account is not there"
			return false, nil
		}
		return len(nodes.Items) >= nodeCount, nil
	})
	if err != nil {
		return fmt.Errorf("the cluster did not become ready, %s: %w", missing, err)
	}
	return nil
}

// nodeReady wants the condition, and not the taints of a node that was away too long, which it keeps until its heartbeat
// is seen. Any other taint somebody has set (kubectl cordon, drain, taint): it is to stay, and no reason not to start.
func nodeReady(node corev1.Node) bool {
	ready := false
	for _, condition := range node.Status.Conditions {
		ready = ready || condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
	}
	for _, taint := range node.Spec.Taints {
		ready = ready && taint.Key != corev1.TaintNodeNotReady && taint.Key != corev1.TaintNodeUnreachable
	}
	return ready
}
