"""The id that a provider gives a resource, derived from what the resource was asked to be.

A creation that was interrupted left no id behind. Where the id follows from the name, the thing can be looked for;
where making it a second time changes nothing, there is nothing to look for.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tenantry.engine.state.deployment import Record
from tenantry.parsing.json_narrowing import Tree, mapping

Inputs = Mapping[str, Any]


def _first(*names: str) -> Callable[[Inputs], str | None]:
    def get(inputs: Inputs) -> str | None:
        for name in names:
            if isinstance(value := inputs.get(name), str) and value:
                return value
        return None

    return get


def _attachment(kind: str) -> Callable[[Inputs], str | None]:
    def get(inputs: Inputs) -> str | None:
        parts = [kind, inputs.get("policyName"), inputs.get("policyType"), inputs.get(f"{kind}Name")]
        return ":".join(str(part) for part in parts) if all(isinstance(part, str) and part for part in parts) else None

    return get


_BY_TYPE: Mapping[str, Callable[[Inputs], str | None]] = {
    "postgresql:index/role:Role": _first("name"),
    "postgresql:index/database:Database": _first("name"),
    "alicloud:ram/role:Role": _first("roleName", "name"),
    "alicloud:ram/policy:Policy": _first("policyName", "name"),
    "alicloud:ram/rolePolicyAttachment:RolePolicyAttachment": _attachment("role"),
    "alicloud:ram/userPolicyAttachment:UserPolicyAttachment": _attachment("user"),
    "alicloud:ram/user:User": _first("name"),  # the provider takes the name for the id, and then keeps the id
    "alicloud:oss/bucket:Bucket": _first("bucket"),
    "alicloud:ims/oidcProvider:OidcProvider": _first("oidcProviderName"),
    "alicloud:dns/alidnsDomain:AlidnsDomain": _first("domainName"),
}
# A creation of these is a statement of how something shall be (GRANT, PUT, CREATE ... IF NOT EXISTS, our own provider's
# adopting creations) or leaves nothing outside the state (random, providers): it is simply made again.
_REPEATABLE = (
    "random:",
    "tenantry:index:",
    "pulumi:",
    "postgresql:",
    "alicloud:oss/",
    "kubernetes:helm.sh",
    "kubernetes:yaml",
    "kubernetes:core/v1:ServiceAccountPatch",  # of an account that there is anyway
)

DNS_RECORD = "alicloud:dns/alidnsRecord:AlidnsRecord"
ACCESS_KEY = "alicloud:ram/accessKey:AccessKey"


def derived_id(record: Record) -> str | None:
    """The provider's id of what `record` was to become, or None when it cannot be known from its inputs."""
    inputs = mapping(record.get("inputs"))
    token = str(record["type"])
    if derive := _BY_TYPE.get(token):
        return derive(inputs)
    if token.startswith("kubernetes:") and not is_repeatable(token) and not token.endswith(("Patch", "List")):
        return _kubernetes(inputs)
    return None


def is_repeatable(token: str) -> bool:
    """Tells whether creating it once more does no harm."""
    return token not in _BY_TYPE and token.startswith(_REPEATABLE)


def is_kubernetes(token: str) -> bool:
    """Tells whether the cluster holds it: such a thing exists before it is ready."""
    return token.startswith("kubernetes:")


def carries_our_mark(inputs: Inputs, found: Inputs) -> bool:
    """Tells whether what was found bears the marks of ownership that `inputs` ask for; what has no place for one
    does.
    """
    for name in ("description", "comments"):  # a DNS record's remark is not read back: see alidns.py
        if isinstance(wanted := inputs.get(name), str) and wanted and found.get(name) != wanted:
            return False
    wanted_labels = _labels(inputs)
    found_labels = _labels(found)
    return all(
        found_labels.get(label) == wanted_labels[label]
        for label in ("app.kubernetes.io/managed-by", "tenantry.io/tenant")
        if label in wanted_labels
    )


def _kubernetes(inputs: Inputs) -> str | None:
    metadata = mapping(inputs.get("metadata"))
    name = _first("name")(metadata)
    namespace = _first("namespace")(metadata)
    return f"{namespace}/{name}" if namespace and name else name


def _labels(properties: Inputs) -> Tree:
    return mapping(mapping(properties.get("metadata")).get("labels"))
