"""Changes made by hand in every system, all at once: each is found and rightly classified, and what is safe is mended.

One look for all of them; then one repair, after which nothing is left but what is a person's to decide, and no row and
no object has changed.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from local.instances.throwaway import World
from tenantry.engine.clients.alibaba_rpc import call
from tenantry.engine.clients.dns_records import records_of
from tests.e2e.conftest import FILES, Life

ZONE: Final = "yyup.cc"
DNS: Final = ("alidns.aliyuncs.com", "2015-01-09")
RAM: Final = ("ram.aliyuncs.com", "2015-05-01")
DATA, ISOLATION, ACCESS, LIMIT, HARMLESS = (
    "data at risk",
    "isolation broken",
    "access",
    "quota or limit changed",
    "harmless",
)
UP, REMOVAL, PERSON = "up", "removal", "person"
Do = Callable[[Life], object]


@dataclass(frozen=True)
class Change:
    """A change by hand; where and as what it must be found; who mends it, and how a person does."""

    do: Do
    tenant: str
    system: str
    words: str  # in what is found
    kind: str
    mending: str
    undo: Do | None = None


def sql(text: str, database: str = "postgres") -> Do:
    def run(life: Life) -> None:
        with life.world.connect(database) as connection:
            connection.execute(text.encode())

    return run


def kubectl(*arguments: str) -> Do:
    return lambda life: life.world.run("kubectl", *arguments)


def create(code: str, version: str, kind: str, **body: Any) -> Do:
    def run(life: Life) -> None:
        document = {"apiVersion": version, "kind": kind, "metadata": {"name": "by-hand", "namespace": f"tenant-{code}"}}
        file = life.world.folder / ".local" / "by-hand.json"
        file.write_text(json.dumps({**document, **body}))
        life.world.run("kubectl", "create", "-f", str(file))

    return run


def patch(code: str, kind: str, name: str, body: Any, how: str = "merge") -> Do:
    return kubectl("patch", kind, name, "-n", f"tenant-{code}", "--type", how, "-p", json.dumps(body))


def ram(action: str, **parameters: str) -> Do:
    return lambda life: call(*RAM, action, parameters, life.world.env)


def version(code: str, default: str, edit: Callable[[Any], None]) -> Do:
    def run(life: Life) -> None:
        name = f"tenant-{code}"
        found = call(*RAM, "GetPolicy", {"PolicyName": name, "PolicyType": "Custom"}, life.world.env)
        document = json.loads(found["DefaultPolicyVersion"]["PolicyDocument"])
        edit(document)
        written = {"PolicyName": name, "PolicyDocument": json.dumps(document), "SetAsDefault": default}
        call(*RAM, "CreatePolicyVersion", written, life.world.env)

    return run


def trusts_root(life: Life) -> None:
    found = call(*RAM, "GetRole", {"RoleName": "tenant-k002"}, life.world.env)["Role"]
    document = json.loads(found["AssumeRolePolicyDocument"])
    root = f"acs:ram::{life.world.env['ALICLOUD_ACCOUNT_ID']}:root"
    document["Statement"].append({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [root]}})
    written = {"RoleName": "tenant-k002", "NewAssumeRolePolicyDocument": json.dumps(document)}
    call(*RAM, "UpdateRole", written, life.world.env)


def everything(document: Any) -> None:
    document["Statement"].append({"Effect": "Allow", "Action": ["oss:*"], "Resource": ["acs:oss:*:*:*"]})


def record(rr: str, kind: str, value: str) -> Do:
    wanted = {"DomainName": ZONE, "RR": rr, "Type": kind, "Value": value}
    return lambda life: call(*DNS, "AddDomainRecord", wanted, life.world.env)


def own_record(life: Life, code: str) -> Any:
    (found,) = [
        entry
        for entry in records_of({"domainName": ZONE, "rr": code, "type": "A"}, life.world.env)
        if entry.get("Remark")
    ]
    return found


def leads_elsewhere(life: Life) -> None:
    wanted = {"RecordId": own_record(life, "k002")["RecordId"], "RR": "k002", "Type": "A", "Value": "203.0.113.9"}
    call(*DNS, "UpdateDomainRecord", wanted, life.world.env)


def switched_off(life: Life) -> None:
    wanted = {"RecordId": own_record(life, "k001")["RecordId"], "Status": "Disable"}
    call(*DNS, "SetDomainRecordStatus", wanted, life.world.env)


def no_text_record(life: Life) -> None:
    for found in records_of({"domainName": ZONE, "rr": "k002", "type": "TXT"}, life.world.env):
        call(*DNS, "DeleteDomainRecord", {"RecordId": found["RecordId"]}, life.world.env)


def expires_all(life: Life) -> None:
    import oss2

    rule = oss2.models.LifecycleRule("by-hand", "kindergarten/", expiration=oss2.models.LifecycleExpiration(days=1))
    life.bucket(FILES).put_bucket_lifecycle(oss2.models.BucketLifecycle([rule]))


def lets_everybody_read(life: Life) -> None:
    arn = f"acs:oss:*:{life.world.env['ALICLOUD_ACCOUNT_ID']}:{FILES}/*"
    everybody = {"Effect": "Allow", "Action": ["oss:GetObject"], "Principal": ["1234567890"], "Resource": [arn]}
    life.bucket(FILES).put_bucket_policy(json.dumps({"Version": "1", "Statement": [everybody]}))


RBAC: Final = "rbac.authorization.k8s.io"
ANYBODY: Final = {"ingress": [{"from": [{"namespaceSelector": {}}]}]}
BINDING: Final = {
    "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": "somebody"}],
}
CLAIM: Final = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
ALIASES: Final = "/spec/template/spec/hostAliases"
ALIAS: Final = {"ip": "203.0.113.5", "hostnames": ["rent.yyup.cc"]}
QUOTA: Final = {"spec": {"hard": {"pods": "500", "persistentvolumeclaims": "1", "requests.storage": "1Gi"}}}


OWNED: Final = """
ALTER TABLE mine OWNER TO rent001;
DO 'BEGIN EXECUTE (SELECT string_agg(format($q$ALTER LARGE OBJECT %s OWNER TO rent001$q$, oid), $q$;$q$)
    FROM pg_largeobject_metadata); END'
"""
CHANGES: Final[dict[str, Change]] = {
    "CONNECT for everybody": Change(
        sql("GRANT CONNECT ON DATABASE rent001 TO PUBLIC"), "k001", "PostgreSQL", "PUBLIC holds CONNECT", ISOLATION, UP
    ),
    "more connections": Change(
        sql("ALTER DATABASE rent001 CONNECTION LIMIT 500"), "k001", "PostgreSQL", "takes 500 connections", LIMIT, UP
    ),
    "no timeout": Change(
        sql("ALTER ROLE rent001_a SET statement_timeout = 0"), "k001", "PostgreSQL", "statement_timeout", LIMIT, UP
    ),
    "a role of its name": Change(
        sql("CREATE ROLE rent001_by_hand LOGIN"), "k001", "PostgreSQL", "role rent001_by_hand", ACCESS, REMOVAL
    ),
    "a member of another's owner": Change(
        sql("GRANT rent002 TO rent001_a"), "k002", "PostgreSQL", "rent001_a is a member", ISOLATION, REMOVAL
    ),
    "rights in the database": Change(
        sql("CREATE ROLE by_hand; GRANT SELECT ON students TO by_hand", "rent002"),
        "k002",
        "PostgreSQL",
        "by_hand holds SELECT on table public.students",
        ISOLATION,
        REMOVAL,
    ),
    "default rights": Change(
        sql("ALTER DEFAULT PRIVILEGES FOR ROLE rent002 GRANT SELECT ON TABLES TO by_hand", "rent002"),
        "k002",
        "PostgreSQL",
        "by_hand gets rights on all tables",
        ISOLATION,
        REMOVAL,
    ),
    "a power": Change(sql("ALTER ROLE rent002_a CREATEDB"), "k002", "PostgreSQL", "createDatabase", ISOLATION, UP),
    "another password": Change(
        sql("ALTER ROLE rent002_a PASSWORD 'by hand'"), "k002", "PostgreSQL", "another password", ACCESS, UP
    ),
    "a database of its name": Change(
        sql("CREATE DATABASE rent002_copy OWNER rent002"),
        "k002",
        "PostgreSQL",
        "database rent002_copy",
        DATA,
        PERSON,
        sql("DROP DATABASE rent002_copy"),
    ),
    "an open wall": Change(
        patch("k001", "networkpolicy", "closed", {"spec": ANYBODY}),
        "k001",
        "Kubernetes",
        "NetworkPolicy k001-ns-networkpolicy-closed: differs",
        ISOLATION,
        UP,
    ),
    "a missing wall": Change(
        kubectl("delete", "networkpolicy", "openings", "-n", "tenant-k002"),
        "k002",
        "Kubernetes",
        "NetworkPolicy k002-ns-networkpolicy-openings: is gone",
        ISOLATION,
        UP,
    ),
    "one more policy": Change(
        create("k001", "networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, **ANYBODY}),
        "k001",
        "Kubernetes",
        "NetworkPolicy by-hand",
        ISOLATION,
        REMOVAL,
    ),
    "a larger quota": Change(
        patch("k001", "resourcequota", "plan", QUOTA), "k001", "Kubernetes", "spec.hard.pods", LIMIT, UP
    ),
    "a binding": Change(
        create("k001", f"{RBAC}/v1", "RoleBinding", **BINDING),
        "k001",
        "Kubernetes",
        "RoleBinding by-hand",
        ACCESS,
        REMOVAL,
    ),
    "stopped": Change(
        kubectl("scale", "deployment", "business-app", "-n", "tenant-k002", "--replicas", "0"),
        "k002",
        "Kubernetes",
        "spec.replicas",
        ACCESS,
        UP,
    ),
    "no Pod Security": Change(
        kubectl("label", "namespace", "tenant-k002", "pod-security.kubernetes.io/enforce=privileged", "--overwrite"),
        "k002",
        "Kubernetes",
        "pod-security.kubernetes.io/enforce restricted -> privileged",
        ISOLATION,
        UP,
    ),
    "a volume": Change(
        create("k001", "v1", "PersistentVolumeClaim", **CLAIM),
        "k001",
        "Kubernetes",
        "PersistentVolumeClaim by-hand",
        DATA,
        PERSON,
        kubectl("delete", "pvc", "by-hand", "-n", "tenant-k001"),
    ),
    "the tenant's own settings": Change(
        create("k002", "v1", "ConfigMap", data={"a": "b"}),
        "k002",
        "Kubernetes",
        "ConfigMap by-hand",
        HARMLESS,
        PERSON,
        kubectl("delete", "configmap", "by-hand", "-n", "tenant-k002"),
    ),
    "another address of a host": Change(
        patch("k001", "deployment", "business-app", [{"op": "add", "path": ALIASES, "value": [ALIAS]}], "json"),
        "k001",
        "Kubernetes",
        "spec.template.spec.hostAliases[ip=203.0.113.5]",
        ISOLATION,
        PERSON,
        patch("k001", "deployment", "business-app", [{"op": "remove", "path": ALIASES}], "json"),
    ),
    "one more policy of the role": Change(
        ram("AttachPolicyToRole", PolicyType="System", PolicyName="AdministratorAccess", RoleName="tenant-k001"),
        "k001",
        "RAM",
        "AdministratorAccess",
        ISOLATION,
        REMOVAL,
    ),
    "a wider policy": Change(
        version("k001", "true", everything), "k001", "RAM", "Policy k001-files-policy: differs", ISOLATION, UP
    ),
    "a version in waiting": Change(
        version("k002", "false", everything), "k002", "RAM", "a version v2", ACCESS, REMOVAL
    ),
    "trust for all": Change(trusts_root, "k002", "RAM", "assumeRolePolicyDocument", ISOLATION, UP),
    "files that expire": Change(expires_all, "", "OSS", "lifecycleRules", DATA, UP),
    "a bucket policy": Change(lets_everybody_read, "", "OSS", "a policy that nobody declared", ISOLATION, REMOVAL),
    "a second address": Change(record("k001", "A", "203.0.113.7"), "k001", "DNS", "203.0.113.7", ISOLATION, REMOVAL),
    "a certificate's proof": Change(
        record("_acme-challenge.k001", "TXT", "proof"), "k001", "DNS", "_acme-challenge.k001", ISOLATION, REMOVAL
    ),
    "another address": Change(leads_elsewhere, "k002", "DNS", "203.0.113.9", ISOLATION, UP),
    "switched off": Change(switched_off, "k001", "DNS", "status", ACCESS, UP),
    "a proof of ownership": Change(
        record("k002", "TXT", "owner"), "k002", "DNS", "TXT owner", HARMLESS, PERSON, no_text_record
    ),
}


ROLES: Final = """
SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolcanlogin, rolconnlimit, rolconfig, ARRAY(
    SELECT pg_get_userbyid(roleid) FROM pg_auth_members WHERE member = pg_roles.oid ORDER BY 1)
FROM pg_roles WHERE rolname <> 'by_hand' ORDER BY 1
"""
DATABASES: Final = """
SELECT datname, datallowconn, datconnlimit, ARRAY(SELECT acl::text FROM unnest(datacl) AS acl ORDER BY 1)
FROM pg_database ORDER BY 1
"""
OBJECTS: Final = "networkpolicies,resourcequotas,limitranges,rolebindings,deployments,configmaps,persistentvolumeclaims"


def systems(life: Life) -> dict[str, Any]:
    """The systems' own word on all that the changes touch, whatever the stack's record says."""
    with life.world.connect() as connection:
        roles = connection.execute(ROLES.encode()).fetchall()
        databases = connection.execute(DATABASES.encode()).fetchall()
    objects: dict[str, Any] = {}
    for space in ("tenant-k001", "tenant-k002"):
        found = life.world.kubectl("get", OBJECTS, "-n", space)["items"]
        objects |= {
            f"{space} {result['kind']} {result['metadata']['name']}": result.get("spec", result.get("roleRef"))
            for result in found
        }
        objects[space] = life.world.kubectl("get", "namespace", space)["metadata"]["labels"]
    cloud = life.world.alibaba()
    policies = {name: policy["versions"][policy["default"]] for name, policy in cloud["policies"].items()}
    records = [
        {key: value for key, value in found.items() if key != "id"} for found in cloud["domains"][ZONE]["records"]
    ]
    buckets = {name: (bucket["acl"], bucket["policy"], bucket["configs"]) for name, bucket in cloud["buckets"].items()}
    return {"roles": roles, "databases": databases, "objects": objects, "ram": cloud["roles"], "policies": policies,
            "records": records, "buckets": buckets}  # fmt: skip


def findings(document: Any) -> list[dict[str, Any]]:
    return [{**finding, "tenant": code} for code, listed in document["tenants"].items() for finding in listed]


def matches(change: Change, finding: dict[str, Any]) -> bool:
    text = f"{finding['subject']}: {finding['said']}"
    return (finding["tenant"], finding["system"]) == (change.tenant, change.system) and change.words in text


def look(world: World, *options: str) -> tuple[int, Any]:
    done = world.run("tenantry", "drift", "--stack", "local", "--format", "json", *options, ok=None)
    assert done.stdout.startswith("{"), done.stderr
    print(done.stderr)  # shown where a test fails
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def changed(life: Life) -> tuple[Any, int, Any]:
    """The data before, and what one look finds once all is changed."""
    sql(OWNED, life.database)(life)  # the test's rows were written by the administrator
    code, document = look(life.world)
    assert (code, findings(document), document["unseen"]) == (0, [], []), "nothing has been changed yet"
    before = life.data(), systems(life)
    for change in CHANGES.values():
        change.do(life)
    return before, *look(life.world)


def test_nothing_but_what_was_changed_is_found(changed: tuple[Any, int, Any]) -> None:
    _, code, document = changed
    assert (code, document["worst"], document["unseen"]) == (7, DATA, [])
    # Said twice, of whom it is done to and of whom it is a member; of the database, and of its limit.
    expected = ("roles", "connectionLimit 60 -> 500")
    others = [
        f"{finding['tenant']} {finding['subject']}: {finding['said']}"
        for finding in findings(document)
        if not any(matches(change, finding) for change in CHANGES.values())
        and not any(words in finding["said"] for words in expected)
    ]
    assert others == []


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_found_and_classified(changed: tuple[Any, int, Any], name: str) -> None:
    change, document = CHANGES[name], changed[2]
    found = [finding for finding in findings(document) if matches(change, finding)]
    assert [(finding["class"], finding["mending"]) for finding in found] == [(change.kind, change.mending)], document


def test_a_repair_leaves_what_a_person_decides_and_no_data_changes(changed: tuple[Any, int, Any], life: Life) -> None:
    code, document = look(life.world, "--repair")
    left = findings(document)
    wanted = {name for name, change in CHANGES.items() if change.mending == PERSON}
    assert {name for name in wanted if any(matches(CHANGES[name], finding) for finding in left)} == wanted
    assert [finding for finding in left if finding["mending"] != PERSON] == []
    assert (code, len(left)) == (7, len(wanted))
    assert len(document["mended"]) >= len(CHANGES) - len(wanted)
    assert life.data() == changed[0][0]
    assert life.may_log_in()


def test_then_nothing_is_left(changed: tuple[Any, int, Any], life: Life) -> None:
    for change in CHANGES.values():
        if change.undo is not None:
            change.undo(life)
    code, document = look(life.world)
    assert (code, findings(document), document["unseen"]) == (0, [], [])
    assert systems(life) == changed[0][1], "clean is what the systems are, and not only the record"
    said = life.world.run("tenantry", "status", "--stack", "local").stdout
    assert "drift" not in said, "it was looked at a moment ago"
    sql("DROP ROLE by_hand")(life)
