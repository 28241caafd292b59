package main

import (
	"context"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// CheckConfig refuses settings that would silently have no effect.
func (s *server) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	inputs, err := unmarshal(request.GetNews())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.CheckResponse{Inputs: request.GetNews()}
	if _, err := readSettings(inputs); err != nil {
		response.Failures = []*pulumirpc.CheckFailure{{Reason: err.Error()}}
	}
	return response, nil
}

// DiffConfig never replaces a provider, except for another clusterIdentifier: a replaced provider means that all its
// objects are deleted and made again, and a new address or token of the same cluster is no reason for that.
func (s *server) DiffConfig(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds := request.GetOldInputs()
	if olds == nil {
		olds = request.GetOlds()
	}
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	before, now := olds.GetFields(), request.GetNews().GetFields()
	for key := range mergeKeys(before, now) {
		if proto.Equal(before[key], now[key]) {
			continue
		}
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.Diffs = append(response.Diffs, key)
		if key == "clusterIdentifier" && before[key] != nil && now[key] != nil {
			response.Replaces = append(response.Replaces, key)
		}
	}
	return response, nil
}

// Configure takes the settings; the cluster is first talked to when something has to be done there.
func (s *server) Configure(_ context.Context, request *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	inputs, err := unmarshal(request.GetArgs())
	if err != nil {
		return nil, err
	}
	read, err := readSettings(inputs)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.settings, s.cluster, s.foreseen = read, nil, &foresight{}
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, SupportsAutonamingConfiguration: true}, nil
}

// connect returns the cluster, connecting at the first call.
func (s *server) connect() (*cluster, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.cluster != nil {
		return s.cluster, nil
	}
	if s.settings.unknown {
		return nil, fmt.Errorf("the cluster of this provider is not known yet")
	}
	made, err := newCluster(s.settings)
	if err != nil {
		return nil, fmt.Errorf("the provider's kubeconfig cannot be used: %w", err)
	}
	s.cluster = made
	return made, nil
}

// current returns the settings.
func (s *server) current() settings {
	s.lock.RLock()
	defer s.lock.RUnlock()
	return s.settings
}

func mergeKeys[V any](maps ...map[string]V) map[string]struct{} {
	keys := map[string]struct{}{}
	for _, m := range maps {
		for key := range m {
			keys[key] = struct{}{}
		}
	}
	return keys
}
