"""The application: what it is told, how it is confined, and how requests reach it."""

import json

import pytest


@pytest.fixture
def pod(parts, tenant):
    return parts(tenant()).one("Deployment").inputs["spec"]["template"]["spec"]


@pytest.fixture
def container(pod):
    (only,) = pod["containers"]
    return only


def test_the_pod_is_confined(pod) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["hostNetwork"] is pod["hostPID"] is pod["hostIPC"] is False
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True
    assert min(context[key] for key in ("runAsUser", "runAsGroup", "fsGroup")) >= 10_000
    assert pod["terminationGracePeriodSeconds"] <= 120
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_container_is_confined(container) -> None:
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["imagePullPolicy"] == "Always"
    assert container["image"] == "registry.example.com/business-app:1.2.3"
    assert [port.get("hostPort") for port in container["ports"]] == [None]


def test_requests_are_limits_and_the_plans(parts, tenant) -> None:
    resolved = tenant(plan="premium")
    (container,) = parts(resolved).one("Deployment").inputs["spec"]["template"]["spec"]["containers"]
    compute = resolved.plan.compute
    assert container["resources"]["requests"] == container["resources"]["limits"]
    assert container["resources"]["limits"] == {
        "cpu": compute.cpu,
        "memory": compute.memory,
        "ephemeral-storage": compute.ephemeral_storage,
    }


def test_the_only_writable_place_is_temporary_and_counted(pod, container, tenant) -> None:
    writable = [mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert writable == ["tmp"]
    assert volumes["tmp"]["emptyDir"] == {"sizeLimit": tenant().plan.compute.ephemeral_storage}


def test_the_only_token_is_for_the_sts_and_short(pod, container) -> None:
    (token,) = [volume for volume in pod["volumes"] if "projected" in volume]
    (source,) = token["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "sts.aliyuncs.com"
    assert source["serviceAccountToken"]["expirationSeconds"] == 3600
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == token["name"]]
    assert mount["readOnly"] is True


def test_the_token_lies_where_the_sdk_looks(parts, tenant, container) -> None:
    data = parts(tenant()).one("ConfigMap").inputs["data"]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "sts"]
    assert data["ALIBABA_CLOUD_OIDC_TOKEN_FILE"] == f"{mount['mountPath']}/token"
    assert data["ALIBABA_CLOUD_ROLE_ARN"] == "acs:ram::1234567890123456:role/tenant-k001"
    assert data["ALIBABA_CLOUD_OIDC_PROVIDER_ARN"] == "acs:ram::1234567890123456:oidc-provider/tenantry"


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_it_is_probed(container, probe: str) -> None:
    assert container[probe]["httpGet"] == {"path": "/health", "port": "http"}
    assert container["ports"] == [{"name": "http", "containerPort": 3000, "protocol": "TCP"}]


def test_it_is_told_what_it_needs(parts, tenant, container) -> None:
    recording = parts(tenant())
    told = recording.one("ConfigMap").inputs["data"]
    needed = {
        "USER_ID": "k001",
        "DB_HOST": "10.0.0.5",
        "DB_PORT": "5432",
        "DB_NAME": "rent001",
        "UNIFIED_TENANT_API_URL": "http://admin:4001/api/v1",
        "AI_BRIDGE_URL": "http://bridge",
        "GATEWAY_URL": "https://rent.yyup.cc",
        "ADMIN_SERVICE_URL": "http://admin:4001",
    }
    assert needed.items() <= told.items()
    assert all(isinstance(value, str) for value in told.values())
    names = [source.get("configMapRef", source.get("secretRef"))["name"] for source in container["envFrom"]]
    kept = [recording.one(kind).inputs["metadata"]["name"] for kind in ("ConfigMap", "Secret")]
    assert names == kept


def test_limits_and_features_reach_the_application(parts, tenant) -> None:
    resolved = tenant(plan="premium", config={"branding": {"color": "#0a7"}}, enabled_services=["enrollment"])
    settings = json.loads(parts(resolved).one("ConfigMap").inputs["data"]["TENANT_SETTINGS"])
    assert settings["maxUsers"] == resolved.max_users
    assert settings["maxStorage"] == resolved.max_storage
    assert settings["features"] == dict(resolved.features)
    assert settings["quotas"].keys() == {
        "users", "storage", "api_calls", "bandwidth", "databases", "compute_hours", "file_uploads", "email_sends",
    }  # fmt: skip
    assert settings["config"]["branding"]["color"] == "#0a7"
    assert settings["enabledServices"] == ["enrollment"]


def checksum(recording) -> str:
    return recording.one("Deployment").inputs["spec"]["template"]["metadata"]["annotations"][
        "tenantry.io/config-checksum"
    ]


def test_changed_settings_roll_the_pods_and_nothing_else_does(parts, tenant) -> None:
    same = checksum(parts(tenant()))
    assert checksum(parts(tenant())) == same
    assert checksum(parts(tenant(contact={"name": "李四", "email": "lisi@example.com"}))) == same
    assert checksum(parts(tenant(config={"branding": {"color": "#0a7"}}))) != same


def test_the_service_finds_the_pods_and_is_inside_the_cluster(parts, tenant) -> None:
    recording = parts(tenant())
    service = recording.one("Service").inputs
    labels = recording.one("Deployment").inputs["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["type"] == "ClusterIP"
    assert service["spec"]["selector"].items() <= labels.items()
    assert service["spec"]["ports"] == [{"name": "http", "port": 3000, "targetPort": "http", "protocol": "TCP"}]
    for kind in ("NetworkPolicy", "PodDisruptionBudget"):
        for resource in recording.of(kind):
            chosen = resource.inputs["spec"].get("podSelector", resource.inputs["spec"].get("selector"))
            assert chosen.get("matchLabels", {}).items() <= labels.items()


def test_the_route_takes_one_host_and_overwrites_the_header(parts, tenant) -> None:
    route = parts(tenant(plan="basic")).one("HTTPRoute").inputs["spec"]
    assert route["hostnames"] == ["k001.yyup.cc"]
    assert route["parentRefs"] == [{"name": "tenants", "namespace": "tenantry-gateway", "sectionName": "tenants"}]
    (rule,) = route["rules"]
    (filter_,) = rule["filters"]
    assert filter_ == {
        "type": "RequestHeaderModifier",
        "requestHeaderModifier": {"set": [{"name": "X-Tenant-Code", "value": "k001"}]},
    }
    assert rule["backendRefs"] == [{"name": "business-app", "port": 3000}]
    assert rule["timeouts"] == {"request": "30s"}


def test_pods_spread_over_zones_and_nodes_if_they_can(pod) -> None:
    spread = {
        constraint["topologyKey"]: constraint["whenUnsatisfiable"] for constraint in pod["topologySpreadConstraints"]
    }
    assert spread == {
        "topology.kubernetes.io/zone": "ScheduleAnyway",
        "kubernetes.io/hostname": "ScheduleAnyway",
    }


def test_no_pod_starts_before_its_data_is_there(parts, tenant) -> None:
    recording = parts(tenant())
    after = recording.one("Deployment").after
    assert {"k001-db-seed", "k001-files-directories", "k001-app-secret", "k001-app-configmap"} <= set(after)
    assert "k001-files-attachment" in recording.one("Directories").after


def test_the_service_account_mounts_no_token(parts, tenant) -> None:
    account = parts(tenant()).named("k001-app-serviceaccount").inputs
    assert account["automountServiceAccountToken"] is False
    assert account["metadata"]["name"] == "business-app"


def test_a_service_without_a_running_pod_is_not_waited_for(parts, tenant) -> None:
    metadata = parts(tenant(hibernated=True)).one("Service").inputs["metadata"]
    assert metadata["annotations"] == {"pulumi.com/skipAwait": "true"}


CREDENTIALS = "/var/run/secrets/tenantry.io/credentials"


def test_every_credential_is_offered_as_a_file_too(parts, tenant, redis_parts) -> None:
    for recording in (parts(tenant()), redis_parts(tenant(), "redis://r:6379/0")):
        pod = recording.one("Deployment").inputs["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        entries = recording.one("Secret").inputs["data"].keys()
        assert {variable["name"]: variable["value"] for variable in container["env"]} == {
            f"{entry}_FILE": f"{CREDENTIALS}/{entry}" for entry in entries
        }
        assert {"name": "credentials", "mountPath": CREDENTIALS, "readOnly": True} in container["volumeMounts"]
        (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "credentials"]
        assert volume["secret"] == {"secretName": "business-app", "defaultMode": 0o440}
