package backend

import "github.com/pulumi/pulumi/pkg/v3/resource/deploy"

// A group commit for the engine's own state: see docs/decisions/0018.
//
// The engine's loop takes one change, writes the whole state, answers, takes the next. Meanwhile every other operation
// waits in line. This one takes all who wait, makes their changes in the order in which they came, writes once, and
// answers them all. Nobody is answered before a write that holds his change has ended: what a kill can lose is the same.

// defaultServiceLoop takes the place of the engine's loop of that name. When it closes it always writes once more: nobody
// here knows whether outputs were registered since the last write.
func (sm *SnapshotManager) defaultServiceLoop(requests chan mutationRequest, done chan error) {
	for {
		select {
		case first := <-requests:
			sm.commit(waitingWith(first, requests))
		case <-sm.cancel:
			done <- sm.saveSnapshot()
			return
		}
	}
}

// RegisterResourceOutputs leaves a component's outputs to the next write, at the latest that of closing. The engine has
// put them into the state already, and calls this in the loop that hands out the operations: a write here would keep all
// of them waiting. Outputs of a component are worth nothing to a run that follows a kill, which registers them again.
func (sm *SnapshotManager) RegisterResourceOutputs(deploy.Step) error {
	return nil
}

// waitingWith gives first and all who stand in line behind it at this moment.
func waitingWith(first mutationRequest, requests <-chan mutationRequest) []mutationRequest {
	group := []mutationRequest{first}
	for {
		select {
		case next := <-requests:
			group = append(group, next)
		default:
			return group
		}
	}
}

// commit makes the group's changes, writes the state unless none of them asks for it, and answers.
func (sm *SnapshotManager) commit(group []mutationRequest) {
	write := false
	for _, request := range group {
		write = request.mutator() || write
	}
	var err error
	if write {
		err = sm.saveSnapshot()
	}
	for _, request := range group {
		request.result <- err
	}
}
