package main

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/kubernetes/pkg/controller/namespace/deletion"
)

const (
	namespaceWorkers = 12
	podsPatience     = 2 * time.Second        // kwok removes deleted pods within a tenth of this
	retryDelay       = 150 * time.Millisecond // before looking again at what was still there, twice as long each time
	longestDelay     = 8 * time.Second        // a finalizer may hold a namespace for days
	discoveryAge     = 2 * time.Second
)

// deleteNamespaces empties deleted namespaces with upstream's deleter but not with upstream's waits: those give other
// API servers 5 s to hear of it and running containers 15 s to end; here is one server, and nothing runs. Pods go
// first, so that one pass over all kinds of objects is enough.
func deleteNamespaces(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	resources := &preferred{client: client.Discovery()}
	deleter := deletion.NewNamespacedResourcesDeleter(ctx, client.CoreV1().Namespaces(), meta, client.CoreV1(),
		resources.get, corev1.FinalizerKubernetes)
	queue := newQueue()
	factory := informers.NewSharedInformerFactory(client, 0)
	enqueue := func(object any) {
		if ns, ok := object.(*corev1.Namespace); ok && ns.DeletionTimestamp != nil {
			queue.Add(ns.Name)
		}
	}
	if _, err := factory.Core().V1().Namespaces().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, object any) { enqueue(object) },
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	var workers sync.WaitGroup
	for range namespaceWorkers {
		workers.Go(func() {
			for work(ctx, client, deleter, queue) {
			}
		})
	}
	<-ctx.Done()
	queue.ShutDown()
	workers.Wait()
	return nil
}

func newQueue() workqueue.TypedRateLimitingInterface[string] {
	return workqueue.NewTypedRateLimitingQueue(
		workqueue.NewTypedItemExponentialFailureRateLimiter[string](retryDelay, longestDelay))
}

// work empties the next namespace of the queue and says whether there may be more.
func work(ctx context.Context, client kubernetes.Interface, deleter deletion.NamespacedResourcesDeleterInterface,
	queue workqueue.TypedRateLimitingInterface[string],
) bool {
	name, stopping := queue.Get()
	if stopping {
		return false
	}
	defer queue.Done(name)
	removePods(ctx, client, name)
	if deleter.Delete(ctx, name) == nil {
		queue.Forget(name)
	} else {
		queue.AddRateLimited(name) // counts the attempts
	}
	return true
}

// removePods deletes the pods and waits a little; the deleter reports what still stands in the way after that.
func removePods(ctx context.Context, client kubernetes.Interface, namespace string) {
	pods := client.CoreV1().Pods(namespace)
	if pods.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}) != nil {
		return
	}
	for deadline := time.Now().Add(podsPatience); time.Now().Before(deadline) && ctx.Err() == nil; {
		left, err := pods.List(ctx, metav1.ListOptions{Limit: 1})
		if err != nil || len(left.Items) == 0 {
			return
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// preferred caches the kinds that live in namespaces for a moment, for all workers.
type preferred struct {
	client discovery.DiscoveryInterface
	lock   sync.Mutex
	read   time.Time
	known  []*metav1.APIResourceList
}

func (p *preferred) get() ([]*metav1.APIResourceList, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if time.Since(p.read) < discoveryAge {
		return p.known, nil
	}
	lists, err := discovery.ServerPreferredNamespacedResources(p.client)
	if err != nil {
		return lists, err // upstream's deleter works through what there is and tries again
	}
	p.known, p.read = nil, time.Now()
	for _, list := range lists {
		if list.GroupVersion != "events.k8s.io/v1" { // the same objects as v1's events
			p.known = append(p.known, list)
		}
	}
	return p.known, nil
}
