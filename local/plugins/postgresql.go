package main

import (
	sdkschema "github.com/hashicorp/terraform-plugin-sdk/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv1 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v1"
	"github.com/terraform-providers/terraform-provider-postgresql/postgresql"
)

func postgresqlInfo() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		Name:    "postgresql",
		Version: postgresqlVersion,
		Resources: map[string]*tfbridge.ResourceInfo{
			"postgresql_database":           resource("postgresql", "index", "Database"),
			"postgresql_default_privileges": resource("postgresql", "index", "DefaultPrivileges"),
			"postgresql_extension":          resource("postgresql", "index", "Extension"),
			"postgresql_grant":              resource("postgresql", "index", "Grant"),
			"postgresql_role":               resource("postgresql", "index", "Role"),
			"postgresql_schema":             resource("postgresql", "index", "Schema"),
		},
	}
	p := postgresql.Provider().(*sdkschema.Provider)
	// The schema resource's policy blocks name each other in a way that the
	// plugin SDK selected here (newer than the provider's) rejects as invalid.
	policy := p.ResourcesMap["postgresql_schema"].Schema["policy"].Elem.(*sdkschema.Resource)
	for _, field := range policy.Schema {
		field.ConflictsWith = nil
	}
	info.P = shimv1.NewProvider(only(p, info.Resources))
	info.SetAutonaming(255, "-")
	return info
}
