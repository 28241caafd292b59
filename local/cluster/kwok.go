package main

import (
	"context"
	_ "embed"
	"os"
	"strings"

	"github.com/spf13/pflag"
	nodes "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat"
	pods "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
)

//go:embed stages.yaml
var ownStages string

// startKwok plays the kubelets: pods become Running, Jobs' pods complete, deleted pods vanish, volumes are bound,
// load balancers get addresses.
func startKwok(o options, g *group) error {
	stages := strings.Join([]string{
		nodes.DefaultNodeInit, heartbeat.DefaultNodeHeartbeat,
		pods.DefaultPodReady, pods.DefaultPodComplete, pods.DefaultPodDelete, ownStages,
	}, "\n---\n")
	if err := writeFile(o.path("stages.yaml"), []byte(stages)); err != nil {
		return err
	}
	// kwok's loader of configuration reads os.Args itself.
	os.Args = []string{
		"kwok",
		"--config=" + o.path("stages.yaml"),
		"--kubeconfig=" + o.path("kubeconfig"),
		"--manage-all-nodes=true",
		// Leases are for several kwoks beside one another. This one, started again, would wait for those of its
		// predecessor to run out, and pods that were scheduled in the meantime would stay Pending for ever.
		"--node-lease-duration-seconds=0",
		"--cidr=10.200.0.0/14",
		"--node-ip=10.199.0.1",
	}
	flags := pflag.NewFlagSet("kwok", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	ctx, _ := log.InitFlags(g.ctx, flags)
	ctx, err := kwokconfig.InitFlags(ctx, flags)
	if err != nil {
		return err
	}
	command := cmd.NewCommand(ctx)
	command.Version = "" // else cobra adds a second --version, of another type than Kubernetes' own
	command.PersistentFlags().AddFlagSet(flags)
	g.run("kwok", func(context.Context) error { return command.ExecuteContext(ctx) })
	return nil
}
