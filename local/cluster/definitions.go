package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
)

// applyDefinitions applies every CustomResourceDefinition of a directory's *.yaml files and waits until the API server
// serves it. Other objects in those files are left alone: what a chart ships beside its CRDs is not ours to install.
func applyDefinitions(ctx context.Context, config *rest.Config, directory string) error {
	if directory == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(directory, "*.yaml"))
	if err != nil {
		return err
	}
	client, err := clientset.NewForConfig(config)
	if err != nil {
		return err
	}
	var names []string
	for _, file := range files {
		definitions, err := readDefinitions(file)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		for _, definition := range definitions {
			if err := applyDefinition(ctx, client, definition); err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(file), err)
			}
			names = append(names, definition.GetName())
		}
	}
	for _, name := range names {
		if err := awaitDefinition(ctx, client, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func readDefinitions(file string) ([]*unstructured.Unstructured, error) {
	source, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(source, 1<<16)
	var found []*unstructured.Unstructured
	for {
		document := map[string]any{}
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		object := &unstructured.Unstructured{Object: document}
		if object.GetKind() == "CustomResourceDefinition" {
			found = append(found, object)
		}
	}
}

func applyDefinition(ctx context.Context, client clientset.Interface, definition *unstructured.Unstructured) error {
	unstructured.RemoveNestedField(definition.Object, "status")
	unstructured.RemoveNestedField(definition.Object, "metadata", "creationTimestamp")
	body, err := definition.MarshalJSON()
	if err != nil {
		return err
	}
	force := true
	_, err = client.ApiextensionsV1().CustomResourceDefinitions().Patch(ctx, definition.GetName(), types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: "kubelite", Force: &force})
	return err
}

func awaitDefinition(ctx context.Context, client clientset.Interface, name string) error {
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		definition, err := client.ApiextensionsV1().CustomResourceDefinitions().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		for _, condition := range definition.Status.Conditions {
			if condition.Type == apiextensions.NamesAccepted && condition.Status == apiextensions.ConditionFalse &&
				condition.Reason != "" {
				return false, fmt.Errorf("its names are not accepted: %s", condition.Message)
			}
			if condition.Type == apiextensions.Established && condition.Status == apiextensions.ConditionTrue {
				return true, nil
			}
		}
		return false, nil
	})
}
