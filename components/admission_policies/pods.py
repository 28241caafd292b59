"""Rails on pods and on the tokens of their accounts."""

import json
from typing import Final

from components.admission_policies.policy import EXCEPT_PROVISIONER, AdmissionPolicy
from components.manifests.image_rules import ImageRules
from components.shared.installation import Installation
from tenantry.names import LOWEST_USER_ID

VOLUMES: Final = ("configMap", "downwardAPI", "emptyDir", "projected", "secret")


def pods(at: Installation, images: ImageRules) -> AdmissionPolicy:
    """Beside Pod Security, which knows no image, no token, no precedence; what both know stands in both."""
    own = "object.spec.?securityContext"
    volume = " || ".join(f"has(one.{kind})" for kind in VOLUMES)
    return AdmissionPolicy(
        "tenantry-pods",
        [("", "pods"), ("", "pods/ephemeralcontainers")],
        {
            f"variables.containers.all(one, one.image.matches({json.dumps(images.pattern)})"
            f" && !one.image.endsWith({json.dumps(images.moving)}))": (
                "images are the application's or from a registry that is allowed"
                + (", named by digest" if images.digest else ", at a version")
            ),
            'variables.containers.all(one, one.?imagePullPolicy.orValue("") == "Always")': (
                "images are asked for at every start (imagePullPolicy: Always)"
            ),
            "!object.spec.?hostNetwork.orValue(false) && !object.spec.?hostPID.orValue(false)"
            " && !object.spec.?hostIPC.orValue(false)"
            " && variables.containers.all(one, !has(one.ports) || one.ports.all(at, at.?hostPort.orValue(0) == 0))": (
                "a pod shares nothing with its node"
            ),
            f"object.spec.?volumes.orValue([]).all(one, {volume})": f"volumes are {', '.join(VOLUMES)}",
            "object.spec.?automountServiceAccountToken.orValue(true) == false"
            " && object.spec.?volumes.orValue([]).all(one, !has(one.projected)"
            " || one.projected.?sources.orValue([]).all(from, !has(from.serviceAccountToken)"
            f" || from.serviceAccountToken.?audience.orValue('') == {json.dumps(at.identity.audience)}))": (
                "no token for the Kubernetes API is mounted"
            ),
            # Said for the pod: with a user alone its group would be the image's, or root's.
            f"variables.users.all(one, one >= {LOWEST_USER_ID})": (
                f"a pod names its user and its group, from {LOWEST_USER_ID} on"
            ),
            "object.spec.?priority.orValue(0) <= 0"
            ' && object.spec.?tolerations.orValue([]).all(one, one.?key.orValue("") != "")'
            ' && (request.operation != "CREATE" || object.spec.?nodeName.orValue("") == "")': (
                "a pod takes no precedence and chooses no node"
            ),
        },
        variables={
            "containers": "object.spec.containers + object.spec.?initContainers.orValue([])"
            " + object.spec.?ephemeralContainers.orValue([])",
            "users": f"[{own}.?runAsUser.orValue(0), {own}.?runAsGroup.orValue(0),"
            f" {own}.?fsGroup.orValue({LOWEST_USER_ID})] + {own}.?supplementalGroups.orValue([])"
            + "".join(
                f" + variables.containers.map(one, one.?securityContext.?{key}.orValue({LOWEST_USER_ID}))"
                for key in ("runAsUser", "runAsGroup")
            ),
        },
        # What was allowed once may still be marked, adopted and removed when the rules have become stricter.
        conditions={"changed": 'request.operation == "CREATE" || object.spec != oldObject.spec'},
    )


def tokens(at: Installation) -> AdmissionPolicy:
    """A tenant's account speaks to the STS; at the Kubernetes API it has nothing to say."""
    return AdmissionPolicy(
        "tenantry-tokens",
        [("", "serviceaccounts/token")],
        {
            f"object.spec.?audiences.orValue([]) == [{json.dumps(at.identity.audience)}]": (
                f"tokens are for {at.identity.audience} alone"
            )
        },
        operations=("CREATE",),
        conditions=EXCEPT_PROVISIONER,
    )


STANDING_TOKENS: Final = AdmissionPolicy(
    "tenantry-standing-tokens",
    [("", "secrets")],
    {'object.?type.orValue("") != "kubernetes.io/service-account-token"': "no token is without an end"},
)
