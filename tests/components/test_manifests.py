"""Every Kubernetes object against the official client's models: a misspelt or misplaced field is found here."""

from datetime import date
from typing import Any

import pytest
from kubernetes import client

# Kinds that the client does not know: held against the fields that are used on purpose; tests/e2e/plans/test_plans.py
# shows that the API server takes each with its definition's own schema.
OTHERS = {
    "BackendTrafficPolicy": {"targetRefs", "rateLimit", "requestBuffer", "routingType"},
    "HTTPRoute": {"parentRefs", "hostnames", "rules"},
    "Gateway": {"gatewayClassName", "listeners"},
    "GatewayClass": {"controllerName"},
}


SIMPLE = {"str": str, "int": int, "bool": bool, "bytes": str}


def model_of(api_version: str, kind: str) -> Any:
    version = api_version.rpartition("/")[2]
    return getattr(client, version.capitalize() + kind)


def check(value: Any, model: str, place: str) -> None:
    """Walks a manifest along `openapi_types`, whose types are text such as List[V1Volume] and Dict[str, str]."""
    if model.startswith("List["):
        assert isinstance(value, list), place
        for index, item in enumerate(value):
            check(item, model[5:-1], f"{place}[{index}]")
    elif model.startswith("Dict["):
        assert isinstance(value, dict), place
        for key, item in value.items():
            check(item, model[5:-1].split(", ")[1], f"{place}.{key}")
    elif hasattr(client, model):
        kind = getattr(client, model)
        fields = {kind.attribute_map[name]: type_ for name, type_ in kind.openapi_types.items()}
        assert isinstance(value, dict), place
        assert value.keys() <= fields.keys(), f"{place}: {value.keys() - fields.keys()}"
        for key, item in value.items():
            check(item, fields[key], f"{place}.{key}")
    elif model in SIMPLE:
        assert isinstance(value, SIMPLE[model]), f"{place} is a {type(value)}"
    else:
        assert model == "object", f"{place}: a type this test does not know, {model}"


def test_every_field_of_every_object_exists(parts, tenant, reveal_all) -> None:
    resolved = tenant(
        plan="premium",
        enabled_services=["enrollment"],
        api_keys=[{"name": "bus", "scopes": ["read"], "expires_at": date(2027, 1, 1)}],
    )
    objects = [resource for resource in parts(resolved).resources if resource.provider == "kubernetes"]
    assert len(objects) == 15 + 4 + 5  # with two limits, a scaler and the keys; the service and its opening
    for obj in objects:
        kind = obj.inputs["kind"]
        assert obj.type.removesuffix("Patch") == f"kubernetes:{_group(obj.inputs['apiVersion'])}:{kind}"
        if kind in OTHERS:
            assert obj.inputs["spec"].keys() <= OTHERS[kind]
            continue
        check(reveal_all(obj.inputs), model_of(obj.inputs["apiVersion"], kind).__name__, obj.name)


def test_the_check_finds_a_misspelt_field(parts, tenant) -> None:
    inputs = parts(tenant()).one("Deployment").inputs
    inputs["spec"]["template"]["spec"]["containers"][0]["imagePullPolicies"] = "Always"
    with pytest.raises(AssertionError, match="imagePullPolicies"):
        check(inputs, "V1Deployment", "deployment")


def _group(api_version: str) -> str:
    return api_version if "/" in api_version else f"core/{api_version}"
