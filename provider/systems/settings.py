"""The provider's required configuration."""

from collections.abc import Mapping
from typing import Any

from provider.errors import ResourceFailure


def required(settings: Mapping[str, Any], name: str, *keys: str) -> list[str]:
    """The values of the keys, as texts. Failure: names those that are missing."""
    missing = [key for key in keys if settings.get(key) in (None, "")]
    if missing:
        raise ResourceFailure(
            f"the provider's `{name}` settings lack {', '.join(missing)}", "add them where the provider is made"
        )
    return [str(settings[key]) for key in keys]
