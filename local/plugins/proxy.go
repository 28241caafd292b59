package main

import "os"

// proxyVariable holds the address of the Alibaba stand-in as a forward proxy. Only the alicloud plugin reads it, so that a
// shell in which it is set sends nothing else there.
const proxyVariable = "TENANTRY_ALIBABA_PROXY"

// useProxy must run before the first request: Go reads the proxy variables once. Upper case only: the lower-case http_proxy
// would also be taken by gRPC for the engine's own connections.
func useProxy() {
	proxy := os.Getenv(proxyVariable)
	if proxy == "" {
		return
	}
	loopback := "127.0.0.1,localhost"
	for name, value := range map[string]string{"HTTP_PROXY": proxy, "NO_PROXY": loopback, "no_proxy": loopback} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
}
