"""A tenant's namespace with its walls: in place before the first pod, so that none ever runs without them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.manifests import network_policy, quotas, rbac
from components.shared.installation import Installation, PlatformDependencies, Providers
from components.shared.labels import labels, with_labels
from components.shared.manifest import Manifest
from tenantry.model.rbac_groups import CLUSTER_ROLES
from tenantry.names import DEFAULT_ACCOUNT, Names
from tenantry.spec.plans import Plan

POD_SECURITY = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}


@dataclass(frozen=True, slots=True)
class TenantNamespaceArgs:
    names: Names
    plan: Plan
    installation: Installation
    providers: Providers
    foundations: PlatformDependencies
    after: Sequence[pulumi.Resource]  # what must be there before anything is made
    labels: Mapping[str, str] = field(default_factory=dict[str, str])  # the tenant's own


class TenantNamespace(pulumi.ComponentResource):
    """Namespace, default account, quota, limits, network policies, and who of the tenant's people may look after it."""

    namespace: Manifest
    ready: Manifest  # the last of the walls, which stands on all the others: the state names one instead of seven

    def __init__(self, name: str, args: TenantNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:components:Boundary", name, None, opts)
        code, at = args.names.code, args.installation
        marks = with_labels(labels(code), args.labels)
        self.namespace = Manifest(
            f"{name}-namespace",
            "v1",
            "Namespace",
            {"name": args.names.namespace, "labels": marks | POD_SECURITY},
            {},
            pulumi.ResourceOptions(
                parent=self,
                provider=args.providers.kubernetes,
                depends_on=[*args.foundations.guardrails, *args.after],
            ),
        )
        objects = {
            ("v1", "ServiceAccount", DEFAULT_ACCOUNT): {"automountServiceAccountToken": False},
            ("v1", "LimitRange", "plan"): {"spec": {"limits": quotas.limits(args.plan)}},
            ("networking.k8s.io/v1", "NetworkPolicy", "closed"): {"spec": network_policy.deny_all()},
            ("networking.k8s.io/v1", "NetworkPolicy", "openings"): {
                "spec": network_policy.allow_gateway_and_egress(code, at.gateway, at.openings)
            },
            **{(rbac.API_VERSION, "RoleBinding", CLUSTER_ROLES[role]): rbac.binding(code, role) for role in rbac.RULES},
            ("v1", "ResourceQuota", "plan"): {"spec": {"hard": quotas.hard(args.plan)}},
        }
        made: list[Manifest] = []
        for (version, kind, object_name), body in objects.items():
            is_last = len(made) == len(objects) - 1
            made.append(
                Manifest(
                    f"{name}-{kind.lower()}-{object_name}",
                    version,
                    kind,
                    {"name": object_name, "namespace": args.names.namespace, "labels": marks},
                    body,
                    pulumi.ResourceOptions(
                        parent=self,
                        provider=args.providers.kubernetes,
                        depends_on=[self.namespace, *(made if is_last else [])],
                    ),
                    completes=object_name == DEFAULT_ACCOUNT,  # the control plane makes it with the namespace
                )
            )
        self.ready = made[-1]
        self.register_outputs({"namespace": args.names.namespace})
