package main

import (
	"context"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// server answers the engine. Apart from the settings, which Configure sets once, it remembers only what it said of
// replacements, and what previews go by.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer
	host    *provider.HostClient
	context context.Context // ends with the plugin or when the engine cancels
	cancel  context.CancelFunc

	lock     sync.RWMutex
	settings settings
	cluster  *cluster // made at first use, so that Configure touches no network
	replaced sync.Map // URNs that Diff wants replaced, see tryCreate
	foreseen *foresight
}

func newServer(ctx context.Context, host *provider.HostClient) *server {
	ctx, cancel := context.WithCancel(ctx)
	return &server{host: host, context: ctx, cancel: cancel, foreseen: &foresight{}}
}

// bound ends with the call or with the server, whichever is first.
func (s *server) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.context, cancel)
	return ctx, func() { stop(); cancel() }
}

// tell shows a passing message beside the resource; nothing depends on whether it arrives.
func (s *server) tell(ctx context.Context, urn, message string) {
	if s.host != nil {
		_ = s.host.LogStatus(ctx, diag.Info, resource.URN(urn), message)
	}
}

// warn shows a message that stays.
func (s *server) warn(ctx context.Context, urn, message string) {
	if s.host != nil {
		_ = s.host.Log(ctx, diag.Warning, resource.URN(urn), message)
	}
}

// Handshake says what the plugin understands before anything is configured.
func (s *server) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

// GetPluginInfo names the version whose tokens are served.
func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: sdkVersion}, nil
}

// GetSchema is for tools that generate code; any kind is served, so there is nothing to list.
func (s *server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: `{"name":"kubernetes","version":"` + sdkVersion + `"}`}, nil
}

// Attach is used by debuggers, which start the plugin themselves.
func (s *server) Attach(_ context.Context, request *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	host, err := provider.NewHostClient(request.GetAddress())
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	s.host = host
	return &emptypb.Empty{}, nil
}

// Cancel ends all waiting; objects stay as they are and the next update takes up again.
func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.cancel()
	return &emptypb.Empty{}, nil
}

// Invoke would decode YAML, Helm charts or Kustomize directories, which this plugin does not do.
func (s *server) Invoke(_ context.Context, request *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, status.Errorf(codes.Unimplemented,
		"%s: functions are not served by the embedded kubernetes plugin; declare the objects as resources", request.GetTok())
}

// Construct would expand charts and manifests into resources, which this plugin does not do.
func (s *server) Construct(_ context.Context, request *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, status.Errorf(codes.Unimplemented,
		"%s: charts and manifests are not served by the embedded kubernetes plugin; declare the objects as resources",
		request.GetType())
}
