"""The JSON schema of a tenant file, generated from the models, for editors to check while one types.

`python -m tenantry.spec.json_schema > tenants/schema.json` writes it; a test holds the file to it. The schema knows
what concerns one file by itself; collisions, plans and the catalogue are left to `tenantry validate`.
"""

import json
from typing import Any

from pydantic import TypeAdapter

from tenantry.spec.tenant import TenantSpec, Tombstone


def schema() -> dict[str, Any]:
    whole = TypeAdapter(TenantSpec | Tombstone).json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A tenant of tenantry",
        "$defs": whole["$defs"],
        "if": {
            "properties": {"status": {"const": "purged"}},
            "required": ["status"],
            "not": {"required": ["plan"]},
        },
        "then": {"$ref": "#/$defs/Tombstone"},
        "else": {
            "$ref": "#/$defs/TenantSpec",
            "allOf": [
                _when({"const": "deleted"}, "deleted_at"),
                _when({"const": "purged"}, "proof"),
                _unless({"enum": ["deleted", "purged"]}, "deleted_at"),
                _unless({"const": "purged"}, "proof"),
            ],
        },
    }


def _when(status: dict[str, Any], field: str) -> dict[str, Any]:
    return {
        "if": {"properties": {"status": status}},
        "then": {"required": [field], "properties": {field: {"not": {"type": "null"}}}},
    }


def _unless(status: dict[str, Any], field: str) -> dict[str, Any]:
    return {
        "if": {"properties": {"status": {"not": status}}},
        "then": {"properties": {field: {"type": "null"}}},
    }


def schema_json() -> str:
    return json.dumps(schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(schema_json(), end="")
