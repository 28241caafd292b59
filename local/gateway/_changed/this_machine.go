package runner

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"

	xdstypes "github.com/envoyproxy/gateway/internal/xds/types"
)

// What Envoy is told stays on this machine: see docs/decisions/0049.
//
// The pods of the embedded cluster have addresses that lead to somebody else's network. So every address that Envoy may
// connect to becomes the name of a Unix socket, which no packet can leave by, and a cluster whose addresses Envoy would
// look up itself is left out. Listeners are on the loopback interface, at ports that need no rights.

// Where the server's certificate is, which upstream has at a fixed place that only root can write to.
var (
	xdsTLSCertFilepath = filepath.Join(os.Getenv("TENANTRY_XDS_CERTS"), "tls.crt")
	xdsTLSKeyFilepath  = filepath.Join(os.Getenv("TENANTRY_XDS_CERTS"), "tls.key")
	xdsTLSCaFilepath   = filepath.Join(os.Getenv("TENANTRY_XDS_CERTS"), "ca.crt")
)

// onThisMachine changes the resources in place, so that what upstream does with them afterwards sees the same.
func onThisMachine(resources xdstypes.XdsResources) xdstypes.XdsResources {
	return stayHere(resources, os.Getenv("TENANTRY_SOCKETS"), listenerPorts(os.Getenv("TENANTRY_LISTENERS")))
}

func stayHere(resources xdstypes.XdsResources, sockets string, ports map[uint32]uint32) xdstypes.XdsResources {
	for kind, all := range resources {
		kept := make([]types.Resource, 0, len(all))
		for _, resource := range all {
			if err := stay(resource, sockets, ports); err != nil {
				log.Printf("left out of what Envoy is told: %v", err)
				continue
			}
			kept = append(kept, resource)
		}
		resources[kind] = kept
	}
	return resources
}

func stay(resource types.Resource, sockets string, ports map[uint32]uint32) error {
	switch resource := resource.(type) {
	case *listenerv3.Listener:
		return listenHere(resource, ports)
	case *clusterv3.Cluster:
		return connectHere(resource, sockets)
	case *endpointv3.ClusterLoadAssignment:
		return endHere(resource, sockets)
	}
	return nil
}

// listenHere leaves out a listener of a port that has no place here, such as that for the probes of a kubelet.
func listenHere(listener *listenerv3.Listener, ports map[uint32]uint32) error {
	listener.AdditionalAddresses = nil
	address := listener.GetAddress().GetSocketAddress()
	port, known := ports[address.GetPortValue()]
	if address == nil || !known {
		return fmt.Errorf("listener %s: nobody is to listen at %v", listener.GetName(), listener.GetAddress())
	}
	address.Address, address.PortSpecifier = "127.0.0.1", &corev3.SocketAddress_PortValue{PortValue: port}
	return nil
}

func connectHere(cluster *clusterv3.Cluster, sockets string) error {
	_, discovered := cluster.GetClusterDiscoveryType().(*clusterv3.Cluster_Type)
	if kind := cluster.GetType(); !discovered || (kind != clusterv3.Cluster_EDS && kind != clusterv3.Cluster_STATIC) {
		return fmt.Errorf("cluster %s: Envoy would choose its addresses itself", cluster.GetName())
	}
	return endHere(cluster.GetLoadAssignment(), sockets)
}

func endHere(assignment *endpointv3.ClusterLoadAssignment, sockets string) error {
	for _, locality := range assignment.GetEndpoints() {
		for _, weighted := range locality.GetLbEndpoints() {
			endpoint := weighted.GetEndpoint()
			if endpoint == nil {
				return fmt.Errorf("cluster %s: an endpoint by name alone", assignment.GetClusterName())
			}
			endpoint.AdditionalAddresses, endpoint.HealthCheckConfig = nil, nil
			address := endpoint.GetAddress().GetSocketAddress()
			if address == nil {
				return fmt.Errorf("cluster %s: no address but %v", assignment.GetClusterName(), endpoint.GetAddress())
			}
			path := fmt.Sprintf("%s/%s:%d", sockets, address.GetAddress(), address.GetPortValue())
			endpoint.Address = &corev3.Address{Address: &corev3.Address_Pipe{Pipe: &corev3.Pipe{Path: path}}}
		}
	}
	return nil
}

// listenerPorts reads "443:15443,80:15080": the port of a Gateway's listener, and the one that it gets here.
func listenerPorts(text string) map[uint32]uint32 {
	ports := map[uint32]uint32{}
	for pair := range strings.SplitSeq(text, ",") {
		declared, here, _ := strings.Cut(pair, ":")
		from, err := strconv.ParseUint(declared, 10, 16)
		to, wrong := strconv.ParseUint(here, 10, 16)
		if err == nil && wrong == nil {
			ports[uint32(from)] = uint32(to)
		}
	}
	return ports
}
