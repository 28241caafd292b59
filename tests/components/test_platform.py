"""The platform that all tenants share: buckets, identities, the gateway, the platform's databases."""

import json
from dataclasses import replace

import pytest

from tenantry.engine.errors import ExitCode
from tenantry.names import ADMIN_DATABASE, TEST_DATABASE
from tests.components.conftest import CRON

ACCOUNT = "1234567890123456"


def test_backups_lie_elsewhere_closed_encrypted_versioned_and_protected(platform) -> None:
    recording = platform()
    bucket = recording.named("platform-backups-bucket")
    assert (bucket.provider, bucket.protect) == ("alicloud-backups", True)
    assert bucket.inputs["serverSideEncryptionRule"] == {"sseAlgorithm": "AES256"}
    assert bucket.inputs["versioning"] == {"status": "Enabled"}
    assert recording.named("platform-backups-closed").inputs == {"bucket": "tenantrybackups", "blockPublicAccess": True}
    assert "platform-backups-tls" in {resource.name for resource in recording.resources}


def test_backups_get_cold_and_what_is_left_of_the_purged_expires(platform) -> None:
    everywhere, purged = platform().named("platform-backups-bucket").inputs["lifecycleRules"]
    assert everywhere["prefix"] == ""
    assert everywhere["transitions"] == [{"days": 30, "storageClass": "IA"}]
    assert not [expiration for expiration in everywhere["expirations"] if "days" in expiration]
    assert (purged["prefix"], purged["expirations"]) == ("purged/", [{"days": 90}])


def test_the_cron_job_only_calls_the_command(platform, secret_type) -> None:
    recording = platform()
    job = recording.one("CronJob").inputs["spec"]
    (container,) = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["tenantry", "backup", "--scheduled", "--stack", "test"]
    assert container["envFrom"] == [{"secretRef": {"name": "tenantry-backup"}}]
    assert (job["concurrencyPolicy"], job["schedule"]) == ("Forbid", "30 2 * * *")
    (secret,) = [resource for resource in recording.of("Secret") if resource.name == "platform-backups-secret"]
    assert isinstance(secret.inputs["data"], secret_type) or all(
        isinstance(value, secret_type) for value in secret.inputs["data"].values()
    )


def test_the_cron_job_checks_the_servers_certificate_against_the_given_ones(platform) -> None:
    recording = platform(cron=replace(CRON, database_ca="-----BEGIN CERTIFICATE-----"))
    (given,) = recording.of("ConfigMap")
    pod = recording.one("CronJob").inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (variable,) = [variable["value"] for variable in container["env"] if variable["name"] == "PGSSLROOTCERT"]
    mounted = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    folder, _, file = variable.rpartition("/")
    volume = {"name": mounted[folder], "configMap": {"name": given.inputs["metadata"]["name"]}}
    assert volume in pod["volumes"]
    assert given.inputs["data"] == {file: "-----BEGIN CERTIFICATE-----"}
    assert given.inputs["metadata"]["namespace"] == recording.one("CronJob").inputs["metadata"]["namespace"]
    assert given.name in recording.one("CronJob").after


def test_where_the_keys_of_the_backups_lie_only_restricted_pods_run(platform) -> None:
    metadata = platform().named("platform-namespace").inputs["metadata"]
    assert metadata["name"] == "tenantry-platform"
    for mode in ("enforce", "audit", "warn"):
        assert metadata["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"


def test_without_any_the_cron_job_has_neither_file_nor_variable(platform) -> None:
    recording = platform()
    assert not recording.of("ConfigMap")
    assert "PGSSLROOTCERT" not in json.dumps(recording.one("CronJob").inputs)


BUCKETS = {"systemkarder": "alicloud-system", "faceshanghaikarden": "alicloud-photos"}


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_closed_encrypted_versioned_and_protected(platform, name: str) -> None:
    recording = platform()
    bucket = recording.named(f"platform-{name}-bucket")
    assert bucket.provider == BUCKETS[name]
    assert bucket.protect
    assert bucket.inputs["bucket"] == name
    assert bucket.inputs["serverSideEncryptionRule"] == {"sseAlgorithm": "AES256"}
    assert bucket.inputs["versioning"] == {"status": "Enabled"}
    assert "acl" not in bucket.inputs
    assert "forceDestroy" not in bucket.inputs
    closed = recording.named(f"platform-{name}-closed")
    assert closed.inputs == {"bucket": name, "blockPublicAccess": True}
    assert closed.provider == BUCKETS[name]


@pytest.mark.parametrize("name", BUCKETS)
def test_browsers_of_the_zone_alone_may_use_a_bucket(platform, name: str) -> None:
    (rule,) = platform().named(f"platform-{name}-bucket").inputs["corsRules"]
    assert rule["allowedOrigins"] == ["https://*.yyup.cc"]


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_not_spoken_to_without_tls(platform, name: str) -> None:
    policy = platform().named(f"platform-{name}-tls")
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"acs:SecureTransport": ["false"]}}
    assert statement["Resource"] == [f"acs:oss:*:{ACCOUNT}:{name}", f"acs:oss:*:{ACCOUNT}:{name}/*"]
    assert "policy" in platform().named(f"platform-{name}-bucket").ignore_changes
    assert not platform(encrypted_transport=False).of("BucketPolicy")


def test_temporary_files_go_after_seven_days(platform, tenant) -> None:
    first, second = tenant(), tenant(code="k002", phone="13900139003", name="乙园")
    rules = platform((second, first)).named("platform-systemkarder-bucket").inputs["lifecycleRules"]
    everywhere, *temporary = rules
    assert everywhere["prefix"] == ""
    assert everywhere["abortMultipartUploads"] == [{"days": 7}]
    assert [rule["prefix"] for rule in temporary] == [
        "kindergarten/rent/13800138001/temp/",
        "kindergarten/rent/13900139003/temp/",
    ]
    for rule in temporary:
        assert rule["enabled"] is True
        assert rule["expirations"] == [{"days": 7}]
        assert rule["noncurrentVersionExpirations"] == [{"days": 7}]
    assert [rule["id"] for rule in rules] == ["housekeeping", "k001", "k002"], "the state says whose each is"


def test_only_temporary_files_ever_expire(platform, tenant) -> None:
    for bucket in BUCKETS:
        for rule in platform((tenant(),)).named(f"platform-{bucket}-bucket").inputs["lifecycleRules"]:
            days = [expiration.get("days") for expiration in rule.get("expirations", []) if expiration.get("days")]
            assert not days or rule["prefix"].endswith("/temp/")


def test_the_broker_may_take_tenants_roles_and_nothing_else(platform) -> None:
    recording = platform()
    policy = recording.named("platform-identity-broker-policy").inputs
    assert json.loads(policy["policyDocument"]) == {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [f"acs:ram::{ACCOUNT}:role/tenant-*"]}
        ],
    }
    role = recording.named("platform-identity-broker")
    assert (role.inputs["roleName"], role.protect) == ("tenantry-credential-broker", True)
    assert role.inputs["maxSessionDuration"] == 3600
    assert recording.named("platform-identity-broker-attachment").inputs == {
        "roleName": "tenantry-credential-broker",
        "policyName": "tenantry-credential-broker",
        "policyType": "Custom",
    }
    assert recording.result == {"adminDatabase": True}


def test_the_backup_reads_the_tenants_buckets_and_writes_its_own_alone(platform) -> None:
    reads, own = json.loads(platform().named("platform-identity-backup-policy").inputs["policyDocument"])["Statement"]
    assert not [action for action in reads["Action"] if action.startswith(("oss:Put", "oss:Delete", "oss:Abort"))]
    arn = f"acs:oss:*:{ACCOUNT}"
    buckets = ("systemkarder", "faceshanghaikarden")
    assert reads["Resource"] == [place for name in buckets for place in (f"{arn}:{name}", f"{arn}:{name}/*")]
    assert own["Resource"] == [f"{arn}:tenantrybackups", f"{arn}:tenantrybackups/*"]
    assert "oss:PutObject" in own["Action"]


@pytest.mark.parametrize(("part", "account"), [("broker", "credential-broker"), ("backup", "tenantry-backup")])
def test_a_role_of_the_platform_is_taken_by_one_service_account_alone(platform, part: str, account: str) -> None:
    recording = platform()
    (trust,) = json.loads(recording.named(f"platform-identity-{part}").inputs["assumeRolePolicyDocument"])["Statement"]
    assert trust["Principal"] == {"Federated": [f"acs:ram::{ACCOUNT}:oidc-provider/tenantry"]}
    subject = f"system:serviceaccount:tenantry-platform:{account}"
    assert trust["Condition"]["StringEquals"]["oidc:sub"] == [subject]
    named = [resource.inputs["metadata"] for resource in recording.of("ServiceAccount")]
    assert {"tenantry-platform"} == {entry["namespace"] for entry in named if entry["name"] == account}


def test_no_key_lies_in_the_cluster(platform) -> None:
    recording = platform()
    assert not recording.of("AccessKey")
    assert not recording.of("User")
    secret = recording.named("platform-backups-secret").inputs["data"]
    assert secret.keys() == {"PGPASSWORD"}
    pod = recording.one("CronJob").inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    told = {variable["name"]: variable["value"] for variable in pod["containers"][0]["env"]}
    assert told["TENANTRY_ROLE_ARN"] == f"acs:ram::{ACCOUNT}:role/tenantry-backup"
    folder, _, file = told["TENANTRY_ID_TOKEN_FILE"].rpartition("/")
    mounted = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == mounted[folder]]
    (source,) = volume["projected"]["sources"]
    assert source["serviceAccountToken"]["path"] == file
    assert source["serviceAccountToken"]["audience"] == "sts.aliyuncs.com"
    role = recording.named("platform-identity-backup").inputs
    assert role["maxSessionDuration"] == int(told["TENANTRY_ROLE_SECONDS"])
    deadline = recording.one("CronJob").inputs["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    assert deadline <= role["maxSessionDuration"]


def test_a_night_that_found_objects_gone_is_not_repeated(platform) -> None:
    """The second attempt would compare with the first one's backups, and end well."""
    job = platform().one("CronJob").inputs["spec"]["jobTemplate"]["spec"]
    (rule,) = job["podFailurePolicy"]["rules"]
    container = job["template"]["spec"]["containers"][0]["name"]
    wanted = {"containerName": container, "operator": "In", "values": [ExitCode.LOST]}
    assert (rule["action"], rule["onExitCodes"]) == ("FailJob", wanted)
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # Kubernetes takes the policy with nothing else


def test_a_provider_that_the_cluster_made_is_used_and_not_declared(record, platform, installation, tenant) -> None:
    identity = replace(installation.identity, provider="ack-rrsa-c1", adopted=True)
    recording = platform(installation=replace(installation, identity=identity))
    assert not recording.of("OidcProvider")
    (trust,) = json.loads(recording.named("platform-identity-broker").inputs["assumeRolePolicyDocument"])["Statement"]
    assert trust["Principal"] == {"Federated": [f"acs:ram::{ACCOUNT}:oidc-provider/ack-rrsa-c1"]}
    assert "platform-identity-broker" in [resource.name for resource in recording.resources]


def test_a_bucket_with_a_key_is_encrypted_by_it_and_the_backup_may_use_it(platform, installation) -> None:
    keyed = {name: replace(getattr(installation, name), kms_key=f"key-{name}") for name in ("system", "backups")}
    recording = platform(installation=replace(installation, **keyed))
    rule = recording.named("platform-systemkarder-bucket").inputs["serverSideEncryptionRule"]
    assert rule == {"sseAlgorithm": "KMS", "kmsMasterKeyId": "key-system"}
    rule = recording.named("platform-backups-bucket").inputs["serverSideEncryptionRule"]
    assert rule == {"sseAlgorithm": "KMS", "kmsMasterKeyId": "key-backups"}
    *_, keys = json.loads(recording.named("platform-identity-backup-policy").inputs["policyDocument"])["Statement"]
    assert keys["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert keys["Resource"] == [
        f"acs:kms:cn-beijing:{ACCOUNT}:key/key-backups",
        f"acs:kms:cn-guangzhou:{ACCOUNT}:key/key-system",
    ]


def test_the_clusters_identity_provider(platform) -> None:
    assert platform().one("OidcProvider").inputs == {
        "oidcProviderName": "tenantry",
        "issuerUrl": "https://issuer.example.com",
        "clientIds": ["sts.aliyuncs.com"],
        "fingerprints": ["a" * 40],
        "description": "tenantry",
    }


def test_the_gateway_speaks_https_for_the_zone_to_our_namespaces(platform) -> None:
    gateway = platform().one("Gateway").inputs
    assert gateway["metadata"]["namespace"] == "tenantry-gateway"
    assert gateway["spec"]["gatewayClassName"] == "envoy"
    (listener,) = gateway["spec"]["listeners"]
    assert (listener["protocol"], listener["port"], listener["hostname"]) == ("HTTPS", 443, "*.yyup.cc")
    assert listener["tls"]["certificateRefs"] == [{"kind": "Secret", "name": "wildcard"}]
    chosen = listener["allowedRoutes"]["namespaces"]
    assert chosen["from"] == "Selector"
    assert chosen["selector"]["matchLabels"] == {"app.kubernetes.io/managed-by": "tenantry"}


def test_a_gateway_class_is_made_only_for_a_controller(platform) -> None:
    assert not platform().of("GatewayClass")
    made = platform(gateway_controller="example.com/controller").one("GatewayClass").inputs
    assert made["spec"] == {"controllerName": "example.com/controller"}
    assert made["metadata"]["name"] == "envoy"


def test_the_admin_database_is_closed_and_has_its_rights_before_it_is_migrated(platform) -> None:
    recording = platform()
    name = f"platform-{ADMIN_DATABASE.replace('_', '-')}"
    migrations = recording.named(f"{name}-migrations")
    assert migrations.inputs == {"database": ADMIN_DATABASE, "set": "admin", "digest": "digest"}
    assert f"{name}-rights" in migrations.after
    assert f"{name}-database" in recording.named(f"{name}-rights").after
    assert "template" not in recording.named(f"{name}-database").inputs
    assert recording.named(f"{name}-database").protect


def test_the_admin_services_logins_are_no_members_of_the_owner(platform) -> None:
    recording, name = platform(), f"platform-{ADMIN_DATABASE.replace('_', '-')}"
    assert [recording.named(f"{name}-login-{suffix}").inputs["roles"] for suffix in "ab"] == [[], []]
    assert recording.named(f"{name}-rights").inputs["rights"] == "rows"


def test_the_test_site_is_a_clone_of_its_own(platform) -> None:
    database = platform().named(f"platform-{TEST_DATABASE.replace('_', '-')}-database").inputs
    assert database["template"] == "kargerdensales"
    assert database["owner"] == "kargerdensales_test"


def test_every_child_has_an_explicit_provider(platform) -> None:
    for resource in platform().resources:
        assert bool(resource.provider) == (resource.custom and not resource.type.startswith("pulumi:providers")), (
            resource.name
        )


def test_the_seal_stands_on_everything_else(platform) -> None:
    recording = platform()
    rest = {
        resource.name
        for resource in recording.descendants("platform")
        if resource.custom and resource.name != "platform-seal"
    }
    assert rest <= set(recording.named("platform-seal").after)
    assert recording.named("platform-seal").protect


def test_the_servers_own_databases_are_closed(platform) -> None:
    assert platform().one("ClosedDatabases").inputs == {"databases": ["postgres", "template1"]}


def test_where_pg_hba_closes_the_servers_own_databases_nothing_is_revoked_there(platform) -> None:
    assert platform(closed_by_hba=True).one("ClosedDatabases").inputs == {"databases": []}
