package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	skipAwait      = "pulumi.com/skipAwait"
	timeoutSeconds = "pulumi.com/timeoutSeconds"

	// defaultPatience is what the SDK documents for most kinds.
	defaultPatience = 10 * time.Minute
	firstLook       = 20 * time.Millisecond
	lastLook        = 500 * time.Millisecond
	// stuckPatience: after this long without any progress a problem that never heals by waiting is final.
	stuckPatience = time.Minute
)

// state is what one look at an object tells.
type state struct {
	ready  bool
	reason string // what it still waits for
	stuck  bool   // the reason is a refusal; without progress, waiting is in vain
	failed bool   // it will never become ready by itself
}

var ready = state{ready: true}

func waiting(format string, args ...any) state { return state{reason: fmt.Sprintf(format, args...)} }
func failed(format string, args ...any) state {
	return state{reason: fmt.Sprintf(format, args...), failed: true}
}

// finish waits until the object is ready and returns how it is then. An object that does not become ready is reported
// with its id, its outputs and the reasons, so that the state records it.
func (s *server) finish(ctx context.Context, h *handle, live *unstructured.Unstructured, inputs resource.PropertyMap, urn string,
	seconds float64,
) (*unstructured.Unstructured, error) {
	look, awaited := looks[h.kind.GroupKind()]
	if !awaited || skipsAwait(live) {
		return live, nil
	}
	if h.kind.Group == "apps" && h.kind.Kind == "Deployment" {
		live = wake(ctx, h, live)
	}
	limit := patience(live, seconds)
	began, progressed, last := time.Now(), time.Now(), state{}
	for wait := firstLook; ; wait = min(wait*3/2, lastLook) {
		now := look(ctx, h, live, time.Since(began))
		if now.ready {
			return live, nil
		}
		if now.reason != last.reason {
			progressed = time.Now()
			s.tell(ctx, urn, "waiting: "+redact(now.reason, inputs))
		}
		last = now
		switch {
		case now.failed:
			return nil, notReady(ctx, h, live, inputs, now.reason)
		case now.stuck && time.Since(progressed) > stuckPatience:
			return nil, notReady(ctx, h, live, inputs, now.reason)
		case time.Since(began) > limit:
			return nil, notReady(ctx, h, live, inputs, fmt.Sprintf("%s (waited %s)", now.reason, limit))
		}
		select {
		case <-ctx.Done():
			return nil, notReady(context.WithoutCancel(ctx), h, live, inputs, "cancelled while waiting: "+now.reason)
		case <-time.After(wait):
		}
		fresh, err := h.get(ctx)
		switch {
		case err == nil:
			live = fresh
		case apierrors.IsNotFound(err):
			return nil, notReady(ctx, h, live, inputs, "somebody deleted it while it was waited for")
		}
	}
}

// notReady builds the error of an object that exists but is not ready, with what pods and events tell about why.
func notReady(ctx context.Context, h *handle, live *unstructured.Unstructured, inputs resource.PropertyMap, reason string) error {
	reasons := append([]string{reason}, explain(ctx, h, live)...)
	return unready(h, outputsOf(live, inputs), inputs, reasons)
}

func skipsAwait(live *unstructured.Unstructured) bool {
	return live.GetAnnotations()[skipAwait] == "true"
}

// patience is the program's custom timeout, else the annotation's, else the usual.
func patience(live *unstructured.Unstructured, seconds float64) time.Duration {
	if seconds > 0 {
		return time.Duration(seconds * float64(time.Second))
	}
	if chosen, err := strconv.Atoi(live.GetAnnotations()[timeoutSeconds]); err == nil && chosen > 0 {
		return time.Duration(chosen) * time.Second
	}
	return defaultPatience
}
