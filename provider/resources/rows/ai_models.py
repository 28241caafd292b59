"""The AI models that a tenant may use, as rows of the admin database that the platform's bridge reads."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from provider.errors import ResourceFailure

if TYPE_CHECKING:
    from provider.systems.postgresql import Session

MISSING: Final = """
SELECT name FROM unnest(%(models)s::text[]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM ai_model_config WHERE ai_model_config.name = wanted.name)
"""
# The first is the one that the tenant prefers.
ENABLE: Final = """
INSERT INTO tenant_ai_model_configs (tenant_id, model_id, is_enabled, is_default, priority)
SELECT %(tenant)s, ai_model_config.id, true, wanted.name = %(default)s, wanted.number * 10
FROM unnest(%(models)s::text[]) WITH ORDINALITY AS wanted (name, number) JOIN ai_model_config USING (name)
ON CONFLICT (tenant_id, model_id) DO UPDATE
SET is_enabled = true, is_default = EXCLUDED.is_default, priority = EXCLUDED.priority
"""
# Kept with what the tenant has set in it: a model that comes back is as it was.
DISABLE: Final = """
UPDATE tenant_ai_model_configs SET is_enabled = false, is_default = false
FROM ai_model_config WHERE model_id = ai_model_config.id AND tenant_id = %(tenant)s AND is_enabled
    AND name <> ALL(%(models)s::text[])
"""


def enable(session: "Session", tenant: str, settings: Mapping[str, Any] | None) -> None:
    """`settings` as in the tenant's row (tenantry/model/app_settings.py): `ai` has `models`, the preferred first, and
    `default`."""
    ai: Mapping[str, Any] = (settings or {}).get("ai", {})
    models: list[str] = [model["name"] for model in ai.get("models", ())]
    missing = sorted(name for (name,) in session.execute(MISSING, {"models": models}))
    if missing:
        raise ResourceFailure(
            f"the platform's catalogue has no AI model {', '.join(missing)}",
            "add it to ai_model_config in the admin database, or take it out of the plan or the tenant's file",
        )
    default = ai.get("default")
    chosen = default if default in models else next(iter(models), None)
    values = {"tenant": tenant, "models": models, "default": chosen}
    session.execute(ENABLE, values)
    session.execute(DISABLE, values)
