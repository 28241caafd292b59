package main

import (
	sdkschema "github.com/hashicorp/terraform-plugin-sdk/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// The versions of the PyPI SDKs these plugins answer for.
const (
	randomVersion     = "4.21.4"
	postgresqlVersion = "3.18.2"
	alicloudVersion   = "4.0.0"
)

// resource maps a Terraform name onto a Pulumi token: module, then type.
func resource(pkg, module, typ string) *tfbridge.ResourceInfo {
	return &tfbridge.ResourceInfo{Tok: tfbridge.MakeResource(pkg, module, typ)}
}

// only leaves in p the mapped resources and no data sources: the rest would only make the start slower.
func only(p *sdkschema.Provider, mapped map[string]*tfbridge.ResourceInfo) *sdkschema.Provider {
	kept := map[string]*sdkschema.Resource{}
	for name := range mapped {
		r, ok := p.ResourcesMap[name]
		if !ok {
			panic("no Terraform resource " + name)
		}
		kept[name] = r
	}
	p.ResourcesMap, p.DataSourcesMap = kept, map[string]*sdkschema.Resource{}
	return p
}
