"""Tells whether a text holds a credential, whatever its name is: by families of our own and by those of
detect-secrets.
"""

import re
from functools import lru_cache
from typing import Final

from tenantry.spec.secret_detection.families import FAMILIES
from tenantry.spec.secret_detection.keys import bare_private_key

_REMEMBERED: Final = 8192  # texts: those of one tenant are mostly those of the others
_HINTS: Final = tuple((hint, family) for family in FAMILIES for hint in family.hints)
# The shortest that any family has, and what all that detect-secrets knows by its looks has, with a digit in it.
_ANY: Final = re.compile(r"[!-~]{8}|密码|口令|密钥")
_TOKEN: Final = re.compile(r"[A-Za-z_/+=-]{0,15}[0-9][A-Za-z0-9_/+=-]*")
_TOKEN_LENGTH: Final = 16


def credential_in(text: str) -> str | None:
    """The kind of credential in a text, such as `a token of GitHub`; None without one. Never any part of the text."""
    return _kind(text) if _ANY.search(text) else None


def _known_credential_in(text: str) -> str | None:
    """The same by our own families alone, which need no package."""
    for hint, family in _HINTS:
        if hint in text and family.pattern.search(text):
            return family.kind
    return "a private key" if bare_private_key(text) else None


@lru_cache(maxsize=_REMEMBERED)
def _kind(text: str) -> str | None:
    if (kind := _known_credential_in(text)) is not None:
        return kind
    if _has_token(text):
        from tenantry.spec.secret_detection.detector import detected  # 0.2 s, as the package loads an HTTP client

        return detected(text)
    return None


def _has_token(text: str) -> bool:
    return any(len(match[0]) >= _TOKEN_LENGTH for match in _TOKEN.finditer(text))
