"""What the provider must have been told before it can do anything."""

from collections.abc import Mapping
from typing import Any

from provider.failure import Failure


def required(settings: Mapping[str, Any], name: str, *keys: str) -> list[str]:
    """The values of the keys, as texts. Failure: names those that are missing."""
    missing = [key for key in keys if settings.get(key) in (None, "")]
    if missing:
        raise Failure(
            f"the provider's `{name}` settings lack {', '.join(missing)}", "add them where the provider is made"
        )
    return [str(settings[key]) for key in keys]
