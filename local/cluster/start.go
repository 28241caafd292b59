package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// start brings up everything above etcd and returns when it may be used.
func start(o options, api, clients *group, say func(string, ...any)) error {
	token, err := prepareCredentials(o)
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	if err := startAPIServer(o, api); err != nil {
		return fmt.Errorf("kube-apiserver: %w", err)
	}
	if err := writeKubeconfig(o, token); err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	config, err := clientConfig(o)
	if err != nil {
		return err
	}
	if err := awaitAPIServer(api.ctx, config); err != nil {
		return err
	}
	say("API server answers on %s", o.server())
	if err := prepareNodes(clients.ctx, config); err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	if err := startControllers(o, clients); err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	if err := startScheduler(o, clients); err != nil {
		return fmt.Errorf("kube-scheduler: %w", err)
	}
	if err := startKwok(o, clients); err != nil {
		return fmt.Errorf("kwok: %w", err)
	}
	clients.run("namespace deletion", func(ctx context.Context) error { return deleteNamespaces(ctx, config) })
	if err := applyDefinitions(clients.ctx, config, o.crds); err != nil {
		return fmt.Errorf("custom resource definitions: %w", err)
	}
	if err := awaitCluster(clients.ctx, config); err != nil {
		return err
	}
	if err := writeKeySet(clients.ctx, o, config); err != nil {
		return fmt.Errorf("jwks.json: %w", err)
	}
	return writeFile(o.path("ready"), []byte(time.Now().UTC().Format(time.RFC3339)+"\n"))
}

// clientConfig is the administrator's client; everything is on loopback, so it need not be throttled.
func clientConfig(o options) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", o.path("kubeconfig"))
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 500, 1000
	config.UserAgent = "kubelite"
	return config, nil
}

// awaitAPIServer waits until /readyz says yes, which includes the bootstrap of RBAC.
func awaitAPIServer(ctx context.Context, config *rest.Config) error {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	client.Timeout = 5 * time.Second
	last := errors.New("no answer yet")
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		var answer *http.Response
		if answer, last = client.Get(config.Host + "/readyz"); last == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			last = fmt.Errorf("/readyz answers %s", answer.Status)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
	return fmt.Errorf("kube-apiserver is not ready after 2 minutes: %w", last)
}

// unready removes the sign that all is up.
func unready(o options) error {
	if err := os.Remove(o.path("ready")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
