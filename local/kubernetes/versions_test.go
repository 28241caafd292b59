package main

import (
	"context"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	hallURN  = "urn:pulumi:s::p::kubernetes:house.example.org/v1:Room::hall"
	hallPath = "/apis/house.example.org/v2/namespaces/a/rooms/hall"
)

// hall is an object that the state knows in version v1.
func hall(t *testing.T) record {
	inputs := wire(t, object(map[string]any{
		"apiVersion": "house.example.org/v1", "kind": "Room", "metadata": map[string]any{"name": "hall", "namespace": "a"},
	}))
	return record{urn: hallURN, id: "a/hall", inputs: inputs, outputs: inputs}
}

func (r record) there(s *server) (bool, error) {
	answer, err := s.Read(context.Background(), &pulumirpc.ReadRequest{Id: r.id, Urn: r.urn, Inputs: r.inputs, Properties: r.outputs})
	return answer.GetId() != "", err
}

// TestAnObjectOutlivesAVersionOfItsKind: a definition that no longer serves v1 has not taken the objects away.
func TestAnObjectOutlivesAVersionOfItsKind(t *testing.T) {
	f, s := newFake(t)
	f.serve("house.example.org/v2", "Room", "rooms", true)
	f.put(hallPath, map[string]any{
		"apiVersion": "house.example.org/v2", "kind": "Room", "metadata": map[string]any{"name": "hall", "namespace": "a"},
	})
	if there, err := hall(t).there(s); err != nil || !there {
		t.Error("it is taken for gone", err)
	}
	if err := hall(t).deleted(s); err != nil || f.get(hallPath) != nil {
		t.Error("it is left behind", err)
	}
}

func TestWithItsDefinitionAnObjectIsGone(t *testing.T) {
	_, s := newFake(t)
	if there, err := hall(t).there(s); err != nil || there {
		t.Error(there, err)
	}
	if err := hall(t).deleted(s); err != nil {
		t.Error(err)
	}
}

// TestWhatCannotBeAskedForIsNotGone: the group is known, but what it serves cannot be found out.
func TestWhatCannotBeAskedForIsNotGone(t *testing.T) {
	f, s := newFake(t)
	f.serve("house.example.org/v1", "Room", "rooms", true)
	f.broken["house.example.org/v1"] = true
	if there, err := hall(t).there(s); err == nil {
		t.Error("no answer is taken for one", there)
	}
	s.cancel() // waiting for it to pass takes seconds
	if hall(t).deleted(s) == nil {
		t.Error("no answer is taken for a deletion")
	}
}
