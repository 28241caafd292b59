package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	logsapi "k8s.io/component-base/logs/api/v1"
)

// Patience at the stop: clients first, then the API server, then etcd; about 10 s in the worst case.
const (
	clientsPatience = 3 * time.Second
	apiPatience     = 6 * time.Second
)

// group runs components until their context ends and reports the first that fails before that.
type group struct {
	ctx    context.Context
	stop   context.CancelFunc
	wait   sync.WaitGroup
	failed chan<- error
}

func newGroup(failed chan<- error) *group {
	ctx, stop := context.WithCancel(context.Background())
	return &group{ctx: ctx, stop: stop, failed: failed}
}

// run starts a component; one that ends while the group still runs has failed, with or without an error.
func (g *group) run(name string, f func(context.Context) error) {
	g.wait.Go(func() {
		err := f(g.ctx)
		if g.ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("stopped by itself")
		}
		select {
		case g.failed <- fmt.Errorf("%s: %w", name, err):
		default: // an earlier failure is being reported already
		}
	})
}

// end stops the group and waits, but not for ever: a stuck component must not keep the process alive.
func (g *group) end(patience time.Duration) bool {
	g.stop()
	done := make(chan struct{})
	go func() { g.wait.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(patience):
		return false
	}
}

// run brings everything up in order, says so in DIR/ready, and takes it down in reverse when a signal arrives.
func run(o options) error {
	began := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "kubelite %6.2fs %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	unlock, err := lock(o)
	if err != nil {
		return err
	}
	defer unlock()
	if err := unready(o); err != nil {
		return err
	}
	// The four components each want to configure the process-wide logger: let the first one do it.
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged

	failed := make(chan error, 1)
	started := make(chan error, 1)
	api, clients := newGroup(failed), newGroup(failed)
	etcd, err := startEtcd(o)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer etcd.Close()
	say("etcd answers on 127.0.0.1:%d", o.etcdPort)
	go func() { started <- start(o, api, clients, say) }()

	var result error
	for waiting := true; waiting; {
		select {
		case err := <-started:
			if err != nil {
				result, waiting = err, false
				break
			}
			started = nil
			say("ready on %s", o.server())
		case s := <-signals:
			say("%v: stopping", s)
			waiting = false
		case err := <-failed:
			result, waiting = err, false
		}
	}
	go func() { <-signals; os.Exit(130) }()
	result = errors.Join(result, unready(o))
	if !clients.end(clientsPatience) {
		say("gave up waiting for the controllers")
	}
	if !api.end(apiPatience) {
		say("gave up waiting for the API server")
	}
	say("stopped")
	return result
}
