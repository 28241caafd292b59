// Command pulumi-resource-kubernetes is the resource plugin for the type tokens of the pulumi-kubernetes SDK.
// It applies objects server-side, waits until they are ready, and keeps what is secret secret. Pulumi's own plugin is
// published outside the package registries, so the embedded engine runs this one; programs cannot tell the difference
// in what they declare.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	// sdkVersion is the version of the SDK whose tokens and settings this plugin serves.
	sdkVersion = "4.34.2"
	// farewell is how long running calls may take to notice that the engine is gone.
	farewell = 5 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go leaveWithParent(ctx, cancel, os.Getppid())
	go func() {
		<-ctx.Done()
		time.Sleep(farewell)
		os.Exit(1)
	}()
	err := provider.MainContext(ctx, "kubernetes", func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		return newServer(ctx, host), nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-kubernetes:", err)
		os.Exit(1)
	}
}

// leaveWithParent ends the plugin when the process that started it is gone, however it died: an orphan would go on
// waiting for objects that nobody asks about any more.
func leaveWithParent(ctx context.Context, cancel context.CancelFunc, parent int) {
	for tick := time.NewTicker(time.Second); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if os.Getppid() != parent {
				cancel()
				return
			}
		}
	}
}
