"""The live stack and its keys: from the stack's outputs, its configuration and the environment."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenantry.engine.errors import CommandError
from tenantry.engine.process.pulumi_cli import Cli
from tenantry.engine.stack import environment as engine
from tenantry.engine.stack.embedded import EMBEDDED_STACKS
from tenantry.engine.stack.project import Project
from tenantry.engine.state.process_lock import key_of
from tenantry.engine.state.tenant_records import read_records
from tenantry.fleet.load import own_or_project
from tenantry.inspection.verify.core.declared import Declared, declared
from tenantry.model.lifecycle import Phase
from tenantry.model.tenant_record import TENANTS, TenantRecord
from tenantry.names import OIDC_PROVIDER, PREFIX_ROOT, Names, names_of
from tenantry.parsing.json_narrowing import Tree, mapping, sequence
from tenantry.spec.loader import read_model
from tenantry.spec.services import SERVICES_FILE, Services


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of an account, a user or a session at Alibaba Cloud."""

    identity: str
    secret: str = field(repr=False)
    token: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The gateway's place, and the authority of its certificate. At `plain_port` it must not take requests."""

    host: str
    port: int
    plain_port: int
    authority: str  # a file


@dataclass(frozen=True, slots=True)
class VerifyTarget:
    """One live stack."""

    stack: str
    zone: str
    account: str
    tenants: Mapping[str, tuple[Names, Phase]]
    gateway: tuple[str, str]  # namespace and name
    proxies: str  # the namespace from which its requests come
    buckets: Mapping[str, str]  # name -> region
    issuer: str  # of the cluster's tokens
    audience: str
    openings: tuple[tuple[str, int], ...]  # a namespace's name or a CIDR, and a port
    postgresql: tuple[str, int, str]  # host, port, sslmode
    kubeconfig: Mapping[str, Any] = field(repr=False)
    provisioner: Keys = field(repr=False)  # removes what an attack managed to write
    proxy: str | None
    vault: Mapping[str, str] = field(default_factory=dict[str, str])  # the bucket of the backups -> its region
    declared: Declared = field(default_factory=Declared)
    address: str = ""  # the gateway's, which the tenants' records lead to
    plugins: Mapping[str, int] = field(default_factory=dict[str, int])  # services of the catalogue and their ports
    identity_provider: str = OIDC_PROVIDER  # the name of the account's for that issuer
    admin_login: tuple[str, str] = field(default=("", ""), repr=False)  # of the admin service, with its password
    monitoring: str = ""  # the namespace of Prometheus; empty: there is none, and no exporter
    endpoint: Endpoint | None = None  # where somebody behind the gateway says what arrives: in embedded stacks


def read(project: Project, stack: str, given: Mapping[str, str]) -> VerifyTarget:
    """Raises Refusal when the stack is not up, or something needed is not set."""
    stack = project.stack(stack)
    environment = engine.environment(project, stack, given)
    url = engine.backend_of(project, environment)
    engine.check(stack, url, environment, project.secrets_provider(stack))
    cli = Cli(project.root, environment, key_of(url, project.name, stack))
    outputs = mapping(_ask(cli, "stack", "output", "--json", "--show-secrets", "--stack", stack))
    stated = _ask(cli, "config", "--json", "--show-secrets", "--stack", stack)
    return _read(
        stack,
        outputs,
        mapping(_ask(cli, "stack", "export", "--stack", stack)),
        _Settings(project, mapping(stated), environment, EMBEDDED_STACKS.fullmatch(stack) is not None),
    )


@dataclass(frozen=True)
class _Settings:
    project: Project
    stated: Tree = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    embedded: bool = False

    def get(self, key: str, variable: str = "") -> str:
        variable_value = self.environment.get(variable, "") if variable and self.embedded else ""
        value = variable_value or mapping(self.stated.get(f"tenantry:{key}")).get("value") or self._default(key)
        if value in (None, ""):
            raise CommandError(f"tenantry:{key} is not set", f"`pulumi config set {key}`, or `. .local/env`")
        return str(value)

    def optional(self, key: str) -> str:
        """Empty where it is not set."""
        return str(mapping(self.stated.get(f"tenantry:{key}")).get("value") or self._default(key) or "")

    def list(self, key: str) -> list[str]:
        stated = mapping(self.stated.get(f"tenantry:{key}"))
        value = stated.get("objectValue") or (
            json.loads(stated["value"]) if stated.get("value") else self._default(key)
        )
        return [str(entry) for entry in sequence(value)]

    def _default(self, key: str) -> Any:
        return mapping(mapping(self.project.document.get("config")).get(key)).get("default")


def _ask(cli: Cli, *arguments: str) -> Any:
    answer = cli.ask(*arguments)
    if answer.code:
        raise CommandError(f"`pulumi {' '.join(arguments[:2])}` failed: {answer.complaint}", "run `tenantry up` first")
    return json.loads(answer.out)


def _read(stack: str, outputs: Tree, exported: Tree, settings: _Settings) -> VerifyTarget:
    platform = mapping(outputs.get("platform"))
    tenants, admin = read_records(outputs.get(TENANTS)), mapping(outputs.get("adminDatabase"))
    if not platform or not tenants:
        raise CommandError(
            f"the stack `{stack}` holds no platform with tenants", "run `tenantry up` first; name it with --stack"
        )
    zone, gateway = str(platform["zone"]), mapping(platform["gateway"])
    return VerifyTarget(
        stack=stack,
        plugins=_plugins(settings.project.tenants(stack)),
        zone=zone,
        account=str(platform["account"]),
        tenants={code: tenant_of(code, record, zone) for code, record in sorted(tenants.items())},
        address=str(gateway.get("address") or ""),
        gateway=(str(gateway["namespace"]), str(gateway["name"])),
        proxies=str(gateway.get("proxies", gateway["namespace"])),  # a run that did not say it let in the Gateway's own
        buckets={
            settings.get("systemBucket"): settings.get("systemRegion"),
            settings.get("photoBucket"): settings.get("photoRegion"),
        },
        vault={str(mapping(platform["buckets"])["backups"]): settings.get("backupRegion")},
        issuer=settings.get("oidcIssuer"),
        audience=settings.get("oidcAudience"),
        identity_provider=settings.get("oidcProvider"),
        declared=declared(sequence(mapping(exported.get("deployment")).get("resources"))),
        openings=tuple((where, int(port)) for where, _, port in (o.rpartition(":") for o in settings.list("egress"))),
        postgresql=(
            settings.get("databaseHost", "PGHOST"),
            int(settings.get("databasePort", "PGPORT")),
            settings.get("databaseSslmode", "PGSSLMODE"),
        ),
        kubeconfig=_kubeconfig(settings),
        provisioner=Keys(
            settings.get("alibabaAccessKey", "ALICLOUD_ACCESS_KEY"),
            settings.get("alibabaSecretKey", "ALICLOUD_SECRET_KEY"),
        ),
        proxy=settings.environment.get("TENANTRY_ALIBABA_PROXY"),
        admin_login=(str(admin.get("login") or ""), str(admin.get("password") or "")),
        monitoring=settings.optional("monitoringNamespace"),
        endpoint=_endpoint(settings.environment) if settings.embedded else None,
    )


def _endpoint(environment: Mapping[str, str]) -> Endpoint | None:
    """None where the embedded default was started without a gateway."""
    port, plain, authority = (environment.get(f"TENANTRY_GATEWAY_{name}") for name in ("PORT", "HTTP_PORT", "CA"))
    return Endpoint("127.0.0.1", int(port), int(plain), authority) if port and plain and authority else None


def _plugins(tenants: Path) -> dict[str, int]:
    catalogue = read_model(own_or_project(tenants, SERVICES_FILE), Services, lambda document: document).value
    return {name: service.port for name, service in catalogue.services.items()} if catalogue else {}


def tenant_of(code: str, record: TenantRecord, zone: str) -> tuple[Names, Phase]:
    """Names and phase of a tenant, from the stack's record of it."""
    phone = (record.prefix or "").removeprefix(PREFIX_ROOT).rstrip("/")
    return names_of(code, phone, zone), Phase(record.phase)


def _kubeconfig(settings: _Settings) -> Mapping[str, Any]:
    import yaml

    text = settings.get("kubeconfig", "KUBECONFIG")
    if os.path.sep in text and "\n" not in text:
        with open(text, encoding="utf-8") as file:  # noqa: PTH123 (a path or a document: known only now)
            text = file.read()
    return mapping(yaml.safe_load(text))
