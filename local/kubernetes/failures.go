package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
)

var immutableWords = regexp.MustCompile(`(?i)immutable|(may|can) ?not be (changed|updated|modified)|updates to .* (is|are) forbidden`)

const unreachableRemedy = "see that the cluster runs, that the server which its kubeconfig names is reached from here, " +
	"and that this kubeconfig is current"

// denialWords are the server's around what an admission policy or a webhook says in words of its own, which may be any.
var denialWords = regexp.MustCompile(`denied (the )?request`)

// isImmutable recognises a refusal that no later attempt can overcome, short of a new object.
func isImmutable(err error) bool {
	if err != nil && denialWords.MatchString(err.Error()) {
		return false
	}
	return err != nil && (apierrors.IsInvalid(err) || apierrors.IsForbidden(err)) && immutableWords.MatchString(err.Error())
}

// concernsContainer: the refused object is one whose deletion deletes others. Servers name its kind or its resource.
func concernsContainer(err error) bool {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || answer.Status().Details == nil {
		return false
	}
	switch answer.Status().Details.Kind {
	case "Namespace", "namespaces", "CustomResourceDefinition", "customresourcedefinitions":
		return true
	}
	return false
}

// isUnknownKind: nothing serves the kind, because its CustomResourceDefinition is not (or no longer) there.
func isUnknownKind(err error) bool { return meta.IsNoMatchError(err) }

// isMissingNamespace: the object cannot be made because its namespace is not there yet.
func isMissingNamespace(err error) bool {
	var answer apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &answer) {
		return false
	}
	details := answer.Status().Details
	return details != nil && details.Kind == "namespaces"
}

// isMisshapen: the object does not fit its kind's schema. Servers report that as an internal error.
func isMisshapen(err error) bool {
	return err != nil && strings.Contains(err.Error(), "failed to create typed patch object")
}

// isTransient: the same request may well succeed in a moment.
func isTransient(err error) bool {
	switch {
	case err == nil, isMisshapen(err):
		return false
	case isMissingNamespace(err), isUnknownKind(err), apierrors.IsConflict(err), apierrors.IsTooManyRequests(err),
		apierrors.IsServerTimeout(err), apierrors.IsServiceUnavailable(err), apierrors.IsInternalError(err):
		return true
	case apierrors.IsForbidden(err):
		// A quota that is being set up, a service account that the control plane has not made yet, the last moments of a
		// deleted namespace.
		return strings.Contains(err.Error(), "status unknown for quota") ||
			strings.Contains(err.Error(), "error looking up service account") ||
			apierrors.HasStatusCause(err, "NamespaceTerminating")
	}
	return isUnreachable(err)
}

// isUnreachable: the API server did not answer at all.
func isUnreachable(err error) bool {
	var network net.Error
	var operation *net.OpError
	var groups *discovery.ErrGroupDiscoveryFailed
	if errors.As(err, &groups) {
		return false
	}
	return errors.As(err, &operation) || errors.As(err, &network) && !errors.Is(err, context.Canceled)
}

// remedy is the advice that goes with a refusal.
func remedy(err error) string {
	switch {
	case errors.As(err, new(heldError)):
		return "find out whose these finalizers are, and why their controller does not take them off; where there is none, " +
			"`kubectl patch KIND NAME -n NAMESPACE --type merge -p '{\"metadata\":{\"finalizers\":null}}'`, then run the update again"
	case isUnknownKind(err):
		return "install its CustomResourceDefinition first and make this resource depend on it, or correct apiVersion and kind"
	case isMissingNamespace(err):
		return "make the namespace a resource that this one depends on, or correct metadata.namespace"
	case isUnreachable(err):
		return unreachableRemedy
	case apierrors.IsUnauthorized(err):
		return "the provider's credentials are not accepted: renew the kubeconfig"
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota"):
		return "ask for less, or raise the namespace's ResourceQuota"
	case apierrors.IsForbidden(err):
		return "grant the provider's user this right, or change what the admission policy named above refuses"
	case isImmutable(err) && concernsContainer(err):
		return "the field cannot change in place, and a replacement would delete all that is in it: put the old value back"
	case isImmutable(err):
		return "the field cannot change in place: replace the resource (`pulumi up --replace URN`)"
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), isMisshapen(err):
		return "correct the fields that the message names"
	case apierrors.IsConflict(err):
		return "another writer was faster: run the update again"
	}
	return "run the update again; if it stays, look at the object with kubectl"
}

// failure is what the engine shows: which object, what the server says, what to do; never a secret of the inputs.
func failure(h string, doing string, err error, inputs resource.PropertyMap) error {
	if errors.Is(err, context.Canceled) {
		return status.Errorf(codes.Canceled, "%s: %s was cancelled", h, doing)
	}
	said := err.Error()
	var answer apierrors.APIStatus
	if errors.As(err, &answer) && answer.Status().Message != "" {
		said = answer.Status().Message
	}
	return status.Errorf(codes.Unknown, "%s: %s failed: %s; %s", h, doing, redact(said, inputs), remedy(err))
}

// unready reports an object that was made but did not become ready. The engine records it all the same, with its id,
// and the next update waits for it again.
func unready(h *handle, outputs, inputs resource.PropertyMap, reasons []string) error {
	state, err := marshal(outputs)
	if err != nil {
		return err
	}
	given, err := marshal(inputs)
	if err != nil {
		return err
	}
	for i := range reasons {
		reasons[i] = redact(reasons[i], inputs)
	}
	detail := &pulumirpc.ErrorResourceInitFailed{Id: h.id(), Properties: state, Inputs: given, Reasons: reasons}
	answer, err := status.New(codes.Unknown, fmt.Sprintf("%s was made but is not ready: %s", h.title(), reasons[0])).WithDetails(detail)
	if err != nil {
		return err
	}
	return answer.Err()
}
