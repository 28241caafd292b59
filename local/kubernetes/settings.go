package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// settings are the provider's inputs. Other than those fields the SDK's names are accepted without effect where that
// is harmless (see ignored) and refused where it is not.
type settings struct {
	kubeconfig string // contents or path; empty: the usual places
	context    string
	cluster    string
	namespace  string
	unknown    bool // the cluster is not known yet, in a preview that would make it

	configMapMutable bool
	secretMutable    bool
	upsert           bool
	deleteUnreached  bool
	skipUnreached    bool

	qps     float32
	burst   int
	timeout int // seconds of one request
}

// ignored settings steer what this plugin does not have: Helm, Patch resources, identity heuristics.
var ignored = []string{
	"alwaysRender", "clusterIdentifier", "enablePatchForce", "enableServerSideApply", "helmReleaseSettings",
	"renderYamlToDirectory", "suppressDeprecationWarnings", "suppressHelmHookWarnings", "version",
	"pluginDownloadURL", "pluginChecksums",
}

func readSettings(inputs resource.PropertyMap) (settings, error) {
	s := settings{qps: 200, burst: 400, timeout: 32}
	for key, value := range inputs {
		name := string(key)
		plain, known := reveal(value)
		if !known {
			s.unknown = s.unknown || slices.Contains([]string{"kubeconfig", "context", "cluster"}, name)
			continue
		}
		if err := s.set(name, plain); err != nil {
			return s, fmt.Errorf("%s: %w", name, err)
		}
	}
	return s, nil
}

func (s *settings) set(name string, value any) (err error) {
	switch name {
	case "kubeconfig":
		s.kubeconfig, err = text(value)
	case "context":
		s.context, err = text(value)
	case "cluster":
		s.cluster, err = text(value)
	case "namespace":
		s.namespace, err = text(value)
	case "enableConfigMapMutable":
		s.configMapMutable, err = truth(value)
	case "enableSecretMutable":
		s.secretMutable, err = truth(value)
	case "upsertExistingObjects":
		s.upsert, err = truth(value)
	case "deleteUnreachable":
		s.deleteUnreached, err = truth(value)
	case "skipUpdateUnreachable":
		s.skipUnreached, err = truth(value)
	case "kubeClientSettings":
		err = s.setClient(value)
	case "enableServerSideApply":
		if on, err := truth(value); err != nil || !on {
			return fmt.Errorf("the embedded kubernetes plugin always applies server-side: leave it out")
		}
	case "renderYamlToDirectory":
		if directory, err := text(value); err != nil || directory != "" {
			return fmt.Errorf("the embedded kubernetes plugin does not render YAML: leave it out")
		}
	default:
		if !slices.Contains(ignored, name) {
			return fmt.Errorf("there is no such provider setting: correct the spelling or leave it out")
		}
	}
	return err
}

// setClient reads kubeClientSettings, which the SDK sends as JSON text.
func (s *settings) setClient(value any) error {
	encoded, isText := value.(string)
	if !isText {
		bytes, err := json.Marshal(value)
		if err != nil {
			return err
		}
		encoded = string(bytes)
	}
	var given struct {
		QPS     *float32 `json:"qps"`
		Burst   *int     `json:"burst"`
		Timeout *int     `json:"timeout"`
	}
	if err := json.Unmarshal([]byte(encoded), &given); err != nil {
		return fmt.Errorf("must be numbers qps, burst and timeout: %w", err)
	}
	if given.QPS != nil {
		s.qps = *given.QPS
	}
	if given.Burst != nil {
		s.burst = *given.Burst
	}
	if given.Timeout != nil {
		s.timeout = *given.Timeout
	}
	return nil
}

func text(value any) (string, error) {
	if s, ok := value.(string); ok {
		return s, nil
	}
	return "", fmt.Errorf("must be a string")
}

// truth reads a boolean, which arrives as such or, from the SDK, as JSON text.
func truth(value any) (bool, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case string:
		if parsed, err := strconv.ParseBool(v); err == nil {
			return parsed, nil
		}
	}
	return false, fmt.Errorf("must be true or false")
}
