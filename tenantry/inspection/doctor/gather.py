"""All facts of one stack: from its files, this machine, and the three systems, each asked once and in parallel."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tenantry.engine.process.pulumi_cli import Cli
from tenantry.engine.stack import environment as surroundings
from tenantry.engine.stack.embedded import EMBEDDED_STACKS
from tenantry.engine.stack.project import Project
from tenantry.engine.stack.stack_connection import environment_of_program, given
from tenantry.engine.state.process_lock import key_of
from tenantry.inspection.doctor.alibaba_reader import read_alibaba
from tenantry.inspection.doctor.configuration_checks import SECRETS
from tenantry.inspection.doctor.facts import Alibaba, Facts, Kubernetes, Postgresql, Silent, Tools
from tenantry.inspection.doctor.kubernetes_reader import read_kubernetes
from tenantry.inspection.doctor.postgresql_reader import read_postgresql
from tenantry.parsing.faults import Faults
from tenantry.parsing.json_narrowing import mapping
from tenantry.spec.setting_keys import FOUNDATION

PLACEHOLDER: Final = "placeholder"
VARIABLES: Final = {
    "databaseHost": "PGHOST",
    "databasePort": "PGPORT",
    "databaseUser": "PGUSER",
    "databasePassword": "PGPASSWORD",
    "databaseSslmode": "PGSSLMODE",
    "alibabaAccessKey": "ALICLOUD_ACCESS_KEY",
    "alibabaSecretKey": "ALICLOUD_SECRET_KEY",
    "accountId": "ALICLOUD_ACCOUNT_ID",
    "kubeconfig": "KUBECONFIG",
}
NOT_SET: Final = "it is not said how it is reached"


def gather(project: Project, stack: str, environment: Mapping[str, str], today: datetime | None = None) -> Facts:
    """Raises Refusal for a stack that cannot be read at all."""
    stack = project.stack(stack)
    project.require(stack)
    env = surroundings.environment(project, stack, environment)
    cli = Cli(project.root, env, key_of(surroundings.backend_of(project, env), project.name, stack))
    secret = given(cli, stack, VARIABLES)
    settings = settings_of(project, stack) | {
        key: value for key, value in secret.items() if key not in SECRETS and value
    }
    tenants, connections = _fleet(project, stack)
    kubernetes, postgresql, alibaba = _systems(settings, secret, environment_of_program(cli, stack))
    return Facts(
        stack=stack,
        embedded=EMBEDDED_STACKS.fullmatch(stack) is not None,
        today=today or datetime.now(UTC),
        settings=settings,
        secrets=frozenset(key for key in SECRETS if secret.get(key)),
        placeholders=placeholders(project.file(stack)),
        tenants=tenants,
        connections=connections,
        tools=_tools(project, env),
        kubernetes=kubernetes,
        postgresql=postgresql,
        alibaba=alibaba,
    )


def settings_of(project: Project, stack: str) -> dict[str, str]:
    """Setting -> its value as text: what the stack says, else Pulumi.yaml's default."""
    declared = mapping(project.document.get("config"))
    values = {key: mapping(wire).get("default") for key, wire in declared.items()}
    for key, value in project.configuration(stack).items():
        values[str(key).removeprefix("tenantry:")] = value
    return {key: _text(value) for key, value in values.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def placeholders(file: Path) -> list[str]:
    """`FILE:LINE: SETTING` of every value that says so itself, by its text or in the comment behind it."""
    places: list[str] = []
    lines = file.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        text = line.strip()
        is_zero = "sha256:" + "0" * 64 in text or text.endswith('"0000000000000000"')
        if not text.startswith("#") and (PLACEHOLDER in text.lower() or is_zero):
            name = text.partition(": ")[0].rstrip(":")
            places.append(f"{file.name}:{number}: {name}")
    return places


def _fleet(project: Project, stack: str) -> tuple[int, int]:
    """The number of tenants, and of the connections that their plans promise; nothing where files have faults."""
    from tenantry.fleet.load import load_fleet

    try:
        fleet = load_fleet(project.tenants(stack), project.zone(stack), today=datetime.now(UTC).date())
    except Faults:
        return 0, 0  # `tenantry validate` says which
    return len(fleet.tenants), sum(tenant.plan.database.connections for tenant in fleet.tenants)


def _systems(
    settings: Mapping[str, str], secret: Mapping[str, str], environment: Mapping[str, str]
) -> tuple[Kubernetes | Silent, Postgresql | Silent, Alibaba | Silent]:
    with ThreadPoolExecutor(3) as pool:
        kubernetes = pool.submit(_kubernetes, secret, settings)
        postgresql = pool.submit(_postgresql, secret, settings)
        alibaba = pool.submit(_alibaba, secret, settings, environment)
        return kubernetes.result(), postgresql.result(), alibaba.result()


def _kubernetes(secret: Mapping[str, str], settings: Mapping[str, str]) -> Kubernetes | Silent:
    import yaml

    text = secret["kubeconfig"]
    if not text:
        return Silent("the cluster", NOT_SET)
    try:
        if "\n" not in text:
            text = Path(text).read_text(encoding="utf-8")
        return read_kubernetes(mapping(yaml.safe_load(text)), settings)
    except (OSError, yaml.YAMLError) as error:
        return Silent("the cluster", f"its kubeconfig cannot be read ({type(error).__name__})")


def _postgresql(secret: Mapping[str, str], settings: Mapping[str, str]) -> Postgresql | Silent:
    host, user, password = (secret[key] for key in ("databaseHost", "databaseUser", "databasePassword"))
    if not host or not user or not password:
        return Silent(host or "PostgreSQL", NOT_SET)
    mode = secret["databaseSslmode"] or settings.get("databaseSslmode") or "verify-full"
    port = int(secret["databasePort"] or settings.get("databasePort") or 5432)
    return read_postgresql(host, port, user, password, mode, settings.get("databaseCa") or None)


def _alibaba(
    secret: Mapping[str, str], settings: Mapping[str, str], environment: Mapping[str, str]
) -> Alibaba | Silent:
    keys = {VARIABLES[key]: secret[key] for key in ("alibabaAccessKey", "alibabaSecretKey")}
    if not all(keys.values()):
        return Silent("Alibaba Cloud", NOT_SET)
    more = {
        key: environment[key] for key in ("TENANTRY_ALIBABA_PROXY", "ALICLOUD_SECURITY_TOKEN") if key in environment
    }
    made = bool(settings.get(FOUNDATION)) and '"foundation"' in settings.get("holds", "")
    return read_alibaba(settings, keys | more, has_foundation=made)


def _tools(project: Project, environment: Mapping[str, str]) -> Tools:
    path = environment.get("PATH")
    engine, dump = shutil.which("pulumi", path=path), shutil.which("pg_dump", path=path)
    return Tools(
        engine="3" if engine else None,
        pack_fault=None if (project.root / "policies" / "PulumiPolicy.yaml").is_file() else "policies/ is not there",
        dump=_release(dump) if dump else None,
    )


def _release(program: str) -> int | None:
    """`pg_dump (PostgreSQL) 16.14` -> 16."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30)
    words = done.stdout.split()
    return int(words[2].partition(".")[0]) if len(words) > 2 and words[2][:1].isdigit() else None
