package main

import (
	"context"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/pkg/controller/namespace/deletion"
)

// held is a namespace with something in it that does not go away, until it does.
type held struct{ attempts int }

func (h *held) Delete(context.Context, string) error {
	if h.attempts--; h.attempts < 0 {
		return nil
	}
	return &deletion.ResourcesRemainingError{Estimate: 5}
}

// TestAHeldNamespaceIsLookedAtLessAndLess: a finalizer that nobody serves must not keep a core busy for ever.
func TestAHeldNamespaceIsLookedAtLessAndLess(t *testing.T) {
	client, err := kubernetes.NewForConfig(&rest.Config{Host: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	queue, deleter, began := newQueue(), &held{attempts: 3}, time.Now()
	defer queue.ShutDown()
	queue.Add("held")
	for attempt := 1; attempt <= 3; attempt++ {
		work(context.Background(), client, deleter, queue)
		if counted := queue.NumRequeues("held"); counted != attempt {
			t.Fatalf("attempt %d was counted as %d", attempt, counted)
		}
	}
	work(context.Background(), client, deleter, queue)
	if waited := time.Since(began); waited < 7*retryDelay {
		t.Errorf("three waits took %s", waited)
	}
	if queue.NumRequeues("held") != 0 {
		t.Error("a namespace that went would be slow the next time")
	}
}
