"""Keeps secrets out of this process, and keeps in sight *that* something is secret.

The engine sends every secret with a mark, but pulumi-policy 1.21.0 drops the mark for validations and hands over the
plain value: a rule could neither tell a secret from a literal nor be trusted not to print it. The marks are kept only
for remediations, which report nothing. So the one function that reads the engine's values is replaced by one that puts
HIDDEN in a secret's place. A test runs the real server and fails when a newer SDK reads them elsewhere.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import pulumi_policy.policy as sdk

from policies.values import HIDDEN

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"  # the key that marks a special value in the engine's protocol
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the mark of a secret, public like the one above)

Reader = Callable[..., dict[str, Any]]


def hide_secrets() -> None:
    """Raises AttributeError when the SDK has no such function any more: better no pack than one that sees secrets."""
    original = cast(Reader, sdk.deserialize_properties)  # pyright: ignore[reportPrivateImportUsage]  (see above)

    def reader(props: dict[str, Any], proxy_secrets: bool = False) -> dict[str, Any]:
        return original({key: without_secrets(value) for key, value in props.items()}, proxy_secrets)

    sdk.deserialize_properties = reader  # pyright: ignore[reportPrivateImportUsage]  (see above)


def without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        inner = cast(Mapping[str, Any], value)
        if inner.get(SIGNATURE) == SECRET:
            return HIDDEN
        return {key: without_secrets(one) for key, one in inner.items()}
    if isinstance(value, list):
        return [without_secrets(one) for one in cast(list[Any], value)]
    return value
