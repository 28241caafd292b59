"""The real program's resources as the policy pack sees them, and ways to break one property of one of them.

`declared` runs the whole program over four tenants against the recording monitor of tests/conftest.py; a case names a
resource, a path in its properties and a value, and the rule that must then object. Since the resources are those of
components/, a component that changes its shape under the rules' feet shows here.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.analyzer import exemptions
from policies.analyzer.catalogue import POLICIES, rules_of
from policies.analyzer.decode import SECRET, SIGNATURE, plain
from policies.analyzer.evaluator import Evaluation, RuleEvaluator
from policies.model.resource import Resource
from policies.model.settings import Settings
from policies.model.stack import Stack
from tenantry.model.resources.catalogue import SYSTEMS
from tenantry.model.resources.facts import Owner
from tenantry.model.resources.stack_settings import examples

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 10, 20)
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # what the engine sends for a text that only the update knows
SERVICES = {"k001": ["enrollment"]}
TENANT_SECRETS = {"k001.wechat-pay-key": "the key of a merchant"}
STEPS = "tenantry:components:Tenant$tenantry:components:Database"
PLANS = {"k001": "standard", "k002": "basic", "k003": "premium", "k004": "enterprise"}
ENVIRONMENT = {
    "PGHOST": "127.0.0.1",
    "PGPORT": "5433",
    "PGUSER": "tenantry",
    "PGPASSWORD": "pg-password",
    "PGSSLMODE": "disable",
    "KUBECONFIG": "/instance/kubeconfig",
    "ALICLOUD_ACCESS_KEY": "key-id",
    "ALICLOUD_SECRET_KEY": "key-secret",
    "ALICLOUD_ACCOUNT_ID": "1234567890123456",
    "TENANTRY_ALIBABA_PROXY": "http://127.0.0.1:8085",
}
# Settings of the systems in which tenants own something: there is everything that a tenant can have.
OF_TENANTS = tuple(
    kind
    for system in SYSTEMS
    if any(Owner.TENANT in resource.owners for resource in getattr(system, "KINDS", {}).values())
    for kind in getattr(system, "SETTINGS", ())
)
_recorded: dict[str, "Wire"] = {}  # once for all tests: the program takes a second
_closed: dict[str, "Wire"] = {}


@dataclass
class Wire:
    """A resource as it goes to the policy pack: plain values, secrets and unknown ones with the engine's marks."""

    type: str
    urn: str
    props: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    def seen(self) -> Resource:
        """The same object each time: nothing changes a wire once it is made."""
        return self._seen

    @cached_property
    def _seen(self) -> Resource:
        return Resource(type=self.type, urn=self.urn, props=plain(_floats(self.props)), **self.options)


Wires = dict[str, Wire]


def _floats(value: Any) -> Any:
    """Numbers lose their kind on the way."""
    if isinstance(value, dict):
        return {key: _floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_floats(entry) for entry in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.fixture
def declared(record, secret_type, monkeypatch, tmp_path) -> Wires:
    """Name in the program -> resource; replace entries, do not change them."""
    if not _recorded:
        _recorded.update(_run(record, secret_type, monkeypatch, tmp_path))
    return dict(_recorded)


@pytest.fixture
def closed(record, secret_type, monkeypatch, tmp_path) -> Wires:
    """The same of a program in which k001 is suspended."""
    if not _closed:
        folder = tmp_path / "closed"
        folder.mkdir()
        _closed.update(_run(record, secret_type, monkeypatch, folder, suspended=("k001",)))
    return dict(_closed)


def _run(
    record: Any, secret_type: Any, monkeypatch: pytest.MonkeyPatch, folder: Path, suspended: Sequence[str] = ()
) -> Wires:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    egress = ["tenantry-platform:4001", "10.0.0.5/32:5432"]
    changes = {
        "today": TODAY.isoformat(),
        "egress": egress,
        "databaseCa": "-----BEGIN CERTIFICATE-----",
        "monitoringNamespace": "monitoring",
    }
    return recorded(
        record,
        secret_type,
        folder,
        changes,
        services=SERVICES,
        tenant_secrets=TENANT_SECRETS,
        suspended=suspended,
    )


def recorded(
    record: Any,
    secret_type: Any,
    folder: Path,
    changes: Mapping[str, Any],
    stack: str = "test",
    secrets: Mapping[str, str] | None = None,
    services: Mapping[str, list[str]] | None = None,
    tenant_secrets: Mapping[str, str] | None = None,
    suspended: Sequence[str] = (),
) -> Wires:
    from stacks import program

    secrets = secrets or {}
    tenants = folder / "tenants"
    tenants.mkdir()
    for code, plan in PLANS.items():
        (tenants / f"{code}.yaml").write_text(
            yaml.safe_dump(
                _tenant(code, plan, (services or {}).get(code, []))
                | _secrets(code, tenant_secrets or {})
                | ({"status": "suspended"} if code in suspended else {}),
                allow_unicode=True,
            ),
            "utf-8",
        )
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))
    values = {key: value["default"] for key, value in project["config"].items()}
    values |= {"tenants": str(tenants), **examples(OF_TENANTS), **changes, **secrets}
    config = {
        f"tenantry:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }
    own = {f"tenantry-secrets:{key}": value for key, value in (tenant_secrets or {}).items()}
    config |= own
    recording = record(
        program.main,
        stack=stack,
        config=config,
        secrets=(*(f"tenantry:{key}" for key in secrets), *own),
        stacks={f"organization/tenantry/{stack}": {}},
    )
    return wires_of(recording, secret_type)


def wires_of(recording: Any, secret_type: Any) -> Wires:
    """The registered resources, as they go to the pack."""
    chains: dict[str, str] = {"": ""}
    found: Wires = {}
    for resource in recording.resources:
        above = chains[resource.parent]
        chains[resource.name] = f"{above}${resource.type}" if above else resource.type
        found[resource.name] = Wire(
            type=resource.type,
            urn=f"urn:pulumi:test::tenantry::{chains[resource.name]}::{resource.name}",
            props=_marked(resource.inputs, secret_type),
            options={
                "protect": resource.protect,
                "ignore_changes": resource.ignore_changes,
                "secret_outputs": resource.secret_outputs,
                "delete_before_replace": bool(resource.delete_first),
            },
        )
    return found


def _secrets(code: str, values: Mapping[str, str]) -> dict[str, Any]:
    """References of one tenant's file: CODE.NAME is the secret of that name."""
    own = [key for key in values if key.startswith(f"{code}.")]
    return {"secrets": [{"name": key.partition(".")[2], "from": f"config:{key}"} for key in own]}


def _tenant(code: str, plan: str, services: list[str]) -> dict[str, Any]:
    return {
        "code": code,
        "name": f"园{code}",
        "phone": f"138{int(code[1:]):08d}",
        "plan": plan,
        "status": "active",
        "contact": {"name": "张三", "email": f"{code}@example.com"},
        "enabled_services": services,
    }


def _marked(value: Any, secret_type: Any) -> Any:
    if isinstance(value, secret_type):
        return {SIGNATURE: SECRET, "value": _marked(value.value, secret_type)}  # pyright: ignore[reportAttributeAccessIssue] (the fixture's type is not known)
    if isinstance(value, dict):
        return {key: _marked(inner, secret_type) for key, inner in value.items()}
    if isinstance(value, list):
        return [_marked(entry, secret_type) for entry in value]
    return UNKNOWN if isinstance(value, type) else value


def changed(wire: Wire, path: str, value: Any) -> Wire:
    """A copy with another value at a dotted path (`~` for a dot in a key); None removes what is there.

    `!` enters a JSON text; `@` names an option, `@urn` or `@type` instead of a property.
    """
    if path.startswith("@"):
        key = path[1:]
        return (
            replace(wire, **{key: value})
            if key in ("urn", "type")
            else replace(wire, options=wire.options | {key: value})
        )
    props = deepcopy(wire.props)
    _put(props, path, value)
    return replace(wire, props=props)


def _put(props: Any, path: str, value: Any) -> None:
    outer, bang, inner = path.partition("!")
    *above, last = [step.replace("~", ".") for step in outer.split(".")]
    place = props
    for step, after in zip(above, [*above, last][1:], strict=True):
        made: Any = [{}] if after == "0" else {}
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, made)
    key: Any = int(last) if isinstance(place, list) else last
    if bang:
        document = json.loads(place[key])
        _put(document, inner, value)
        place[key] = json.dumps(document)
    elif value is None:
        del place[key]
    elif isinstance(place, list) and key == len(place):
        place.append(value)
    else:
        place[key] = value


def judge(
    policy: str, given: Mapping[str, Any] | None = None, exempt: Iterable[Mapping[str, str]] = ()
) -> RuleEvaluator:
    settings = Settings(policy, given or {})
    return RuleEvaluator(rules_of(policy), settings, tuple(exemptions.read(list(exempt))), TODAY)


def rules_broken(
    wires: Wires, only: Iterable[str] | None = None, settings: Mapping[str, Any] | None = None
) -> Evaluation:
    """The findings of all policies together on these resources (`only`: of the named ones, for resource rules)."""
    verdict = Evaluation()
    names = list(wires) if only is None else list(only)
    for policy in POLICIES:
        one = judge(policy, (settings or {}).get(policy))
        found = [one.resource(wires[name].seen()) for name in names]
        found.append(one.stack(Stack(wire.seen() for wire in wires.values())))
        for part in found:
            verdict.broken += part.broken
            verdict.undecided += part.undecided
    return verdict


@pytest.fixture
def broken() -> Callable[..., Evaluation]:
    return rules_broken


@pytest.fixture
def make_judge() -> Callable[..., RuleEvaluator]:
    return judge


@pytest.fixture
def change() -> Callable[[Wire, str, Any], Wire]:
    return changed


@pytest.fixture
def breaks(declared: Wires) -> Callable[..., None]:
    """Asserts that the resources keep every rule, and that with one value changed exactly the named rule objects there.

    `extra` are more resources, name -> (type, properties), put below k001; a path of `-` leaves the resource out.
    """

    def check(
        rule: str, name: str, path: str, value: Any, extra: Mapping[str, Any] | None = None, settings: Any = None
    ) -> None:
        world = {**declared, **{key: below_k001(key, *value) for key, value in (extra or {}).items()}}
        before = rules_broken(world, only=[name], settings=settings).broken
        known = (
            "names-kind" if extra else ""
        )  # `extra` are of kinds that no component declares, and judged all the same
        assert [str(entry) for entry in before if entry.rule.name != known] == []
        if path == "-":
            del world[name]
            after = rules_broken(world, only=[], settings=settings)
        else:
            world[name] = changed(world[name], path, value)
            after = rules_broken(world, only=[name], settings=settings)
        messages = [str(violation) for violation in after.broken]
        assert rule in {violation.rule.name for violation in after.broken}, messages
        assert any(f": {rule}: " in message and " Remedy: " in message for message in messages)

    return check


def below_k001(name: str, type_: str, props: dict[str, Any], **options: Any) -> Wire:
    urn = f"urn:pulumi:test::tenantry::tenantry:components:Tenant${type_}::k001-{name}"
    return Wire(type_, urn, props, options)


@pytest.fixture
def below() -> Callable[..., Wire]:
    return below_k001
