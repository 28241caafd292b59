package main

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd runs the store inside this process. Clients must show the one certificate that startEtcd makes: on
// loopback without it every user of the machine could read every Secret.
//
// Without --fsync a write is safe as soon as the kernel has it: it survives any death of this process (kill -9),
// not a crash or power cut of the machine. For a cluster that `start` makes anew in seconds that is the better
// bargain: a write waits 1 to 10 ms for a shared disk otherwise, and everything above it waits along.
func startEtcd(o options) (*embed.Etcd, error) {
	certificate, err := etcdCertificate(o)
	if err != nil {
		return nil, err
	}
	c := embed.NewConfig()
	c.Dir = o.path("etcd")
	c.LogLevel, c.LogOutputs = "warn", []string{o.path("etcd.log")}
	c.UnsafeNoFsync = !o.fsync
	c.TickMs, c.ElectionMs = 20, 200 // one member: nobody to wait for
	clients, peers := loopback(o.etcdPort), loopback(o.peerPort)
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{clients}, []url.URL{clients}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{peers}, []url.URL{peers}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	c.ClientTLSInfo, c.PeerTLSInfo = certificate, certificate
	e, err := embed.StartEtcd(c)
	if err != nil {
		return nil, err
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err := <-e.Err():
		e.Close()
		return nil, err
	case <-time.After(time.Minute):
		e.Close()
		return nil, errors.New("not ready after a minute; see etcd.log")
	}
}

func loopback(port int) url.URL {
	return url.URL{Scheme: "https", Host: fmt.Sprintf("127.0.0.1:%d", port)}
}

// etcdCertificate names the files of the certificate by which server and clients know each other.
func etcdCertificate(o options) (transport.TLSInfo, error) {
	info := transport.TLSInfo{
		CertFile: o.path("pki/etcd.crt"), KeyFile: o.path("pki/etcd.key"),
		TrustedCAFile: o.path("pki/etcd.crt"), ClientCertAuth: true,
	}
	return info, ensureCertificate(info.CertFile, info.KeyFile)
}
