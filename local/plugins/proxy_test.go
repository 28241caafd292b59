package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

func TestRequestsGoThroughTheProxyWhateverTheSDKTellsItsTransport(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Host)
		_, _ = w.Write([]byte("{}"))
	}))
	defer proxy.Close()
	t.Setenv(proxyVariable, proxy.URL)
	useProxy()
	t.Setenv("NO_PROXY", ".*") // leaves the transport without the proxy, as another call's new one is
	client, err := sdk.NewClientWithAccessKey("cn-guangzhou", "key", "secret")
	if err != nil {
		t.Fatal(err)
	}
	request := requests.NewCommonRequest()
	request.Scheme, request.Domain, request.Version, request.ApiName = "http", "ram.invalid", "2015-05-01", "ListRoles"
	if _, err := client.ProcessCommonRequest(request); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 1 || asked[0] != "ram.invalid" {
		t.Errorf("the proxy was asked for %v", asked)
	}
}
