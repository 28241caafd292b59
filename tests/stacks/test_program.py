"""The whole program against a recording engine: what it registers, in which order, and when it refuses to."""

import json
from typing import Any

import pulumi
import pytest
import yaml

from stacks import program
from stacks.config import ROOT
from tests.stacks.conftest import ME, tenants_of


def test_the_first_run_registers_everything(run, tenants) -> None:
    recording = run(tenants(k001={}, k002={}))
    assert tenants_of(recording) == ["k001", "k002"]
    assert len(recording.of("Platform")) == 1
    assert recording.result["tenants"].keys() == {"k001", "k002"}
    assert recording.result["tenants"]["k001"] == {
        "domain": "k001.yyup.cc",
        "database": "rent001",
        "namespace": "tenant-k001",
        "prefix": "kindergarten/rent/13800000001/",
        "role": "tenant-k001",
        "phase": "active",
        "cell": "main",
        "plan": "basic",
        "services": [],
    }


def test_every_admission_policy_stands_before_the_first_namespace(run, tenants) -> None:
    recording = run(tenants(k001={}))
    policies = {resource.name for resource in recording.resources if resource.parent == "platform-guardrails"}
    assert len(policies) >= 30
    assert policies <= recording.all_before("k001-ns-namespace")


def test_its_own_outputs_are_enough_for_the_next_run(run, tenants) -> None:
    folder = tenants(k001={}, k002={})
    outputs = json.loads(json.dumps(run(folder).result["tenants"]))
    assert tenants_of(run(folder, outputs)) == ["k001", "k002"]


@pytest.mark.parametrize("files", [{"k001": {}}, {"k001": {}, "k003": {}}, {"k001": {}, "k002": {"cell": "c02"}}])
def test_a_tenant_not_accounted_for_stops_it_before_anything_is_registered(
    run, tenants, monkeypatch, files: dict[str, Any]
) -> None:
    last = run(tenants(k001={}, k002={})).result["tenants"]
    monkeypatch.setattr(program.providers, "make", lambda config: pytest.fail("something was registered"))
    with pytest.raises(pulumi.RunError, match="k002"):
        run(tenants(**files), last)


def test_a_file_with_a_fault_stops_it_before_anything_is_registered(run, tenants, monkeypatch) -> None:
    monkeypatch.setattr(program.providers, "make", lambda config: pytest.fail("something was registered"))
    folder = tenants(k001={})
    (folder / "k002.yaml").write_text("code: k002\nname: [", encoding="utf-8")
    with pytest.raises(pulumi.RunError, match=r"k002\.yaml:"):
        run(folder)


def test_providers_are_explicit_and_few(run, tenants) -> None:
    recording = run(tenants(k001={}))
    made = {
        resource.name: resource for resource in recording.resources if resource.type.startswith("pulumi:providers:")
    }
    assert made.keys() == {
        "kubernetes",
        "postgresql",
        "alicloud-system",
        "alicloud-photos",
        "alicloud-backups",
        "random",
        "steps",
    }
    for resource in recording.resources:
        if resource.custom and resource.name not in made:
            assert resource.provider in made, resource.name


def test_the_stand_in_is_spoken_to_in_http_and_alibaba_in_https(run, tenants, monkeypatch) -> None:
    local = run(tenants(k001={})).named("alicloud-photos").inputs
    assert local["protocol"] == "HTTP"
    assert local["skipRegionValidation"] in (True, "true")
    monkeypatch.delenv("TENANTRY_ALIBABA_PROXY")
    real = run(tenants(k001={})).named("alicloud-photos").inputs
    assert real["protocol"] == "HTTPS"
    assert "skipRegionValidation" not in real
    assert real["region"] == "cn-shanghai"


def test_passwords_and_keys_reach_providers_as_secrets(run, tenants, secret_type) -> None:
    recording = run(tenants(k001={}))
    assert recording.named("postgresql").inputs["password"] == secret_type("pg-password")
    for name in ("alicloud-system", "alicloud-photos"):
        assert recording.named(name).inputs["secretKey"] == secret_type("key-secret")
    steps = recording.named("steps").inputs
    assert all(isinstance(value, secret_type) for value in steps.values())


def test_settings_of_our_own_provider(run, tenants) -> None:
    inputs = run(tenants(k001={})).named("steps").inputs
    postgresql, alibaba = json.loads(inputs["postgresql"].value), json.loads(inputs["alibaba"].value)
    assert postgresql == {
        "host": "127.0.0.1",
        "port": 5433,
        "username": "tenantry",
        "password": "pg-password",
        "sslmode": "disable",
        "backupLimitMinutes": 60,
    }
    assert alibaba == {
        "accessKey": "key-id",
        "secretKey": "key-secret",
        "accountId": "1234567890123456",
        "proxy": "http://127.0.0.1:8085",
        "regions": {"systemkarder": "cn-guangzhou", "faceshanghaikarden": "cn-shanghai"},
    }


def test_the_nightly_backup_is_handed_the_systems_with_the_name_of_its_stack(run, tenants) -> None:
    spec = run(tenants(k001={})).one("CronJob").inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    told = {variable["name"]: variable["value"] for variable in spec["containers"][0]["env"]}
    assert told == {
        "TENANTRY_SYSTEMS_OF": "test",
        "PGHOST": "127.0.0.1",
        "PGPORT": "5433",
        "PGUSER": "tenantry",
        "PGSSLMODE": "disable",
        "TENANTRY_ROLE_ARN": "acs:ram::1234567890123456:role/tenantry-backup",
        "TENANTRY_OIDC_PROVIDER_ARN": "acs:ram::1234567890123456:oidc-provider/tenantry",
        "TENANTRY_ID_TOKEN_FILE": "/var/run/secrets/tenantry.io/sts/token",
        "TENANTRY_ROLE_SECONDS": "21600",
    }


def test_tenants_wait_for_what_they_stand_on(run, tenants) -> None:
    recording = run(tenants(k001={}))
    assert "platform-systemkarder-bucket" in recording.named("k001-files-directories").after
    assert "platform-faceshanghaikarden-closed" in recording.named("k001-files-directories").after
    assert {"platform-identity-oidc", "platform-identity-broker"} <= set(recording.named("k001-files-role").after)
    assert "platform-gateway-gateway" in recording.named("k001-app-httproute").after
    assert "platform-admin-tenant-management-migrations" in recording.named("k001-row").after
    assert "platform-admin-tenant-management-rights" in recording.all_before("k001-row")


def test_outputs_hold_nothing_secret_but_as_secrets(run, tenants) -> None:
    result = run(tenants(k001={})).result
    assert "generated" not in json.dumps({key: result[key] for key in ("tenants", "platform")})
    assert "broker" not in result


def test_each_row_says_which_stack_holds_it(run, tenants) -> None:
    assert run(tenants(k001={})).named("k001-row").inputs["heldBy"] == ME


def test_backups_in_the_region_of_the_files_are_refused(run, tenants) -> None:
    with pytest.raises(pulumi.RunError, match="another region"):
        run(tenants(k001={}), backupRegion="cn-guangzhou")


CELL = {"holds": ["cell/c02"], "platformStack": "organization/tenantry/prod"}


def test_a_stack_of_one_cell_holds_its_tenants_alone(run, tenants) -> None:
    folder = tenants(k001={}, k002={"cell": "c02"})
    facts = run(folder).result["platform"]
    recording = run(folder, others={CELL["platformStack"]: {"platform": facts}}, **CELL)
    assert tenants_of(recording) == ["k002"]
    assert not recording.of("Platform")
    assert recording.result.keys() == {"tenants", "leaving", "purged", "settings", "madeFrom"}


def test_a_cell_without_a_platform_is_refused(refused, tenants) -> None:
    folder = tenants(k002={"cell": "c02"})
    assert "tenantry:platformStack is not set" in refused(folder, holds=["cell/c02"])
    assert "has no platform yet" in refused(folder, **CELL)


def test_a_cell_on_another_installations_platform_is_refused(run, refused, tenants) -> None:
    folder = tenants(k002={"cell": "c02"})
    facts = run(folder).result["platform"] | {"account": "6543210987654321"}
    assert "differs in account" in refused(folder, others={CELL["platformStack"]: {"platform": facts}}, **CELL)


def test_a_platform_without_cells_knows_all_tenants_rules(run, tenants) -> None:
    recording = run(tenants(k001={}, k002={"cell": "c02"}), holds=["platform"])
    assert not tenants_of(recording)
    rules = recording.named("platform-systemkarder-bucket").inputs["lifecycleRules"]
    assert [rule["prefix"] for rule in rules[1:]] == [
        "kindergarten/rent/13800000001/temp/",
        "kindergarten/rent/13800000002/temp/",
    ]


def test_a_preview_of_the_first_run_shows_every_tenant(run, tenants, unknown_places) -> None:
    recording = run(tenants(k001={}, k002={}), options={"preview": True})
    assert tenants_of(recording) == ["k001", "k002"]
    unknown = [place for resource in recording.resources for place in unknown_places(resource)]
    generated = ("assword", "-app-secret.data.", "-row.settings.tokens.")
    assert not [place for place in unknown if not any(word in place for word in generated)]


def test_the_prod_stack_is_complete_but_for_its_secrets(run, tenants, secret_type, monkeypatch) -> None:
    """With nothing of the environment, and Alibaba Cloud spoken to in HTTPS."""
    monkeypatch.setenv("TENANTRY_WITHOUT_POLICIES", "prod")
    given = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]
    secrets = {
        "databasePassword": "pg-hidden",
        "alibabaAccessKey": "id-hidden",
        "alibabaSecretKey": "key-hidden",
        "kubeconfig": "apiVersion: v1",
    }
    recording = run(
        tenants(k001={}),
        options={"stack": "prod", "secrets": tuple(f"tenantry:{key}" for key in secrets)},
        **{key.removeprefix("tenantry:"): value for key, value in given.items()},
        **secrets,
        today="",
    )
    assert tenants_of(recording) == ["k001"]
    assert recording.named("postgresql").inputs["password"] == secret_type("pg-hidden")
    assert recording.named("postgresql").inputs["sslmode"] == "verify-full"
    assert recording.named("alicloud-system").inputs["protocol"] == "HTTPS"
    assert len(recording.of("BucketPolicy")) == 3
    assert recording.named("kubernetes").inputs["kubeconfig"] == secret_type("apiVersion: v1")


def test_protection_is_lifted_everywhere_by_the_stacks_name(run, tenants) -> None:
    folder = tenants(k001={})
    assert any(resource.protect for resource in run(folder).resources)
    assert not any(resource.protect for resource in run(folder, allowDestroy="test").resources)


def test_a_service_without_a_digest_is_refused_where_digests_are_asked_for(run, refused, tenants) -> None:
    folder = tenants(k001={"enabled_services": ["posters"]}, k002={})
    catalogue = yaml.safe_load((ROOT / "tenants" / "services.yaml").read_text(encoding="utf-8"))
    del catalogue["services"]["posters"]["digest"]
    (folder / "services.yaml").write_text(yaml.safe_dump(catalogue, allow_unicode=True), encoding="utf-8")
    assert run(folder).named("k001-svc-posters-deployment")
    digest = "business-app:1.0.0@sha256:" + "0" * 64
    said = refused(folder, imageDigest=True, image=digest)
    assert "in services.yaml posters has no `digest`" in said
    (folder / "k001.yaml").unlink()
    assert run(folder, imageDigest=True, image=digest)


def test_where_there_is_keda_it_scales(run, tenants) -> None:
    recording = run(tenants(k001={}), keda=True, prometheusUrl="http://prometheus:9090")
    trigger = recording.one("ScaledObject").inputs["spec"]["triggers"][0]
    assert trigger["metadata"]["serverAddress"] == "http://prometheus:9090"


@pytest.mark.parametrize("rail", ["scale", "finalizers"])
def test_keda_may_scale_and_only_where_there_is_one(run, tenants, rail: str) -> None:
    def allowed(**settings: Any) -> bool:
        spec = run(tenants(k001={}), **settings).named(f"platform-guardrails-{rail}").inputs["spec"]
        return "system:serviceaccount:scalers:keda" in str(spec["matchConditions"])

    assert allowed(keda=True, kedaAccount="scalers/keda")
    assert not allowed(keda=True)
    assert not allowed(kedaAccount="scalers/keda")


def test_the_given_certificates_reach_the_nightly_backup(run, tenants) -> None:
    ca = "-----BEGIN CERTIFICATE-----"
    assert run(tenants(k001={}), databaseCa=ca).named("platform-backups-ca").inputs["data"] == {"ca.pem": ca}


def test_a_preview_leaves_out_who_it_is_told_to_and_a_run_that_changes_things_nobody(run, tenants, monkeypatch) -> None:
    folder = tenants(k001={}, k002={})
    monkeypatch.setenv("TENANTRY_LEAVE_OUT", "k002,k009")
    assert tenants_of(run(folder, options={"preview": True})) == ["k001"]
    assert tenants_of(run(folder)) == ["k001", "k002"]
