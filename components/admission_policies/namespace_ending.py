"""Rails on what would keep a tenant's namespace from ending: finalizers, owners that wait, pods that take their time.

A namespace ends when everything in it has ended. An object with a finalizer that nobody serves never does, so whoever
may write one ConfigMap could hold the whole namespace, and every run that is to remove it.
"""

from typing import Final

from components.admission_policies.policy import EXCEPT_PROVISIONER, WRITE, AdmissionPolicy, others_than_keda
from components.shared.installation import Scaling
from tenantry.names import LONGEST_GRACE_SECONDS

# Added to everybody's claims by the API server itself, in the request that makes them; its own controller takes it off.
CLAIMS: Final = 'one == "kubernetes.io/pvc-protection" && request.resource.resource == "persistentvolumeclaims"'


def finalizers(scaling: Scaling) -> AdmissionPolicy:
    """Whoever is not a controller may keep and take off what is there, and add nothing.

    The finalizers of a deletion (`orphan`, `foregroundDeletion`) the API server sets without asking any admission. An
    owner that is deleted waits for what it owns with `blockOwnerDeletion`. Such a thing with a second owner, of a kind
    that there is not, the garbage collector never takes away: the Deployment that owns it would never end either.
    """
    return AdmissionPolicy(
        "tenantry-finalizers",
        [("*", "*/*")],  # and their subresources: a status may bring metadata along
        {
            f"object.?metadata.?finalizers.orValue([]).all(one, one in variables.finalizers || ({CLAIMS}))": (
                "only the cluster's controllers hold an object with a finalizer"
            ),
            "object.?metadata.?ownerReferences.orValue([]).all(one, !one.?blockOwnerDeletion.orValue(false)"
            " || variables.owners.exists(other, other.uid == one.uid && other.?blockOwnerDeletion.orValue(false)))": (
                "only the cluster's controllers make an owner wait (blockOwnerDeletion)"
            ),
        },
        variables={
            "finalizers": "oldObject == null ? [] : oldObject.?metadata.?finalizers.orValue([])",
            "owners": "oldObject == null ? [] : oldObject.?metadata.?ownerReferences.orValue([])",
        },
        operations=WRITE,
        conditions=EXCEPT_PROVISIONER
        | others_than_keda(scaling),  # it marks what it scales, and owns the autoscaler it makes
    )


# For everybody: a pod's own time, that of who deletes it, and that of who evicts it.
GRACE: Final = AdmissionPolicy(
    "tenantry-grace",
    [("", "pods"), ("", "pods/eviction")],
    {
        f"variables.seconds.all(one, one <= {LONGEST_GRACE_SECONDS})": (
            f"a pod ends within {LONGEST_GRACE_SECONDS} s (terminationGracePeriodSeconds, gracePeriodSeconds)"
        )
    },
    operations=("CREATE", "DELETE"),
    variables={
        "seconds": "[request.?options.?gracePeriodSeconds.orValue(0)] + (object == null ? [] : ["
        "dyn(object).?spec.?terminationGracePeriodSeconds.orValue(0),"
        " dyn(object).?deleteOptions.?gracePeriodSeconds.orValue(0)])"
    },
)
