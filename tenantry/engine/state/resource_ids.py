"""The id that a provider gives a resource, derived from what the resource was asked to be.

A creation that was interrupted left no id behind. Where the id follows from the name, the thing can be looked for;
where making it a second time changes nothing, there is nothing to look for.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tenantry.engine.state.deployment import Record
from tenantry.model.resources.catalogue import KINDS
from tenantry.model.resources.kinds import kind_name
from tenantry.parsing.json_narrowing import Tree, mapping

Inputs = Mapping[str, Any]
_NAME: Final = re.compile(r"\{(\w+)\}")


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
    if templates := _templates(token):
        return next((filled for template in templates if (filled := _filled(template, inputs))), None)
    if token.startswith("kubernetes:") and not is_repeatable(token) and not token.endswith(("Patch", "List")):
        return _kubernetes(inputs)
    return None


def _templates(token: str) -> tuple[str, ...]:
    kind = KINDS.get(kind_name(token))
    return kind.ids if kind else ()


def _filled(template: str, inputs: Inputs) -> str | None:
    """The template with inputs in the place of their names; None where one of them is no text, or empty."""
    values = {name: inputs.get(name) for name in _NAME.findall(template)}
    known = {name: value for name, value in values.items() if isinstance(value, str) and value}
    return template.format(**known) if known.keys() == values.keys() else None


def is_repeatable(token: str) -> bool:
    """Tells whether creating it once more does no harm."""
    return not _templates(token) and token.startswith(_REPEATABLE)


def is_kubernetes(token: str) -> bool:
    """Tells whether the cluster holds it: such a thing exists before it is ready."""
    return token.startswith("kubernetes:")


def carries_our_mark(inputs: Inputs, live: Inputs) -> bool:
    """Tells whether what was found bears the marks of ownership that `inputs` ask for; what has no place for one
    does.
    """
    for name in ("description", "comments"):  # a DNS record's remark is not read back: see alidns.py
        if isinstance(wanted := inputs.get(name), str) and wanted and live.get(name) != wanted:
            return False
    wanted_labels = _labels(inputs)
    found_labels = _labels(live)
    return all(
        found_labels.get(label) == wanted_labels[label]
        for label in ("app.kubernetes.io/managed-by", "tenantry.io/tenant")
        if label in wanted_labels
    )


def _kubernetes(inputs: Inputs) -> str | None:
    metadata = mapping(inputs.get("metadata"))
    name, namespace = _filled("{name}", metadata), _filled("{namespace}", metadata)
    return f"{namespace}/{name}" if namespace and name else name


def _labels(properties: Inputs) -> Tree:
    return mapping(mapping(properties.get("metadata")).get("labels"))
