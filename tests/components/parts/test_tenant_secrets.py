"""The tenant's secrets for other services: in its pod and nowhere else, and their change starts the pod anew."""

import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.parts.tenant_secrets import CHECKSUM, DIRECTORY, NAME
from components.shared.installation import Installation, PlatformDependencies
from components.tenant import Tenant, TenantArgs
from tenantry.spec.tenant_secrets import _PLATFORMS as PLATFORMS  # pyright: ignore[reportPrivateUsage] (held to the list)

VALUES = {"wechat-pay-key": "the key of a merchant", "sms-token": "the token of a sender"}
FILE = [{"name": name, "from": f"config:k001.{name}"} for name in VALUES]


@pytest.fixture
def with_secrets(record: Any, tenant: Any, installation: Installation, make_providers: Any) -> Callable[..., Any]:
    """Records a tenant with two secrets of these values; none without access."""

    def run(values: dict[str, str] = VALUES, preview: bool = False, **changes: Any) -> Any:
        resolved = tenant(secrets=FILE, **changes)

        def program() -> None:
            given = {name: pulumi.Output.secret(value) for name, value in values.items()}
            secrets = given if resolved.phase.has_access else {}
            args = TenantArgs(resolved, installation, make_providers(), PlatformDependencies(), True, secrets)
            Tenant(resolved.code, args)

        return record(program, preview=preview)

    return run


def template(recording: Any) -> dict[str, Any]:
    return recording.named("k001-app-deployment").inputs["spec"]["template"]


def test_they_stand_in_a_secret_of_their_own_as_secret_values(with_secrets, secret_type) -> None:
    recording = with_secrets()
    resource = recording.named("k001-app-tenant-secrets")
    assert resource.type == "kubernetes:core/v1:Secret"
    assert resource.inputs["metadata"]["name"] == NAME
    data = resource.inputs["data"]
    assert all(isinstance(value, secret_type) for value in data.values())
    shown = {key: b64decode(value.value).decode() for key, value in data.items()}
    assert shown == {"WECHAT_PAY_KEY": VALUES["wechat-pay-key"], "SMS_TOKEN": VALUES["sms-token"]}
    assert "k001-app-tenant-secrets" in recording.named("k001-app-deployment").after


def test_the_pod_has_each_as_a_variable_and_as_a_file_below_all_that_the_platform_sets(with_secrets) -> None:
    pod = template(with_secrets())["spec"]
    (container,) = pod["containers"]
    sources = [next(iter(source.values()))["name"] for source in container["envFrom"]]
    assert sources[0] == NAME  # a later one of the same variable counts
    assert sources[1:] == ["business-app", "business-app"]
    assert {"name": NAME, "secret": {"secretName": NAME}} in pod["volumes"]
    assert {"name": NAME, "mountPath": DIRECTORY, "readOnly": True} in container["volumeMounts"]
    variables = {variable["name"]: variable["value"] for variable in container["env"]}
    assert variables["WECHAT_PAY_KEY_FILE"] == f"{DIRECTORY}/WECHAT_PAY_KEY"
    assert variables["SMS_TOKEN_FILE"] == f"{DIRECTORY}/SMS_TOKEN"


def test_no_value_is_in_a_plain_input_or_output(with_secrets, secret_type) -> None:
    recording = with_secrets()

    def plain(value: Any) -> Any:
        if isinstance(value, secret_type):
            return "[secret]"
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    seen = json.dumps(
        [plain(resource.inputs) for resource in recording.resources] + [plain(recording.finished)], default=str
    )
    assert not [value for value in VALUES.values() if value in seen]


def test_only_a_changed_value_changes_the_checksum(with_secrets) -> None:
    def checksum(**values: str) -> str:
        return template(with_secrets({**VALUES, **values}))["metadata"]["annotations"][CHECKSUM]

    first = checksum()
    assert checksum() == first
    assert len({first, checksum(**{"sms-token": "another"}), checksum(**{"wechat-pay-key": "another"})}) == 3


def test_the_checksum_is_no_plain_hash_of_the_values(with_secrets, parts, tenant) -> None:
    """Its key is the tenant's own: the same values of another tenant have another."""
    one = template(with_secrets())["metadata"]["annotations"][CHECKSUM]
    assert isinstance(one, str)
    assert len(one) == 64
    assert CHECKSUM not in template(parts(tenant()))["metadata"]["annotations"]


@pytest.mark.parametrize("changes", [{"status": "suspended"}, {"status": "inactive"}])
def test_without_access_the_secret_is_empty(with_secrets, changes: dict[str, str]) -> None:
    recording = with_secrets(**changes)
    assert recording.named("k001-app-tenant-secrets").inputs["data"] == {}
    assert recording.named("k001-app-deployment").inputs["spec"]["replicas"] == 0


def test_a_tenant_that_sleeps_keeps_them(with_secrets) -> None:
    assert len(with_secrets(hibernated=True).named("k001-app-tenant-secrets").inputs["data"]) == 2


def test_a_deleted_tenant_has_none(with_secrets) -> None:
    recording = with_secrets(status="deleted", deleted_at="2026-10-10")
    assert not [resource for resource in recording.resources if resource.name.endswith("tenant-secrets")]


def test_services_are_not_given_them_and_do_not_start_anew(with_secrets, parts, tenant) -> None:
    given = with_secrets(enabled_services=["enrollment"]).named("k001-svc-enrollment-deployment").inputs
    without = parts(tenant(enabled_services=["enrollment"])).named("k001-svc-enrollment-deployment").inputs
    assert given == without


def test_no_variable_of_the_platform_could_be_taken_by_a_secrets_name(parts, tenant, redis_parts) -> None:
    changes = {"enabled_services": ["enrollment"], "credentials": {"rotation": 2}}
    names = set[str]()
    for recording in (parts(tenant(**changes)), redis_parts(tenant(**changes), "redis://k001:hunter2@redis:6379/0")):
        for resource in recording.resources:
            if (
                resource.type.endswith((":ConfigMap", ":Secret"))
                and resource.inputs["metadata"]["name"] == "business-app"
            ):
                names |= resource.inputs["data"].keys()
            if resource.type.endswith(":Deployment"):
                (container,) = resource.inputs["spec"]["template"]["spec"]["containers"]
                names |= {entry["name"] for entry in container.get("env", [])}
    assert len(names) > 25
    assert [name for name in sorted(names) if not PLATFORMS.fullmatch(name)] == []
