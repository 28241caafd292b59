package main

import (
	"strings"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/terraform-providers/terraform-provider-random/randomshim"
)

func randomInfo() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:            pf.ShimProvider(randomshim.NewProvider()),
		Name:         "random",
		Version:      randomVersion,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte(`{}`)),
		Resources:    map[string]*tfbridge.ResourceInfo{},
	}
	for _, name := range []string{"bytes", "id", "integer", "password", "pet", "shuffle", "string", "uuid"} {
		info.Resources["random_"+name] = resource("random", "index", "Random"+strings.ToUpper(name[:1])+name[1:])
	}
	return info
}
