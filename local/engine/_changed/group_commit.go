package backend

// A group commit for the engine's own state: see docs/decisions/0018.
//
// The engine's loop takes one change, writes the whole state, answers, takes the next. Meanwhile every other operation
// waits in line. This one takes all who wait, makes their changes in the order in which they came, writes once, and
// answers them all. Nobody is answered before a write that holds his change has ended: what a kill can lose is the same.

// defaultServiceLoop takes the place of the engine's loop of that name.
func (sm *SnapshotManager) defaultServiceLoop(requests chan mutationRequest, done chan error) {
	unwritten := true // also when nothing was changed: closing then writes once, as the engine does
	for {
		select {
		case first := <-requests:
			unwritten = sm.commit(waitingWith(first, requests))
		case <-sm.cancel:
			var err error
			if unwritten {
				err = sm.saveSnapshot()
			}
			done <- err
			return
		}
	}
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
// It returns whether something is left to write.
func (sm *SnapshotManager) commit(group []mutationRequest) bool {
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
	return !write
}
