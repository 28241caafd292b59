"""Pods, containers and the certificate: by kube-state-metrics, the kubelets' cAdvisor and cert-manager."""

from typing import Final

from tenantry.watch.alerts.model import Alert, Recording, Rules, Severity, with_plan

_NAMESPACES: Final = 'namespace=~"tenant-k[0-9]+"'
_MISSING: Final = "tenant:pods_missing"
_NEAR: Final = 0.9
_FORTNIGHT: Final = 14 * 86400


def _of_tenant(expression: str) -> str:
    """The tenant as a label, from its namespace."""
    return f'label_replace({expression}, "tenant", "$1", "namespace", "tenant-(k[0-9]+)")'


def _share(used: str, resource: str) -> str:
    """The fullest container of each tenant: what it uses of its limit."""
    limits = f'kube_pod_container_resource_limits{{{_NAMESPACES}, resource="{resource}"}}'
    both = f"max by (namespace, pod, container) ({used}) / on (namespace, pod, container) ({limits} > 0)"
    return f"max by (tenant) ({_of_tenant(both)})"


_SHARES: Final = {
    "cpu": _share(f'rate(container_cpu_usage_seconds_total{{{_NAMESPACES}, container!=""}}[5m])', "cpu"),
    "memory": _share(f'container_memory_working_set_bytes{{{_NAMESPACES}, container!=""}}', "memory"),
    "storage": _share(f'container_fs_usage_bytes{{{_NAMESPACES}, container!=""}}', "ephemeral_storage"),
}


def _near(resource: str) -> Alert:
    return Alert(
        requirement="container CPU, memory, storage",
        name="TenantContainerNearLimit",
        expression=with_plan(f"tenant:container_{resource}:ratio > {_NEAR}"),
        lasts="10m",
        severity=Severity.WARNING,
        summary=f"a container of {{{{ $labels.tenant }}}} uses {{{{ $value | humanizePercentage }}}} of its {resource}",
        labels={"resource": resource},
    )


CLUSTER: Final[Rules] = (
    Recording(
        _MISSING,
        f"max by (tenant, deployment) ({_of_tenant(f'kube_deployment_spec_replicas{{{_NAMESPACES}}}')})"
        " - max by (tenant, deployment)"
        f" ({_of_tenant(f'kube_deployment_status_replicas_available{{{_NAMESPACES}}}')})",
    ),
    *(Recording(f"tenant:container_{resource}:ratio", share) for resource, share in _SHARES.items()),
    Alert(
        requirement="containers run",
        name="TenantPodsMissing",
        expression=with_plan(f"{_MISSING} > 0"),
        lasts="5m",
        severity=Severity.CRITICAL,
        summary="{{ $labels.tenant }} lacks {{ $value }} pods of {{ $labels.deployment }}",
    ),
    Alert(
        requirement="containers run, again and again",
        name="TenantPodRestarting",
        expression=with_plan(
            "max by (tenant) ("
            + _of_tenant(f"increase(kube_pod_container_status_restarts_total{{{_NAMESPACES}}}[15m])")
            + ") > 3"
        ),
        lasts="0s",
        severity=Severity.WARNING,
        summary="a container of {{ $labels.tenant }} was restarted {{ $value | humanize }} times in 15 minutes",
    ),
    *(_near(resource) for resource in _SHARES),
    Alert(
        requirement="wildcard TLS",
        name="CertificateExpires",
        expression="min by (certificate) (label_join(certmanager_certificate_expiration_timestamp_seconds,"
        f' "certificate", "/", "namespace", "name")) - time() < {_FORTNIGHT}',
        lasts="1h",
        severity=Severity.CRITICAL,
        summary="certificate {{ $labels.certificate }} expires in {{ $value | humanizeDuration }}",
    ),
)
