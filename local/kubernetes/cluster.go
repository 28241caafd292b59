package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// leastRediscovery is the time between two fresh looks at what kinds there are, however many resources ask.
const leastRediscovery = 250 * time.Millisecond

// cluster is the connection to one API server.
type cluster struct {
	dynamic   dynamic.Interface
	namespace string // for objects that name none
	timeout   time.Duration

	lock      sync.Mutex
	discovery discovery.CachedDiscoveryInterface
	mapper    *restmapper.DeferredDiscoveryRESTMapper
	looked    time.Time
}

// newCluster reads the kubeconfig; it does not talk to the server yet.
func newCluster(s settings) (*cluster, error) {
	loader, err := kubeconfigOf(s)
	if err != nil {
		return nil, err
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = s.qps, s.burst
	config.UserAgent = "pulumi-resource-kubernetes (tenantry)"
	config.WarningHandler = rest.NoWarnings{}
	namespace := s.namespace
	if namespace == "" {
		if namespace, _, err = loader.Namespace(); err != nil {
			return nil, err
		}
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	objects, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, err
	}
	kinds, err := discovery.NewDiscoveryClientForConfigAndClient(config, client)
	if err != nil {
		return nil, err
	}
	cached := memory.NewMemCacheClient(kinds)
	return &cluster{
		dynamic: objects, namespace: namespace, timeout: time.Duration(s.timeout) * time.Second,
		discovery: cached, mapper: restmapper.NewDeferredDiscoveryRESTMapper(cached), looked: time.Now(),
	}, nil
}

// kubeconfigOf accepts the contents of a kubeconfig, a path to one, or nothing: then the usual places apply.
func kubeconfigOf(s settings) (clientcmd.ClientConfig, error) {
	overrides := &clientcmd.ConfigOverrides{CurrentContext: s.context, Context: clientcmdapi.Context{Cluster: s.cluster}}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	if strings.Contains(s.kubeconfig, "\n") || strings.HasPrefix(strings.TrimSpace(s.kubeconfig), "{") {
		parsed, err := clientcmd.Load([]byte(s.kubeconfig))
		if err != nil {
			return nil, fmt.Errorf("its contents are no kubeconfig: %w", err)
		}
		return clientcmd.NewDefaultClientConfig(*parsed, overrides), nil
	}
	if path := s.kubeconfig; path != "" {
		if home, err := os.UserHomeDir(); err == nil && strings.HasPrefix(path, "~/") {
			path = home + path[1:]
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("neither the contents of a kubeconfig nor the path of one: %w", err)
		}
		rules.ExplicitPath = path
	}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides), nil
}

// mapping finds how a kind is addressed; a kind that is not known may have been defined a moment ago, so look afresh.
func (c *cluster) mapping(kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) && time.Since(c.looked) > leastRediscovery {
		c.mapper.Reset()
		c.looked = time.Now()
		mapping, err = c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	return mapping, err
}

// servedAs finds a version in which a kind is served when the one that was asked for is not (any more). That nothing
// serves it is only said when the server could tell of the whole group: one version may be out of reach.
func (c *cluster) servedAs(kind schema.GroupKind) (schema.GroupVersionKind, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	mapping, err := c.mapper.RESTMapping(kind)
	if err == nil {
		return mapping.GroupVersionKind, nil
	}
	_, _, failure := c.discovery.ServerGroupsAndResources()
	var failed *discovery.ErrGroupDiscoveryFailed
	if errors.As(failure, &failed) {
		for version, why := range failed.Groups {
			if version.Group == kind.Group {
				return schema.GroupVersionKind{}, fmt.Errorf("whether %s is served cannot be found out: %w", kind, why)
			}
		}
		failure = nil // of other groups
	}
	if failure != nil {
		return schema.GroupVersionKind{}, failure
	}
	return schema.GroupVersionKind{}, err
}

// handle addresses one object. Namespaced objects that name no namespace live in the provider's.
func (c *cluster) handle(_ context.Context, kind schema.GroupVersionKind, namespace, name string) (*handle, error) {
	mapping, err := c.mapping(kind)
	if err != nil {
		return nil, err
	}
	h := &handle{cluster: c, kind: kind, name: name, timeout: c.timeout}
	resources := c.dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		h.resources = resources
		return h, nil
	}
	if namespace == "" {
		namespace = c.namespace
	}
	h.namespace, h.resources = namespace, resources.Namespace(namespace)
	return h, nil
}
