package main

import (
	"net/http"
	"net/url"
	"os"
	"time"
	_ "unsafe" // for go:linkname
)

// proxyVariable holds the address of the Alibaba stand-in as a forward proxy. Only the alicloud plugin reads it, so that a
// shell in which it is set sends nothing else there.
const proxyVariable = "TENANTRY_ALIBABA_PROXY"

const (
	longestRequest = 2 * time.Minute
	keptOpen       = 32 // connections to the proxy, as many as an engine has operations at once
)

type doer = func(*http.Request) (*http.Response, error)

// sendThrough is the Alibaba SDK's own hook around each request.
//
//go:linkname sendThrough github.com/aliyun/alibaba-cloud-sdk-go/sdk.hookDo
var sendThrough func(doer) doer

// useProxy must run before the first request: Go reads the proxy variables once. Upper case only: the lower-case http_proxy
// would also be taken by gRPC for the engine's own connections.
func useProxy() {
	address := os.Getenv(proxyVariable)
	if address == "" {
		return
	}
	loopback := "127.0.0.1,localhost"
	for name, value := range map[string]string{"HTTP_PROXY": address, "NO_PROXY": loopback, "no_proxy": loopback} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	proxy, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	// The provider gives its one RAM client a new transport with each call, and the SDK tells a transport of the proxy just
	// before it sends: a call beside it may send over one that was not told, which is to Alibaba Cloud itself.
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), MaxIdleConnsPerHost: keptOpen}, Timeout: longestRequest}
	sendThrough = func(doer) doer { return client.Do }
}
