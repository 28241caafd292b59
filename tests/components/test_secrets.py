"""No credential leaves a component in clear, nor does anything that is made from one."""

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest


def plain(value: Any, secret: type) -> Any:
    """The value with every secret part left out."""
    if isinstance(value, secret):
        return "[secret]"
    if isinstance(value, dict):
        return {key: plain(item, secret) for key, item in value.items()}
    return [plain(item, secret) for item in value] if isinstance(value, list) else value


def test_no_generated_value_is_in_a_plain_input(parts, tenant, secret_type) -> None:
    recording = parts(tenant())
    seen = json.dumps([plain(resource.inputs, secret_type) for resource in recording.resources], default=str)
    outputs = json.dumps(plain(recording.finished, secret_type), default=str)
    (root,) = recording.of("RandomPassword")
    secrets = recording.one("Secret").inputs["data"]
    made = [
        f"generated-{root.name}",
        f"generated-{recording.one('Seed').name}",
        *(b64decode(secret.value).decode() for secret in secrets.values() if len(secret.value) > 40),
    ]
    assert len(made) == 6
    for value in made:
        for written in (value, b64encode(value.encode()).decode()):
            assert written not in seen
            assert written not in outputs


def test_every_entry_of_the_secret_is_one(parts, tenant, secret_type) -> None:
    recording = parts(tenant())
    secret = recording.one("Secret")
    assert set(secret.inputs["data"]) == {
        "DB_USER",
        "DB_PASSWORD",
        "JWT_SECRET",
        "UNIFIED_TENANT_API_KEY",
        "AI_TOKEN",
    }
    assert all(isinstance(value, secret_type) for value in secret.inputs["data"].values())
    assert "stringData" not in secret.inputs
    assert set(secret.secret_outputs) >= {"data", "stringData"}


def test_a_login_roles_password_is_a_secret(parts, tenant, secret_type) -> None:
    recording = parts(tenant())
    resource = [recording.named(f"k001-db-login-{suffix}").inputs["password"] for suffix in "ab"]
    assert all(isinstance(password, secret_type) for password in resource)
    assert len({password.value for password in resource}) == 2
    in_turn = recording.one("Secret").inputs["data"]["DB_PASSWORD"].value
    assert b64decode(in_turn).decode() == resource[0].value


def test_the_administrators_password_leaves_the_tenant_as_a_secret(parts, tenant, secret_type) -> None:
    recording = parts(tenant())
    assert recording.one("Seed").secret_outputs == ("password", "passwords")
    administrator = {"login": "13800138001", "password": "generated-k001-db-seed"}
    assert recording.finished["k001"]["administrator"] == secret_type(administrator)


@pytest.mark.parametrize("key", ["password", "secret", "token", "key"])
def test_the_config_map_names_no_credential(parts, tenant, key: str) -> None:
    data = parts(tenant()).one("ConfigMap").inputs["data"]
    assert not [name for name in data if key in name.lower() and name != "ALIBABA_CLOUD_OIDC_TOKEN_FILE"]


def test_a_cache_url_with_a_password_is_kept_with_the_credentials(record, tenant, redis_parts, secret_type) -> None:
    recording = redis_parts(tenant(), "redis://k001:hunter2@redis:6379/0")
    data = recording.one("Secret").inputs["data"]
    assert isinstance(data["REDIS_URL"], secret_type)
    assert b64decode(data["REDIS_KEY_PREFIX"].value) == b"k001:"
    assert "hunter2" not in json.dumps(
        [plain(resource.inputs, secret_type) for resource in recording.resources], default=str
    )


def test_a_preview_shows_everything_but_what_is_generated(parts, tenant, unknown_places) -> None:
    recording = parts(tenant(), preview=True)
    unknown = {place for resource in recording.resources for place in unknown_places(resource)}
    assert unknown == {
        "k001-db-login-a.password",
        "k001-db-login-b.password",
        "k001-db-rights.passwords",
        "k001-app-secret.data.DB_PASSWORD",
        "k001-app-secret.data.JWT_SECRET",
        "k001-app-secret.data.UNIFIED_TENANT_API_KEY",
        "k001-app-secret.data.AI_TOKEN",
        "k001-row.settings.tokens.unifiedTenantApi[0].sha256",
        "k001-row.settings.tokens.ai[0].sha256",
    }
