"""Envoy's configuration stays on this machine: the file of ours that goes into Envoy Gateway's build, run by itself."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.build.go import go_binary, go_environment
from local.build.targets import TARGETS
from local.shared.paths import ROOT

TARGET = next(target for target in TARGETS if target.binary == "envoy-gateway")
THEIRS = 'xdstypes "github.com/envoyproxy/gateway/internal/xds/types"\n'
MAIN = """
package main

import (
	"encoding/json"
	"os"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
)

func at(host string, port uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address: host, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port}}}}
}

func leading(name string, to ...*corev3.Address) *endpointv3.ClusterLoadAssignment {
	var all []*endpointv3.LbEndpoint
	for _, address := range to {
		all = append(all, &endpointv3.LbEndpoint{HostIdentifier: &endpointv3.LbEndpoint_Endpoint{
			Endpoint: &endpointv3.Endpoint{Address: address}}})
	}
	return &endpointv3.ClusterLoadAssignment{ClusterName: name,
		Endpoints: []*endpointv3.LocalityLbEndpoints{{LbEndpoints: all}}}
}

func cluster(name string, kind clusterv3.Cluster_DiscoveryType, to ...*corev3.Address) *clusterv3.Cluster {
	return &clusterv3.Cluster{Name: name, ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: kind},
		LoadAssignment: leading(name, to...)}
}

func main() {
	named := leading("named", at("10.200.0.9", 1))
	named.Endpoints[0].LbEndpoints[0].HostIdentifier = &endpointv3.LbEndpoint_EndpointName{EndpointName: "elsewhere"}
	several := leading("several", at("10.200.0.7", 3000))
	several.Endpoints[0].LbEndpoints[0].GetEndpoint().AdditionalAddresses = []*endpointv3.Endpoint_AdditionalAddress{
		{Address: at("203.0.113.7", 443)}}
	resources := xdsResources{
		"endpoints": {leading("pods", at("10.200.0.1", 3000), at("203.0.113.1", 443), at("127.0.0.1", 5432)), named, several},
		"clusters": {
			cluster("eds", clusterv3.Cluster_EDS), cluster("static", clusterv3.Cluster_STATIC, at("198.51.100.1", 80)),
			cluster("dns", clusterv3.Cluster_STRICT_DNS, at("example.com", 443)),
			cluster("logical", clusterv3.Cluster_LOGICAL_DNS, at("example.com", 443)),
			cluster("original", clusterv3.Cluster_ORIGINAL_DST),
			&clusterv3.Cluster{Name: "own", ClusterDiscoveryType: &clusterv3.Cluster_ClusterType{
				ClusterType: &clusterv3.Cluster_CustomClusterType{Name: "envoy.clusters.dynamic_forward_proxy"}}},
		},
		"listeners": {
			&listenerv3.Listener{Name: "tls", Address: at("0.0.0.0", 443),
				AdditionalAddresses: []*listenerv3.AdditionalAddress{{Address: at("::", 443)}}},
			&listenerv3.Listener{Name: "probes", Address: at("0.0.0.0", 19003)},
			&listenerv3.Listener{Name: "nowhere"},
		},
	}
	stayHere(resources, "@pods", listenerPorts("443:15443,80:15080,wrong"))
	told := map[string][]types.Resource{}
	for kind, all := range resources {
		told[kind] = all
	}
	json.NewEncoder(os.Stdout).Encode(told)
}
"""


@pytest.fixture(scope="module")
def remaining(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Kind -> the resources that are left, by Go's own names."""
    folder = tmp_path_factory.mktemp("go")
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(TARGET.directory / name, folder / name)
    ours = (ROOT / "local" / "gateway" / "_changed" / "this_machine.go").read_text()
    assert ours.count(THEIRS) == 1
    ours = ours.replace(THEIRS, "").replace("xdstypes.XdsResources", "xdsResources")
    alias = "\ntype xdsResources = map[string][]types.Resource\n"
    (folder / "ours.go").write_text(ours.replace("package runner", "package main") + alias)
    (folder / "main.go").write_text(MAIN)
    return json.loads(_go(folder))


def _go(folder: Path) -> str:
    done = subprocess.run(
        [str(go_binary()), "run", "."],
        cwd=folder,
        env=go_environment(False),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def addresses(assignment: dict[str, Any]) -> list[Any]:
    return [
        endpoint["HostIdentifier"]["Endpoint"]["address"]["Address"]
        for locality in assignment["endpoints"]
        for endpoint in locality["lb_endpoints"]
    ]


def test_every_address_becomes_a_socket_of_this_machine(remaining: dict[str, list[dict[str, Any]]]) -> None:
    (pods, several) = remaining["endpoints"]
    paths = [address["Pipe"]["path"] for address in addresses(pods)]
    assert paths == ["@pods/10.200.0.1:3000", "@pods/203.0.113.1:443", "@pods/127.0.0.1:5432"]
    assert "203.0.113.7" not in json.dumps(several)


def test_what_envoy_would_look_up_itself_is_left_out(remaining: dict[str, list[dict[str, Any]]]) -> None:
    assert [cluster["name"] for cluster in remaining["clusters"]] == ["eds", "static"]
    (address,) = addresses(remaining["clusters"][1]["load_assignment"])
    assert address["Pipe"]["path"] == "@pods/198.51.100.1:80"


def test_listeners_are_on_the_loopback_interface_at_ports_of_their_own(
    remaining: dict[str, list[dict[str, Any]]],
) -> None:
    (listener,) = remaining["listeners"]
    socket = listener["address"]["Address"]["SocketAddress"]
    assert (socket["address"], socket["PortSpecifier"]["PortValue"]) == ("127.0.0.1", 15443)
    assert not listener.get("additional_addresses")
