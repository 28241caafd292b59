"""Admission policies for all tenants' namespaces, enforced by the API server, and the roles of tenants' people."""

from dataclasses import dataclass

import pulumi

from components.admission_policies import all_policies
from components.manifests import rbac
from components.manifests.image_rules import ImageRules
from components.shared.installation import Installation
from components.shared.labels import labels
from components.shared.manifest import Manifest
from tenantry.model.rbac_groups import CLUSTER_ROLES

ADMISSION = "admissionregistration.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class GuardrailsArgs:
    installation: Installation
    images: ImageRules
    provider: pulumi.ProviderResource


class AdmissionPolicies(pulumi.ComponentResource):
    """In force before the first tenant's namespace: they choose namespaces by label, not by name."""

    ready: pulumi.Resource  # stands on all the others: who waits for it waits for all, and the state names one

    def __init__(self, name: str, args: GuardrailsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Guardrails", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, provider=args.provider)
        made: list[pulumi.Resource] = []
        for role, rules in rbac.RULES.items():
            metadata = {"name": CLUSTER_ROLES[role], "labels": labels()}
            kind = "ClusterRole"
            made.append(Manifest(f"{name}-{role}", rbac.API_VERSION, kind, metadata, {"rules": rules}, child))
        every = all_policies(args.installation, args.images)
        for rail in every:
            short = rail.name.removeprefix("tenantry-")
            metadata = {"name": rail.name, "labels": labels()}
            policy = Manifest(
                f"{name}-{short}", ADMISSION, "ValidatingAdmissionPolicy", metadata, {"spec": rail.policy()}, child
            )
            is_last = rail is every[-1]
            bound = Manifest(
                f"{name}-{short}-binding",
                ADMISSION,
                "ValidatingAdmissionPolicyBinding",
                metadata,
                {"spec": rail.binding()},
                pulumi.ResourceOptions(
                    parent=self, provider=args.provider, depends_on=[*made, policy] if is_last else [policy]
                ),
            )
            made += [bound]
        self.ready = made[-1]
        self.register_outputs({"rails": len(every)})
