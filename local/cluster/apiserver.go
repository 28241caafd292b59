package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	apioptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// issuer of service-account tokens; the identity provider at the cloud trusts exactly this.
const issuer = "https://kubernetes.default.svc"

// parse fills the options of an upstream component from its command line.
func parse(sets cliflag.NamedFlagSets, args ...string) error {
	all := pflag.NewFlagSet("kubelite", pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		all.AddFlagSet(set)
	}
	return all.Parse(args)
}

// startAPIServer runs upstream's API server with upstream's admission, plus NodeRestriction as every installer has it.
// Fair queueing between clients is off: there is one machine and one user, and it costs time on each request.
func startAPIServer(o options, g *group) error {
	s := apioptions.NewServerRunOptions()
	if err := parse(s.Flags(),
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", o.etcdPort),
		"--etcd-cafile="+o.path("pki/etcd.crt"),
		"--etcd-certfile="+o.path("pki/etcd.crt"),
		"--etcd-keyfile="+o.path("pki/etcd.key"),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", o.port),
		"--endpoint-reconciler-type=none",
		"--cert-dir="+o.path("pki"),
		"--token-auth-file="+o.path("tokens.csv"),
		"--anonymous-auth=false",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--service-cluster-ip-range=10.96.0.0/12",
		"--service-account-issuer="+issuer,
		"--service-account-key-file="+o.path("sa.key"),
		"--service-account-signing-key-file="+o.path("sa.key"),
		"--enable-priority-and-fairness=false",
		"--max-requests-inflight=1200",
		"--max-mutating-requests-inflight=600",
		"--profiling=false",
	); err != nil {
		return err
	}
	if err := s.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	completed, err := s.Complete(g.ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(completed.Validate()...); err != nil {
		return err
	}
	g.run("kube-apiserver", func(ctx context.Context) error { return app.Run(ctx, completed) })
	return nil
}
