package main

import (
	"context"

	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controlleroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// clientFlags are common to the components that talk to the API server: one copy runs, so nobody elects a leader;
// no port of their own is opened; and loopback need not be throttled.
func clientFlags(o options, more ...string) []string {
	return append([]string{
		"--kubeconfig=" + o.path("kubeconfig"),
		"--leader-elect=false",
		"--secure-port=0",
		"--profiling=false",
		"--kube-api-qps=400",
		"--kube-api-burst=800",
	}, more...)
}

// startControllers runs upstream's controllers but the one that empties deleted namespaces (see namespaces.go).
func startControllers(o options, g *group) error {
	s, err := controlleroptions.NewKubeControllerManagerOptions()
	if err != nil {
		return err
	}
	known, disabled := controllers.KnownControllers(), controllers.ControllersDisabledByDefault()
	aliases := controllers.ControllerAliases()
	flags := s.Flags(known, disabled, aliases)
	s.ParsedFlags = &flags
	if err := parse(flags, clientFlags(o,
		"--controllers=*,-namespace-controller",
		"--service-account-private-key-file="+o.path("sa.key"),
		"--root-ca-file="+o.path("pki/apiserver.crt"),
		// Nodes report every 45 s at the latest; on a busy machine a late report is no reason to call one lost.
		"--node-monitor-grace-period=300s",
		"--concurrent-deployment-syncs=10",
		"--concurrent-replicaset-syncs=10",
		"--concurrent-gc-syncs=20",
	)...); err != nil {
		return err
	}
	config, err := s.Config(g.ctx, known, disabled, aliases)
	if err != nil {
		return err
	}
	g.run("kube-controller-manager", func(ctx context.Context) error { return controllers.Run(ctx, config.Complete()) })
	return nil
}

// startScheduler runs upstream's scheduler.
func startScheduler(o options, g *group) error {
	s := scheduleroptions.NewOptions()
	if err := parse(*s.Flags, clientFlags(o)...); err != nil {
		return err
	}
	config, sched, err := scheduler.Setup(g.ctx, s)
	if err != nil {
		return err
	}
	g.run("kube-scheduler", func(ctx context.Context) error { return scheduler.Run(ctx, config, sched) })
	return nil
}
