"""The weight of a change: nothing that may end data, access or a wall counts as harmless."""

import pytest

from policies.model.resource import kind_of
from policies.rules.protection import HOLDS_DATA as PROTECTED
from tenantry.changes.report.resource_weights import (
    CREATE,
    DELETE,
    HOLDS_DATA,
    REPLACE,
    UPDATE,
    Cause,
    operation_of,
    weight_of,
)
from tenantry.changes.report.statements import Weight
from tests.support.requests.preview_outcomes import NAMES, platform_urn, service, urn

ISOLATING = (
    "db-owner", "db-login-a", "db-login-b", "db-rights", "files-role", "files-policy", "ns-namespace", "ns-serviceaccount-default",
    "ns-limitrange-plan", "ns-resourcequota-plan", "ns-networkpolicy-closed", "ns-networkpolicy-openings",
    "ns-rolebinding-tenantry-tenant-admin", "ns-rolebinding-tenantry-tenant-viewer", "app-serviceaccount",
    "app-backendtrafficpolicy", "app-httproute", "files-attachment",
)  # fmt: skip
EXPLAINED = {
    "db-login-a": (Cause.ACCESS, ("login",)),
    "files-role": (Cause.ACCESS, ("assumeRolePolicyDocument",)),
    "files-policy": (Cause.ACCESS, ("policyDocument",)),
    "ns-resourcequota-plan": (Cause.PLAN, ("spec",)),
    "ns-limitrange-plan": (Cause.PLAN, ("spec",)),
    "app-backendtrafficpolicy": (Cause.PLAN, ("spec",)),
    "db-database": (Cause.PLAN, ("connectionLimit",)),
    "db-rights": (Cause.PLAN, ("connectionLimit", "statementTimeout")),
}


def weight(name: str, operation: str, *properties: str, is_new: bool = False, causes: tuple[Cause, ...] = ()) -> Weight:
    resource = name if name.startswith("urn:") else urn("k001", name)
    return weight_of(resource, operation, properties, is_new=is_new, causes=causes)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("operation", [DELETE, REPLACE, "whatever-comes-next"])
@pytest.mark.parametrize("causes", [(), tuple(Cause)])
def test_nothing_that_goes_is_harmless(name: str, operation: str, causes: tuple[Cause, ...]) -> None:
    expected = Weight.DATA if name in ("db-database", "files-directories") else Weight.GONE
    assert weight(name, operation, causes=causes, is_new=True) is expected


def test_what_the_policies_protect_as_data_is_data_here() -> None:
    assert set(PROTECTED) <= {kind_of(name) for name in HOLDS_DATA}


@pytest.mark.parametrize("name", ["sessions", "backup", "app-httproutefilter"])
def test_what_ends_when_a_tenant_comes_back_takes_nothing(name: str) -> None:
    assert weight(name, DELETE) is Weight.OTHER


@pytest.mark.parametrize("name", ISOLATING)
@pytest.mark.parametrize("properties", [(), ("spec",), ("whatever",)])
def test_a_wall_that_changes_without_a_cause_is_one(name: str, properties: tuple[str, ...]) -> None:
    assert weight(name, UPDATE, *properties) is Weight.ISOLATION


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(ISOLATING) - {"app-deployment"}))
def test_all_else_is_none(name: str) -> None:
    assert weight(name, UPDATE, "whatever") is Weight.OTHER


@pytest.mark.parametrize("name", EXPLAINED)
def test_the_files_explain_a_change_by_its_own_cause_alone(name: str) -> None:
    cause, properties = EXPLAINED[name]
    others = tuple(entry for entry in Cause if entry not in (cause, Cause.WORKLOAD, Cause.SERVICES))
    assert weight(name, UPDATE, *properties, causes=(cause,)) is Weight.OTHER
    assert weight(name, UPDATE, *properties, causes=others) is Weight.ISOLATION


@pytest.mark.parametrize("cause", Cause)
def test_a_route_changes_with_plan_services_workload_or_notice(cause: Cause) -> None:
    explained = cause in (Cause.PLAN, Cause.SERVICES, Cause.WORKLOAD, Cause.NOTICE)
    expected = Weight.OTHER if explained else Weight.ISOLATION
    assert weight("app-httproute", UPDATE, "spec", causes=(cause,)) is expected


@pytest.mark.parametrize("cause", [Cause.ACCESS, Cause.PLAN])
@pytest.mark.parametrize("name", ["ns-networkpolicy-closed", "ns-networkpolicy-openings", "ns-namespace"])
def test_no_plan_and_no_phase_explains_a_network_wall(name: str, cause: Cause) -> None:
    assert weight(name, UPDATE, "spec", causes=(cause,)) is Weight.ISOLATION


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("db-login-a", ("password",), Weight.KEYS),
        ("db-login-a", ("password", "superuser"), Weight.ISOLATION),
        ("db-login-a", ("validUntil",), Weight.KEYS),
        ("db-rights", ("passwords",), Weight.KEYS),
        ("db-rights", ("passwords", "logins"), Weight.ISOLATION),
        ("app-deployment", ("spec",), Weight.RESTARTS),
        ("app-deployment", (), Weight.RESTARTS),
        ("app-deployment", ("metadata",), Weight.OTHER),
    ],
)
def test_properties_tell_passwords_from_walls(name: str, properties: tuple[str, ...], expected: Weight) -> None:
    assert weight(name, UPDATE, *properties) is expected


@pytest.mark.parametrize("name", ISOLATING)
def test_a_tenant_that_is_opened_is_an_addition(name: str) -> None:
    assert weight(name, CREATE, is_new=True) is Weight.OTHER


@pytest.mark.parametrize("name", ["ns-networkpolicy-openings", "files-attachment", "db-login-b", "files-policy"])
def test_one_more_way_to_a_tenant_that_lives_is_isolation(name: str) -> None:
    assert weight(name, CREATE) is Weight.ISOLATION
    assert weight(name, CREATE, causes=(Cause.WORKLOAD,)) is Weight.OTHER


def test_a_service_explains_its_own_route_alone() -> None:
    route = service("k001", "messaging", "httproute")
    assert weight(route, CREATE, causes=(Cause.SERVICES,)) is Weight.OTHER
    assert weight("ns-networkpolicy-openings", UPDATE, "spec", causes=(Cause.SERVICES,)) is Weight.ISOLATION


def test_of_the_platform_a_policy_more_is_fine_and_a_change_of_one_is_not() -> None:
    policy_urn = platform_urn("platform-guardrails-walls")
    assert weight(policy_urn, CREATE) is Weight.OTHER
    assert weight(policy_urn, UPDATE, "spec") is Weight.ISOLATION
    assert weight(policy_urn, DELETE) is Weight.GONE
    assert weight(platform_urn("platform-systemkarder-bucket"), REPLACE) is Weight.DATA


@pytest.mark.parametrize(
    ("said", "expected"),
    [("create-replacement", REPLACE), ("delete-replaced", REPLACE), ("import", CREATE), ("unheard-of", "unheard-of")],
)
def test_operations(said: str, expected: str) -> None:
    assert operation_of(said) == expected


@pytest.mark.parametrize("name", [name for name in NAMES if "ns-" in name or name.startswith("app-")])
def test_labels_explain_the_metadata_of_an_object_and_nothing_else(name: str) -> None:
    assert weight(name, UPDATE, "metadata", causes=(Cause.LABELS,)) is Weight.OTHER
    for properties in (("metadata", "spec"), ("subjects",), ()):
        assert weight(name, UPDATE, *properties, causes=(Cause.LABELS,)) is weight(name, UPDATE, *properties)
    assert weight(name, UPDATE, "metadata") is weight(name, UPDATE, "metadata", causes=(Cause.ACCESS,))


def test_labels_explain_no_replacement() -> None:
    assert weight("db-database", REPLACE, "metadata", causes=(Cause.LABELS,)) is Weight.DATA
    assert weight("ns-namespace", DELETE, "metadata", causes=(Cause.LABELS,)) is Weight.GONE
