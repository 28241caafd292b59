"""Attempts of `verify` on the exporter of metrics: its login in a real admin database, its walls as they are declared."""

from collections.abc import Callable, Generator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any, cast

import pytest

from components.monitoring.exporter import ExporterProgram, deployment, walls
from components.shared.installation import EgressRule
from local.postgresql.temporary import TemporaryServer
from provider.resources.database.clone_rights import CloneRights
from provider.resources.database.read_grants import ReadGrants
from provider.resources.migrations import Migrations
from provider.systems.connections import Connections
from tenantry.inspection.verify.attacks.kubernetes import exporter as reaching
from tenantry.inspection.verify.attacks.kubernetes import network
from tenantry.inspection.verify.attacks.postgresql import exporter as reading
from tenantry.inspection.verify.core.attack import State, Verdict
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.declared import Declared, Thing
from tenantry.names import ADMIN_DATABASE, EXPORTER, EXPORTER_LOGIN, PLATFORM_NAMESPACE, TEST_DATABASE
from tenantry.watch.read_columns import READ_COLUMNS
from tests.e2e.attack.sabotage import changed, gone, sql
from tests.tenantry.inspection.verify.attacks.test_network_and_routes import POLICIES, live, verify_target

THINGS = {PLATFORM_NAMESPACE: [Thing("apps/v1", "Deployment", EXPORTER, PLATFORM_NAMESPACE)]}
DATABASES = ("rent001", "rent002", TEST_DATABASE)
PROGRAM = ExporterProgram("tenantry:1", ("exporter",), {}, frozenset({5432}))
TAKEN_AWAY = {
    "a column about people for the exporter": (
        ("database.exporter",),
        sql(
            "GRANT SELECT (contact_phone) ON tenants TO tenantry_exporter",
            "REVOKE SELECT (contact_phone) ON tenants FROM tenantry_exporter",
            "admin_tenant_management",
        ),
    ),
    "an exporter that writes": (
        ("database.exporter",),
        sql(
            "GRANT UPDATE (plan_type) ON tenants TO tenantry_exporter",
            "REVOKE UPDATE (plan_type) ON tenants FROM tenantry_exporter",
            "admin_tenant_management",
        ),
    ),
    "an exporter in a tenant's database": (
        ("database.exporter",),
        sql(
            "GRANT CONNECT ON DATABASE rent001 TO tenantry_exporter",
            "REVOKE CONNECT ON DATABASE rent001 FROM tenantry_exporter",
        ),
    ),
    "an exporter without walls": (
        ("network.exporter",),
        gone("networkpolicy", "tenantry-exporter", "tenantry-platform"),
    ),
    "metrics for every namespace": (
        ("network.exporter",),
        changed(
            "networkpolicy",
            "tenantry-exporter",
            [{"op": "replace", "path": "/spec/ingress/0/from", "value": [{"namespaceSelector": {}}]}],
            "tenantry-platform",
        ),
    ),
}
OPENINGS = (EgressRule(PLATFORM_NAMESPACE, 4001), EgressRule(ip_network("10.0.0.5/32"), 5432))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[TemporaryServer]:
    with TemporaryServer(tmp_path_factory.mktemp("server")) as running:
        with running.connect() as session:
            session.execute(f"CREATE ROLE {ADMIN_DATABASE}; CREATE ROLE rent001_a LOGIN PASSWORD 'a'".encode())
            session.execute(f"CREATE ROLE {EXPORTER_LOGIN} LOGIN PASSWORD 'own'".encode())
            session.execute(f"CREATE DATABASE {ADMIN_DATABASE} OWNER {ADMIN_DATABASE}".encode())
            for database in DATABASES:
                session.execute(f"CREATE DATABASE {database}".encode())
            for database in (*DATABASES, "postgres", "template1"):
                session.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC".encode())
        settings = {"host": "127.0.0.1", "port": running.port, "username": "tenantry", "sslmode": "disable"}
        at = Connections({**settings, "password": running.password})
        rights = {"database": ADMIN_DATABASE, "owner": ADMIN_DATABASE, "logins": [], "rights": "rows"}
        limits = {"statementTimeout": 30, "idleTimeout": 60, "connectionLimit": 20}
        CloneRights().apply(at, {**rights, **limits, "readers": [EXPORTER_LOGIN]}, {})
        Migrations().apply(at, {"database": ADMIN_DATABASE, "set": "admin", "digest": "1"}, {})
        columns = {"columns": dict(READ_COLUMNS)}
        ReadGrants().apply(at, {"database": ADMIN_DATABASE, "login": EXPORTER_LOGIN, **columns}, {})
        yield running


@pytest.fixture
def context(server: TemporaryServer) -> VerifyContext:
    at = replace(verify_target(), postgresql=("127.0.0.1", server.port, "disable"), declared=Declared(things=THINGS))
    made = VerifyContext(at, frozenset({"k001", "k002"}))
    cast(Any, made)._kept.update({"exporter's password": "own", "login k001": ("rent001_a", "a"),
                                  "login k002": ("rent002_a", "a")})  # fmt: skip
    return made


def verdicts(module: Any, context: VerifyContext) -> dict[str, Verdict]:
    (attack,) = module.ATTACKS
    return {f"{trial.tenant} {trial.target}".strip(): trial.run() for trial in attack.trials(context)}


def bad(module: Any, context: VerifyContext) -> dict[str, Verdict]:
    return {target: verdict for target, verdict in verdicts(module, context).items() if verdict.state is not State.HELD}


def test_the_login_reads_what_metrics_need_and_nothing_else_anywhere(context: VerifyContext) -> None:
    assert len(verdicts(reading, context)) == len(reading.REFUSED) + 3 + 2 + 2 + 1
    assert bad(reading, context) == {}


@pytest.mark.parametrize(
    ("given", "database"),
    [
        ("GRANT SELECT (contact_phone) ON tenants TO {}", ADMIN_DATABASE),
        ("GRANT SELECT ON admin_users TO {}", ADMIN_DATABASE),
        ("GRANT UPDATE (plan_type) ON tenants TO {}", ADMIN_DATABASE),
        ("GRANT CREATE ON SCHEMA public TO {}", ADMIN_DATABASE),
        ("GRANT pg_read_all_data TO {}", ADMIN_DATABASE),
        ("GRANT CONNECT ON DATABASE rent002 TO {}", "postgres"),
    ],
)
def test_a_right_too_many_is_found(server: TemporaryServer, context: VerifyContext, given: str, database: str) -> None:
    with server.connect(database) as session:
        session.execute(given.format(EXPORTER_LOGIN).encode())
        try:
            assert State.HOLE in {verdict.state for verdict in bad(reading, context).values()}
        finally:
            session.execute(given.replace("GRANT", "REVOKE").replace(" TO ", " FROM ").format(EXPORTER_LOGIN).encode())


def test_a_password_that_a_tenant_knows_is_found(server: TemporaryServer, context: VerifyContext) -> None:
    cast(Any, context)._kept["login k001"] = ("rent001_a", "own")
    assert {target: verdict.state for target, verdict in bad(reading, context).items()} == {
        f"k001 {EXPORTER_LOGIN}": State.HOLE
    }


def test_a_column_too_few_is_broken(server: TemporaryServer, context: VerifyContext) -> None:
    with server.connect(ADMIN_DATABASE) as session:
        session.execute(f"REVOKE SELECT (phase) ON tenant_figures FROM {EXPORTER_LOGIN}".encode())
        try:
            assert bad(reading, context)["reading what metrics need"].state is State.BROKEN
        finally:
            session.execute(f"GRANT SELECT (phase) ON tenant_figures TO {EXPORTER_LOGIN}".encode())


def test_where_none_is_deployed_nothing_is_tried(context: VerifyContext) -> None:
    without = VerifyContext(replace(context.target, declared=Declared()), context.chosen)
    assert verdicts(reading, without) == verdicts(reaching, without) == {}


def with_exporter() -> dict[str, Any]:
    """The live objects, with the exporter and its walls as the components declare them."""
    objects = live()
    spaces = objects["/api/v1/namespaces"]
    spaces.append({"metadata": {"name": "monitoring", "labels": {network.NAME: "monitoring"}}})
    metadata = {"name": EXPORTER, "namespace": PLATFORM_NAMESPACE}
    objects["/apis/apps/v1/deployments"].append({"metadata": metadata, "spec": deployment(PROGRAM)})
    objects[POLICIES].append({"metadata": metadata, "spec": walls("monitoring", OPENINGS, PROGRAM)})
    return objects


def around(objects: dict[str, Any]) -> VerifyContext:
    openings = tuple((str(opening.peer), opening.port) for opening in OPENINGS)
    at = replace(verify_target(), monitoring="monitoring", openings=openings)
    made = VerifyContext(at, frozenset({"k001", "k002"}))
    cast(Any, made)._kept.update(objects)
    return made


def test_prometheus_alone_reaches_it_as_it_is_declared() -> None:
    context = around(with_exporter())
    assert len(verdicts(reaching, context)) == 5
    assert bad(reaching, context) == {}


def everybody(spec: Any) -> None:
    spec["ingress"][0]["from"] = [{"namespaceSelector": {}}]


def any_port(spec: Any) -> None:
    del spec["ingress"][0]["ports"]


def neighbours(spec: Any) -> None:
    spec["ingress"][0]["from"].append({"podSelector": {}})


def gateway(spec: Any) -> None:
    name = {"kubernetes.io/metadata.name": "envoy-gateway-system"}
    spec["ingress"][0]["from"].append({"namespaceSelector": {"matchLabels": name}})


def anywhere(spec: Any) -> None:
    spec["egress"].append({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]})


def names_by_label_alone(spec: Any) -> None:
    del spec["egress"][0]["to"][0]["namespaceSelector"]


def everything_beside_names(spec: Any) -> None:
    del spec["egress"][0]["to"][0]["podSelector"]


def one_way(spec: Any) -> None:
    spec["policyTypes"] = ["Egress"]


def shut(spec: Any) -> None:
    spec["ingress"] = []


@pytest.mark.parametrize(
    ("change", "target", "state"),
    [
        (everybody, "everybody but Prometheus", State.HOLE),
        (any_port, "everybody but Prometheus", State.HOLE),  # the wrong ports of Prometheus' own namespace
        (neighbours, "everybody but Prometheus", State.HOLE),
        (gateway, "everybody but Prometheus", State.HOLE),
        (one_way, "everybody but Prometheus", State.HOLE),
        (anywhere, "what it reaches", State.HOLE),
        (names_by_label_alone, "what it reaches", State.HOLE),
        (everything_beside_names, "what it reaches", State.HOLE),
        (shut, "Prometheus", State.BROKEN),
    ],
)
def test_a_wall_that_is_lower_is_found(change: Callable[[Any], None], target: str, state: State) -> None:
    objects = with_exporter()
    change(objects[POLICIES][-1]["spec"])
    assert bad(reaching, around(objects))[target].state is state


def test_a_tenant_that_gets_there_is_found() -> None:
    """Both ends have to let it through: the tenant's opening to the platform's namespace is to one port."""
    objects = with_exporter()
    everybody(objects[POLICIES][-1]["spec"])
    for policy in objects[POLICIES]:
        if policy["metadata"] == {"name": "openings", "namespace": "tenant-k001"}:
            policy["spec"]["egress"].append({"to": [{"namespaceSelector": {}}]})
    assert bad(reaching, around(objects))[f"k001 {EXPORTER}"].state is State.HOLE


def test_without_its_policy_or_its_deployment_it_is_not_held() -> None:
    objects = with_exporter()
    objects[POLICIES].pop()
    assert bad(reaching, around(objects))
    objects = with_exporter()
    objects["/apis/apps/v1/deployments"].pop()
    with pytest.raises(LookupError, match="no Deployment tenantry-exporter"):
        verdicts(reaching, around(objects))
