package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fakeAPI is as much of an API server as the plugin asks for, with objects that a test may put there or change under it.
// Applying merges maps and keeps everything else as it arrives; what needs a real server is tested against one.
type fakeAPI struct {
	lock    sync.Mutex
	kinds   map[string][]map[string]any // by group/version, as discovery lists them
	broken  map[string]bool             // group/versions whose discovery fails
	objects map[string]map[string]any   // by path
	asked   []string
	made    int
}

// newFake starts one and a plugin that is configured for it.
func newFake(t *testing.T) (*fakeAPI, *server) {
	t.Helper()
	f := &fakeAPI{kinds: map[string][]map[string]any{}, broken: map[string]bool{}, objects: map[string]map[string]any{}}
	f.serve("v1", "Namespace", "namespaces", false)
	f.serve("v1", "ConfigMap", "configmaps", true)
	f.serve("apps/v1", "Deployment", "deployments", true)
	listener := httptest.NewServer(f)
	t.Cleanup(listener.Close)
	kubeconfig := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":%q}}],`+
		`"contexts":[{"name":"c","context":{"cluster":"c"}}],"current-context":"c"}`, listener.URL)
	s := newServer(context.Background(), nil)
	s.settings = settings{kubeconfig: kubeconfig, qps: 1000, burst: 1000, timeout: 5}
	return f, s
}

func (f *fakeAPI) serve(version, kind, plural string, namespaced bool) {
	f.kinds[version] = append(f.kinds[version], map[string]any{
		"name": plural, "kind": kind, "namespaced": namespaced, "verbs": []string{"get", "patch", "delete", "list"},
	})
}

// put stores an object, as somebody else would.
func (f *fakeAPI) put(path string, object map[string]any) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.made++
	metadata := object["metadata"].(map[string]any)
	metadata["uid"] = fmt.Sprintf("uid-%d", f.made)
	f.objects[path] = object
}

func (f *fakeAPI) get(path string) *unstructured.Unstructured {
	f.lock.Lock()
	defer f.lock.Unlock()
	if object, there := f.objects[path]; there {
		return (&unstructured.Unstructured{Object: object}).DeepCopy()
	}
	return nil
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.asked = append(f.asked, r.Method+" "+r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	if f.discovery(w, r.URL.Path) {
		return
	}
	object, there := f.objects[r.URL.Path]
	switch r.Method {
	case http.MethodPatch:
		f.patch(w, r, object)
	case http.MethodDelete:
		delete(f.objects, r.URL.Path)
		answer(w, http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	default:
		if !there {
			answer(w, http.StatusNotFound, map[string]any{
				"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": "not found",
			})
			return
		}
		answer(w, http.StatusOK, object)
	}
}

func (f *fakeAPI) patch(w http.ResponseWriter, r *http.Request, object map[string]any) {
	var body map[string]any
	content, _ := io.ReadAll(r.Body)
	if json.Unmarshal(content, &body) != nil {
		answer(w, http.StatusBadRequest, map[string]any{"kind": "Status", "apiVersion": "v1", "code": 400})
		return
	}
	if object == nil {
		f.made++
		object = map[string]any{"metadata": map[string]any{"uid": fmt.Sprintf("uid-%d", f.made)}}
	}
	object = merged(object, body)
	if r.URL.Query().Get("dryRun") == "" {
		f.objects[r.URL.Path] = object
	}
	answer(w, http.StatusOK, object)
}

func (f *fakeAPI) discovery(w http.ResponseWriter, path string) bool {
	switch path {
	case "/api":
		answer(w, http.StatusOK, map[string]any{"kind": "APIVersions", "versions": []string{"v1"}})
		return true
	case "/apis":
		byGroup := map[string][]map[string]any{}
		for version := range f.kinds {
			if group, short, found := strings.Cut(version, "/"); found {
				byGroup[group] = append(byGroup[group], map[string]any{"groupVersion": version, "version": short})
			}
		}
		groups := []map[string]any{}
		for group, versions := range byGroup {
			groups = append(groups, map[string]any{"name": group, "versions": versions, "preferredVersion": versions[0]})
		}
		answer(w, http.StatusOK, map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
		return true
	}
	version := strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/")
	kinds, served := f.kinds[version]
	switch {
	case served && f.broken[version]:
		answer(w, http.StatusServiceUnavailable, map[string]any{"kind": "Status", "apiVersion": "v1", "code": 503})
	case served:
		answer(w, http.StatusOK, map[string]any{
			"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": kinds,
		})
	}
	return served
}

func answer(w http.ResponseWriter, code int, body any) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

// merged is one object over another; a null takes away.
func merged(below, above map[string]any) map[string]any {
	result := maps.Clone(below)
	for key, value := range above {
		lower, isMap := result[key].(map[string]any)
		upper, alsoMap := value.(map[string]any)
		switch {
		case value == nil:
			delete(result, key)
		case isMap && alsoMap:
			result[key] = merged(lower, upper)
		default:
			result[key] = value
		}
	}
	return result
}

// wire is what the engine would send.
func wire(t *testing.T, properties resource.PropertyMap) *structpb.Struct {
	t.Helper()
	message, err := marshal(properties)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// record is one resource as the engine's state holds it.
type record struct {
	urn, id         string
	inputs, outputs *structpb.Struct
}

// made lets the plugin make an object, as the engine does.
func made(t *testing.T, s *server, urn string, inputs resource.PropertyMap) record {
	t.Helper()
	request := &pulumirpc.CreateRequest{Urn: urn, Properties: wire(t, inputs), Timeout: 5}
	response, err := s.Create(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	return record{urn: urn, id: response.GetId(), inputs: request.GetProperties(), outputs: response.GetProperties()}
}

func (r record) deleted(s *server) error {
	_, err := s.Delete(context.Background(), &pulumirpc.DeleteRequest{
		Id: r.id, Urn: r.urn, Properties: r.outputs, OldInputs: r.inputs, Timeout: 5,
	})
	return err
}
