"""Each rule on data, secrets and names objects when its one thing is changed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from policies.analyzer.decode import SECRET as SECRET_MARK
from policies.analyzer.decode import SIGNATURE
from tests.tenantry.spec.test_secret_detection import FINE, NAMED, TEXTS

DATABASE, BUCKET, SECRET, CONFIG = (
    "k001-db-database",
    "platform-systemkarder-bucket",
    "k001-app-secret",
    "k001-app-configmap",
)
APP, ROW, POLICY = "k001-app-deployment", "k001-row", "k001-files-policy"
ENV = "spec.template.spec.containers.0.env"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
HIDDEN = {SIGNATURE: SECRET_MARK, "value": "plain"}  # a secret value, on its way to the pack
OTHER = "urn:pulumi:test::tenantry::tenantry:components:Tenant$tenantry:components:Storage::k002-files"
CASES: list[tuple[str, str, str, Any]] = [
    ("protection-protect", DATABASE, "@protect", False),
    ("protection-protect", "k001-db-owner", "@protect", False),
    ("protection-protect", "k001-files-directories", "@protect", False),
    ("protection-protect", BUCKET, "@protect", False),
    ("protection-protect", "platform-kargerdensales-test-database", "@protect", False),
    ("protection-birth", DATABASE, "@ignore_changes", ("template", "encoding", "lcCollate", "lcCtype")),
    ("protection-birth", DATABASE, "@delete_before_replace", True),
    ("protection-force", BUCKET, "forceDestroy", True),
    ("protection-versions", BUCKET, "versioning", None),
    ("protection-versions", BUCKET, "versioning.status", "Suspended"),
    ("protection-secret", SECRET, "data.DB_PASSWORD", "cGxhaW4="),
    ("protection-secret", SECRET, "stringData", {"JWT_SECRET": "plain"}),
    ("protection-secret", "k001-db-login-a", "password", "plain"),
    ("protection-secret", CONFIG, "data.DB_PASSWORD", "plain"),
    ("protection-secret", CONFIG, "data.UNIFIED_TENANT_API_KEY", "plain"),
    ("protection-secret", CONFIG, "data.REDIS_URL", "redis://user:hidden@redis:6379/0"),
    ("protection-secret", CONFIG, "data.TENANT_SETTINGS", '{"config":{"integrations":{"clientSecret":"plain"}}}'),
    ("protection-secret", CONFIG, "data.CERTIFICATE", "-----BEGIN EC PRIVATE KEY-----"),
    ("protection-secret", CONFIG, "data.NOTE", JWT),
    ("protection-secret", CONFIG, "data.NOTE", "LTAI5tAbCdEfGhIjKlMnOpQr"),
    ("protection-secret", CONFIG, "data.NOTE", "AKIDa1B2c3D4e5F6g7H8i9J0"),
    ("protection-secret", CONFIG, "data.HOOK", "https://oapi.dingtalk.com/robot/send?access_token=0f1e2d3c4b5a6978"),
    ("protection-secret", CONFIG, "data.NOTE", "ghp_a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ"),
    ("protection-secret", CONFIG, "data.MCH_KEY", "plain"),
    ("protection-secret", ROW, "settings.config.integrations", {"oss": {"sk": "plain"}}),
    ("protection-secret", APP, ENV, [{"name": "JWT_SECRET", "value": "plain"}]),
    ("protection-secret", ROW, "settings.integrations.apiKey", "plain"),
    ("protection-secret", "postgresql", "password", "plain"),
    ("protection-place", CONFIG, "data.NOTE", HIDDEN),
    ("protection-place", APP, ENV, [{"name": "NOTE", "value": HIDDEN}]),
    ("protection-place", APP, "spec.template.metadata.annotations.tenantry~io/secrets-checksum", HIDDEN),
    ("protection-place", "k001-app-httproute", "metadata.annotations", {"note": HIDDEN}),
    ("protection-state", SECRET, "@secret_outputs", ()),
    ("protection-state", SECRET, "@secret_outputs", ("data",)),
    ("protection-output", "k001-db", "password", "plain"),
    ("names-agree", "k001-app-service", "metadata.namespace", "tenant-k002"),
    ("names-agree", POLICY, "description", "tenantry-k002"),
    ("names-component", DATABASE, "name", "rent002"),
    ("names-component", DATABASE, "name", "somewhere"),
    ("names-component", "k001-db-login-a", "@urn", "urn:pulumi:test::tenantry::postgresql:index/role:Role::role"),
    ("names-component", POLICY, "@urn", OTHER),
    ("names-component", POLICY, "@urn", OTHER.replace("k002-files", "files")),
    ("names-label", "k001-app-service", "metadata.labels", None),
    ("names-label", "k001-app-service", "metadata.namespace", "default"),
    ("names-label", "k001-app-service", "metadata.namespace", None),
    ("names-own-labels", "k001-app-service", "metadata.labels.team", "accounts"),
    ("names-own-labels", "k001-app-service", "spec.selector", {"label.tenantry.io/tier": "gold"}),
    ("names-own-labels", "k001-app-deployment", "spec.template.metadata.labels", {"label.tenantry.io/tier": "gold"}),
    (
        "names-own-labels",
        "k001-ns-networkpolicy-closed",
        "spec.podSelector",
        {"matchLabels": {"label.tenantry.io/tier": "gold"}},
    ),
    (
        "names-own-labels",
        "k001-ns-networkpolicy-closed",
        "spec.podSelector",
        {"matchExpressions": [{"key": "label.tenantry.io/tier", "operator": "Exists"}]},
    ),
    ("names-mark", POLICY, "description", None),
    ("names-mark", "k001-files-role", "description", "a role"),
    ("names-mark", "k001-dns", "remark", "kindergarten"),
    ("names-row", ROW, "databaseName", "rent002"),
    ("names-row", ROW, "domain", "k002.yyup.cc"),
    ("names-row", ROW, "tenantId", "K001"),
    ("names-mention", CONFIG, "data.DB_NAME", "rent002"),
    ("names-mention", CONFIG, "data.GATEWAY_URL", "https://k002.yyup.cc/api"),
    ("names-mention", CONFIG, "data.ADMIN_SERVICE_URL", "http://business-app.tenant-k002.svc:3000"),
    ("names-mention", CONFIG, "data.OTHER_PREFIX", "kindergarten/rent/13800000002/"),
    ("names-mention", ROW, "settings.config.integrations", {"host": "rent002_a@db"}),
    ("names-depends", "k001-row", "@dependencies", (OTHER,)),
    ("names-row-present", ROW, "-", None),
]


@pytest.mark.parametrize(("rule", "name", "path", "value"), CASES)
def test_a_change_breaks_the_rule(breaks: Callable[..., None], rule: str, name: str, path: str, value: Any) -> None:
    breaks(rule, name, path, value)


PRESENT: list[tuple[str, str, dict[str, Any]]] = [
    ("names-opaque", "kubernetes:helm.sh/v3:Release", {"chart": "app"}),
    ("names-opaque", "command:local:Command", {"create": "true"}),
]


@pytest.mark.parametrize(("rule", "type_", "props"), PRESENT)
def test_its_presence_breaks_the_rule(below, broken, rule: str, type_: str, props: dict[str, Any]) -> None:
    assert rule in {violation.rule.name for violation in broken({"one": below("one", type_, props)}).broken}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/var/run/secrets/token"),
        ("PASSWORD_MIN_LENGTH", "10"),
        ("ACCESS_TOKEN_MINUTES", "30"),
        ("SECRET_NAME", "business-app"),
        ("URL", "https://example.com:8443/a@b"),
        ("DB_HOST", "rent.yyup.cc"),
        ("PARENT", "parent001 and current00112"),
    ],
)
def test_what_only_sounds_like_it_passes(declared, change, broken, key: str, value: str) -> None:
    declared[CONFIG] = change(declared[CONFIG], f"data.{key}", value)
    assert [str(violation) for violation in broken(declared, only=[CONFIG]).broken] == []


@pytest.mark.parametrize(("name", "path"), [(ROW, "contactEmail"), ("k001-db-seed", "kindergarten.contactEmail")])
def test_one_office_may_look_after_two_kindergartens(declared, change, broken, name: str, path: str) -> None:
    declared[name] = change(declared[name], path, "office@k002.example.com")
    assert [str(violation) for violation in broken(declared, only=[name]).broken] == []


FAMILIES: dict[str, Any] = {**{name: {"value": text} for name, text in TEXTS.items()}, **NAMED}


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_file_may_not_say_no_tenants_configuration_may(declared, change, broken, family: str) -> None:
    """By the same families: in the ConfigMap of its application, and in its row."""
    config = {"branding": {}, "integrations": FAMILIES[family]}
    text = json.dumps({"config": config}, ensure_ascii=False)
    for name, path, value in ((CONFIG, "data.TENANT_SETTINGS", text), (ROW, "settings.config", config)):
        violations = broken({**declared, name: change(declared[name], path, value)}, only=[name]).broken
        assert {violation.rule.name for violation in violations} == {"protection-secret"}, name
        assert all("hunter2" not in str(violation) for violation in violations)


@pytest.mark.parametrize("family", FINE)
def test_what_a_file_may_say_a_tenants_configuration_may(declared, change, broken, family: str) -> None:
    config = {"integrations": FINE[family]}
    text = json.dumps({"config": config}, ensure_ascii=False)
    for name, path, value in ((CONFIG, "data.TENANT_SETTINGS", text), (ROW, "settings.config", config)):
        violations = broken({**declared, name: change(declared[name], path, value)}, only=[name]).broken
        assert [str(violation) for violation in violations if violation.rule.name == "protection-secret"] == []


def test_a_message_never_repeats_a_credential(declared, change, broken) -> None:
    for path, value in (("data.DB_PASSWORD", "s3cr3t-value"), ("data.URL", "redis://u:s3cr3t-value@redis")):
        violations = broken({**declared, CONFIG: change(declared[CONFIG], path, value)}, only=[CONFIG]).broken
        assert violations
        assert all("s3cr3t-value" not in str(result) for result in violations)


def test_a_login_role_that_must_not_log_in_is_no_owner(declared, change, broken) -> None:
    """It keeps its password; only the owner role, which has none, holds data."""
    role = "k001-db-login-a"
    assert broken({**declared, role: change(declared[role], "login", False)}, only=[role]).broken == []
