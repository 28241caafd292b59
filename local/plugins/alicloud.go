package main

import (
	"context"

	"github.com/aliyun/terraform-provider-alicloud/alicloud"
	sdkschema "github.com/hashicorp/terraform-plugin-sdk/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv1 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v1"
	pschema "github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	pulumi "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func alicloudInfo() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		Name:    "alicloud",
		Version: alicloudVersion,
		Resources: map[string]*tfbridge.ResourceInfo{
			"alicloud_oss_bucket":                        resource("alicloud", "oss", "Bucket"),
			"alicloud_ims_oidc_provider":                 resource("alicloud", "ims", "OidcProvider"),
			"alicloud_oss_bucket_acl":                    resource("alicloud", "oss", "BucketAcl"),
			"alicloud_oss_bucket_cors":                   resource("alicloud", "oss", "BucketCors"),
			"alicloud_oss_bucket_object":                 resource("alicloud", "oss", "BucketObject"),
			"alicloud_oss_bucket_policy":                 resource("alicloud", "oss", "BucketPolicy"),
			"alicloud_oss_bucket_public_access_block":    resource("alicloud", "oss", "BucketPublicAccessBlock"),
			"alicloud_oss_bucket_versioning":             resource("alicloud", "oss", "BucketVersioning"),
			"alicloud_oss_bucket_server_side_encryption": resource("alicloud", "oss", "BucketServerSideEncryption"),
			"alicloud_ram_access_key":                    resource("alicloud", "ram", "AccessKey"),
			"alicloud_ram_policy":                        resource("alicloud", "ram", "Policy"),
			"alicloud_ram_role":                          resource("alicloud", "ram", "Role"),
			"alicloud_ram_role_policy_attachment":        resource("alicloud", "ram", "RolePolicyAttachment"),
			"alicloud_ram_user":                          resource("alicloud", "ram", "User"),
			"alicloud_ram_user_policy_attachment":        resource("alicloud", "ram", "UserPolicyAttachment"),
			"alicloud_alidns_domain":                     resource("alicloud", "dns", "AlidnsDomain"),
			"alicloud_alidns_record":                     resource("alicloud", "dns", "AlidnsRecord"),
		},
	}
	info.P = shimv1.NewProvider(only(alicloud.Provider().(*sdkschema.Provider), info.Resources))
	info.SetAutonaming(255, "-")
	alsoNamed(&info, "alicloud_ram_role", map[pulumi.PropertyKey]pulumi.PropertyKey{
		"roleName": "name", "assumeRolePolicyDocument": "document",
	})
	return info
}

// alsoNamed lets a resource's properties be given and read under names that
// later Terraform provider versions, and so the SDK, have for them: new to old.
func alsoNamed(info *tfbridge.ProviderInfo, tfName string, names map[pulumi.PropertyKey]pulumi.PropertyKey) {
	r := info.Resources[tfName]
	r.PreCheckCallback = func(_ context.Context, in, _ pulumi.PropertyMap) (pulumi.PropertyMap, error) {
		in = in.Copy()
		for name, old := range names {
			if v, ok := in[name]; ok {
				in[old] = v
				delete(in, name)
			}
		}
		return in, nil
	}
	r.TransformOutputs = func(_ context.Context, out pulumi.PropertyMap) (pulumi.PropertyMap, error) {
		out = out.Copy()
		for name, old := range names {
			if v, ok := out[old]; ok {
				out[name] = v
			}
		}
		return out, nil
	}
	info.SchemaPostProcessor = func(spec *pschema.PackageSpec) {
		res := spec.Resources[string(r.Tok)]
		for name, old := range names {
			res.InputProperties[string(name)] = res.InputProperties[string(old)]
			res.Properties[string(name)] = res.Properties[string(old)]
		}
		spec.Resources[string(r.Tok)] = res
	}
}
