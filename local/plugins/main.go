// Command pulumi-resource-tf is three Pulumi resource plugins in one binary:
// the name it is started under says which.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
)

var infos = map[string]func() tfbridge.ProviderInfo{
	"random":     randomInfo,
	"postgresql": postgresqlInfo,
	"alicloud":   alicloudInfo,
}

func main() {
	name := strings.TrimPrefix(filepath.Base(os.Args[0]), "pulumi-resource-")
	describe, ok := infos[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "started as %q, which names no provider\n", os.Args[0])
		os.Exit(2)
	}
	if name == "alicloud" {
		useProxy()
	}
	info := describe()
	schema, err := packageSchema(info)
	if err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[1] == "schema" {
		if _, err := os.Stdout.Write(schema); err != nil {
			os.Exit(1)
		}
		return
	}
	if name == "random" {
		pf.Main(context.Background(), name, info, pf.ProviderMetadata{PackageSchema: schema})
		return
	}
	tfbridge.Main(name, info.Version, info, schema)
}

// packageSchema generates the Pulumi package schema in memory. The generator reads the Pulumi.yaml above the working
// directory and fails on what that asks for, none of which concerns it: so it works in a folder that has none.
func packageSchema(info tfbridge.ProviderInfo) ([]byte, error) {
	home, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if err := os.Chdir("/"); err != nil {
		return nil, err
	}
	sink := diag.DefaultSink(io.Discard, os.Stderr, diag.FormatOptions{Color: colors.Never})
	res, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{
		ProviderInfo: info, DiagnosticsSink: sink, XInMemoryDocs: true,
	})
	if err != nil {
		return nil, err
	}
	if err := os.Chdir(home); err != nil {
		return nil, err
	}
	return json.Marshal(res.PackageSpec)
}
