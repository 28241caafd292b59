"""Plug-in services: confined as the application is, reached by their path, and none of another's business."""

import pytest

TWO = ["enrollment", "posters"]


@pytest.fixture
def recording(parts, tenant):
    return parts(tenant(enabled_services=TWO))


def of(recording, service: str) -> dict:
    kinds = ("deployment", "service", "httproute", "backendtrafficpolicy")
    return {kind: recording.named(f"k001-svc-{service}-{kind}").inputs for kind in kinds}


def test_a_tenant_without_services_has_none_of_it(parts, tenant) -> None:
    assert not parts(tenant()).of("Plugins")


def test_a_service_is_four_objects_and_all_share_one_opening(parts, tenant, recording) -> None:
    without = {resource.name for resource in parts(tenant()).resources}
    more = {resource.name for resource in recording.resources} - without
    kinds = ("deployment", "service", "httproute", "backendtrafficpolicy")
    assert more == {
        "k001-svc",
        "k001-svc-networkpolicy",
        *(f"k001-svc-{tenant}-{kind}" for tenant in TWO for kind in kinds),
    }


def test_its_pod_is_confined_and_of_the_catalogues_size(recording) -> None:
    pod = of(recording, "enrollment")["deployment"]["spec"]["template"]["spec"]
    app = recording.named("k001-app-deployment").inputs["spec"]["template"]["spec"]
    (container,), (other,) = pod["containers"], app["containers"]
    for key in ("securityContext", "imagePullPolicy", "lifecycle"):
        assert container[key] == other[key]
    same = (
        "securityContext",
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "automountServiceAccountToken",
        "serviceAccountName",
    )
    assert all(pod[key] == app[key] for key in same)
    assert container["resources"]["requests"] == container["resources"]["limits"]
    assert container["resources"]["limits"] == {"cpu": "250m", "memory": "512Mi", "ephemeral-storage": "1Gi"}
    assert container["image"] == f"registry.example.com/plugin-enrollment:1.4.0@sha256:{'0' * 64}"
    assert container["ports"] == [{"name": "http", "containerPort": 3101, "protocol": "TCP"}]
    assert all(
        container[f"{probe}Probe"]["httpGet"]["path"] == "/health" for probe in ("startup", "readiness", "liveness")
    )
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp", "credentials"], "no object credentials"


def test_it_is_given_what_it_needs_and_no_key_of_the_tenants(recording) -> None:
    (container,) = of(recording, "enrollment")["deployment"]["spec"]["template"]["spec"]["containers"]
    files = {variable["name"]: variable["value"] for variable in container["env"] if variable["name"].endswith("_FILE")}
    plain = {
        variable["name"]: variable["value"]
        for variable in container["env"]
        if "value" in variable and variable["name"] not in files
    }
    secret = {variable["name"] for variable in container["env"] if "valueFrom" in variable}
    assert plain == {
        "PORT": "3101",
        "DB_POOL_SIZE": "2",
        "SERVICE_NAME": "enrollment",
        "REQUIRED_ROLES": "tenant_admin",
    }
    assert secret == {"DB_USER", "DB_PASSWORD", "JWT_SECRET", "JWT_SECRET_PREVIOUS", "REDIS_URL", "REDIS_KEY_PREFIX"}
    assert container["envFrom"] == [{"configMapRef": {"name": "business-app"}}]
    always = ("DB_USER", "DB_PASSWORD", "JWT_SECRET")
    assert files == {f"{key}_FILE": f"/var/run/secrets/tenantry.io/credentials/{key}" for key in always}


def test_its_files_are_those_credentials_and_no_other(recording) -> None:
    pod = of(recording, "enrollment")["deployment"]["spec"]["template"]["spec"]
    (volume,) = [volume["projected"] for volume in pod["volumes"] if volume["name"] == "credentials"]
    needed, optional = (source["secret"] for source in volume["sources"])
    assert {needed["name"], optional["name"]} == {"business-app"}
    assert [item["key"] for item in needed["items"]] == ["DB_USER", "DB_PASSWORD", "JWT_SECRET"]
    assert "optional" not in needed
    assert [item["key"] for item in optional["items"]] == ["JWT_SECRET_PREVIOUS", "REDIS_URL", "REDIS_KEY_PREFIX"]
    assert optional["optional"] is True


def test_its_route_is_below_its_path_with_the_tenant_and_the_roles(recording) -> None:
    (rule,) = of(recording, "posters")["httproute"]["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/services/posters"}}]
    assert rule["backendRefs"] == [{"name": "plugin-posters", "port": 3103}]
    assert rule["filters"][0]["requestHeaderModifier"]["set"] == [
        {"name": "X-Tenant-Code", "value": "k001"},
        {"name": "X-Required-Roles", "value": "tenant_admin,user"},
    ]
    assert of(recording, "posters")["httproute"]["spec"]["hostnames"] == ["k001.yyup.cc"]


def test_its_limit_is_the_catalogues_and_there_before_its_route(recording) -> None:
    limit = of(recording, "posters")["backendtrafficpolicy"]["spec"]
    assert limit["rateLimit"]["local"]["rules"] == [{"limit": {"requests": 60, "unit": "Minute"}}]
    assert limit["targetRefs"][0]["name"] == "plugin-posters"
    assert "k001-svc-posters-backendtrafficpolicy" in recording.named("k001-svc-posters-httproute").after


def test_only_the_gateway_reaches_it(recording) -> None:
    spec = recording.named("k001-svc-networkpolicy").inputs["spec"]
    pods = of(recording, "posters")["deployment"]["spec"]["template"]["metadata"]["labels"]
    assert spec["podSelector"]["matchLabels"].items() <= pods.items()
    assert spec["ingress"] == [
        {
            "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "envoy-gateway-system"}}}],
            "ports": [{"protocol": "TCP", "port": "http"}],
        }
    ]
    app = recording.named("k001-app-deployment").inputs["spec"]["template"]["metadata"]["labels"]
    assert not spec["podSelector"]["matchLabels"].items() <= app.items()


def test_switching_one_changes_nothing_of_another(parts, tenant, recording) -> None:
    other = parts(tenant(enabled_services=["posters", "activities", "messaging"][:2]))
    assert of(other, "posters") == of(recording, "posters")
    assert other.named("k001-svc-networkpolicy").inputs == recording.named("k001-svc-networkpolicy").inputs


def test_it_starts_anew_with_what_it_reads_at_its_start(parts, tenant, recording) -> None:
    def checksum(found) -> str:
        return of(found, "posters")["deployment"]["spec"]["template"]["metadata"]["annotations"][
            "tenantry.io/config-checksum"
        ]

    rotated = parts(tenant(enabled_services=TWO, credentials={"rotation": 2}))
    told = parts(tenant(enabled_services=TWO, config={"branding": {"color": "#0a7"}}))
    assert len({checksum(recording), checksum(rotated), checksum(told)}) == 3


@pytest.mark.parametrize("changes", [{"hibernated": True}, {"status": "suspended"}])
def test_it_sleeps_with_the_tenant(parts, tenant, changes) -> None:
    assert of(parts(tenant(enabled_services=TWO, **changes)), "posters")["deployment"]["spec"]["replicas"] == 0
