package main

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// rule names fields that the API server will not change: below root, all but those in except.
type rule struct {
	root   string
	except []string
}

// alwaysImmutable are the fields that make an object this one and no other.
var alwaysImmutable = []rule{{root: "kind"}, {root: "metadata.name"}}

func only(roots ...string) []rule {
	rules := make([]rule, 0, len(roots))
	for _, root := range roots {
		rules = append(rules, rule{root: root})
	}
	return rules
}

// immutable fields by kind, from the API server's validation of updates. Where a kind is missing here, Diff asks the
// server (see immutableByServer).
var immutable = map[schema.GroupKind][]rule{
	{Group: "", Kind: "Namespace"}:      nil,
	{Group: "", Kind: "ServiceAccount"}: nil,
	{Group: "", Kind: "LimitRange"}:     nil,
	{Group: "", Kind: "ConfigMap"}:      nil, // see dataRules
	{Group: "", Kind: "Secret"}:         only("type"),
	{Group: "", Kind: "ResourceQuota"}:  only("spec.scopes", "spec.scopeSelector"),
	{Group: "", Kind: "Service"}:        only("spec.clusterIP", "spec.clusterIPs"),
	{Group: "", Kind: "PersistentVolumeClaim"}: {
		{root: "spec", except: []string{"resources", "volumeAttributesClassName"}},
	},
	{Group: "", Kind: "Pod"}: {
		{root: "spec", except: []string{
			"containers[*].image", "initContainers[*].image", "activeDeadlineSeconds", "terminationGracePeriodSeconds",
			"tolerations",
		}},
	},
	{Group: "", Kind: "ReplicationController"}: nil,
	{Group: "apps", Kind: "Deployment"}:        only("spec.selector"),
	{Group: "apps", Kind: "DaemonSet"}:         only("spec.selector"),
	{Group: "apps", Kind: "ReplicaSet"}:        only("spec.selector"),
	{Group: "apps", Kind: "StatefulSet"}: {
		{root: "spec", except: []string{
			"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds",
			"persistentVolumeClaimRetentionPolicy",
		}},
	},
	{Group: "batch", Kind: "Job"}: only("spec.selector", "spec.template", "spec.completionMode", "spec.completions",
		"spec.podFailurePolicy", "spec.successPolicy", "spec.backoffLimitPerIndex", "spec.managedBy", "spec.podReplacementPolicy"),
	{Group: "batch", Kind: "CronJob"}:                                               nil,
	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}:                         nil,
	{Group: "policy", Kind: "PodDisruptionBudget"}:                                  nil,
	{Group: "networking.k8s.io", Kind: "NetworkPolicy"}:                             nil,
	{Group: "networking.k8s.io", Kind: "Ingress"}:                                   nil,
	{Group: "networking.k8s.io", Kind: "IngressClass"}:                              only("spec.controller"),
	{Group: "rbac.authorization.k8s.io", Kind: "Role"}:                              nil,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:                       nil,
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:                       only("roleRef"),
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}:                only("roleRef"),
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:                             only("value", "preemptionPolicy"),
	{Group: "node.k8s.io", Kind: "RuntimeClass"}:                                    only("handler"),
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                                 only("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
	{Group: "discovery.k8s.io", Kind: "EndpointSlice"}:                              only("addressType"),
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}:               only("spec.group", "spec.scope", "spec.names.plural"),
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}:      nil,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}: nil,
	{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}:   nil,
}

// rulesFor returns the rules of a kind and whether they are complete.
func rulesFor(kind schema.GroupKind, olds resource.PropertyMap, s settings) ([]rule, bool) {
	rules, known := immutable[kind]
	return append(append(append([]rule{}, alwaysImmutable...), rules...), dataRules(kind, olds, s)...), known
}

// dataRules: the contents of ConfigMaps and Secrets are replaced unless the provider is told that they may change in
// place, as the SDK documents; what an object itself declares immutable always is.
func dataRules(kind schema.GroupKind, olds resource.PropertyMap, s settings) []rule {
	frozen, _ := bare(olds["immutable"])
	isFrozen := frozen.IsBool() && frozen.BoolValue()
	switch {
	case kind == schema.GroupKind{Kind: "ConfigMap"} && isFrozen:
		return only("data", "binaryData", "immutable")
	case kind == schema.GroupKind{Kind: "ConfigMap"} && !s.configMapMutable:
		return only("data", "binaryData")
	case kind == schema.GroupKind{Kind: "Secret"} && isFrozen:
		return only("data", "stringData", "immutable")
	case kind == schema.GroupKind{Kind: "Secret"} && !s.secretMutable:
		return only("data", "stringData")
	}
	return nil
}

// forbids says whether one of the rules covers a path. A change above a rule's root, such as of all of spec, counts too.
func forbids(rules []rule, path resource.PropertyPath) bool {
	changed := steps(path)
	for _, r := range rules {
		root := strings.Split(r.root, ".")
		if isPrefix(changed, root) {
			return true
		}
		if isPrefix(root, changed) && !excepted(changed[len(root):], r.except) {
			return true
		}
	}
	return false
}

func excepted(below []string, exceptions []string) bool {
	for _, exception := range exceptions {
		if isPrefix(strings.Split(strings.ReplaceAll(exception, "[*]", ".*"), "."), below) {
			return true
		}
	}
	return false
}

// steps are the parts of a path, with * for a position in a list.
func steps(path resource.PropertyPath) []string {
	parts := make([]string, 0, len(path))
	for _, step := range path {
		if name, ok := step.(string); ok {
			parts = append(parts, name)
		} else {
			parts = append(parts, "*")
		}
	}
	return parts
}

func isPrefix(prefix, of []string) bool {
	if len(prefix) > len(of) {
		return false
	}
	for i, part := range prefix {
		if part != of[i] {
			return false
		}
	}
	return true
}
