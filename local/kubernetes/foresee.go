package main

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// probeTimeout is how long a preview waits for a cluster before it goes on without.
const probeTimeout = 10 * time.Second

// deniedBy finds in a denial the admission policy, its binding, or the webhook that it comes from.
var deniedBy = regexp.MustCompile(
	`ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied|admission webhook "([^"]+)" denied`)

// foresight is what the previews of one run know of the cluster. It never steers what is really made or changed.
type foresight struct {
	once     sync.Once
	absent   atomic.Bool // the cluster was asked and does not answer
	changing sync.Map    // names of the admission rules that this very run makes or changes
	told     sync.Map    // those of which a warning was given
}

// admissionRules are the kinds that decide what the server admits.
var admissionRules = map[schema.GroupKind]bool{
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}:        true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}: true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}:   true,
	{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}:     true,
}

// askable says whether a preview can ask the cluster. One that does not answer is asked once and told of once: the plan
// then is what is declared, as with Pulumi's own plugin.
func (s *server) askable(ctx context.Context) bool {
	s.foreseen.once.Do(func() {
		cluster, err := s.connect()
		if err == nil {
			ctx, cancel := context.WithTimeout(ctx, probeTimeout)
			defer cancel()
			err = cluster.discovery.RESTClient().Get().AbsPath("/version").Do(ctx).Error()
			if !isUnreachable(err) && ctx.Err() == nil {
				err = nil // it answers; what it says is for each object to find out
			}
		}
		if err != nil {
			s.foreseen.absent.Store(true)
			s.warn(ctx, "", fmt.Sprintf("the Kubernetes cluster does not answer, so what is shown is what is declared; "+
				"`up` needs it: %s; %s", err, unreachableRemedy))
		}
	})
	return !s.foreseen.absent.Load()
}

// expect notes an admission rule that this run makes or changes.
func (s *server) expect(kind schema.GroupKind, name string) {
	if admissionRules[kind] {
		s.foreseen.changing.Store(name, true)
	}
}

// passes says whether what refused a dry run is a rule that this very run changes before it comes to this object: only the
// new rule can tell. It is told once for each rule.
func (s *server) passes(ctx context.Context, urn, title string, err error) bool {
	if err == nil {
		return false
	}
	found := deniedBy.FindStringSubmatch(err.Error())
	if found == nil {
		return false
	}
	for _, name := range found[1:] {
		if _, changes := s.foreseen.changing.Load(name); name != "" && changes {
			if _, told := s.foreseen.told.LoadOrStore(name, true); !told {
				s.warn(ctx, urn, title+" and others cannot be tried before "+name+", which refuses them as it stands and is "+
					"changed by this run: what is shown is what is declared")
			}
			return true
		}
	}
	return false
}
