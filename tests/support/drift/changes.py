"""Changes made by hand, each with what drift must say of it: where, how grave, and who mends it."""

from dataclasses import dataclass
from typing import Any, Final

from tests.support.drift.by_hand import (
    Do,
    create,
    everything,
    expires_all,
    kubectl,
    leads_elsewhere,
    lets_everybody_read,
    no_text_record,
    patch,
    ram,
    record,
    sql,
    switched_off,
    trusts_root,
    version,
)

DATA, ISOLATION, ACCESS, LIMIT, HARMLESS = (
    "data at risk",
    "isolation broken",
    "access",
    "quota or limit changed",
    "harmless",
)
UP, REMOVAL, PERSON = "up", "removal", "person"


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


def findings(document: Any) -> list[dict[str, Any]]:
    return [{**finding, "tenant": code} for code, listed in document["tenants"].items() for finding in listed]


def matches(change: Change, finding: dict[str, Any]) -> bool:
    text = f"{finding['subject']}: {finding['said']}"
    return (finding["tenant"], finding["system"]) == (change.tenant, change.system) and change.words in text
