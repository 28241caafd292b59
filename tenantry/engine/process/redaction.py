"""Takes secrets out of everything that is shown or logged.

The engine blinds the secrets it knows; providers quote statements and URLs in errors, and programs print what they
like.
"""

import re
from collections.abc import Callable, Mapping

SHORTEST = 6  # characters: shorter values would blank out ordinary words
HIDDEN = "[secret]"

_SECRET_NAME = re.compile(r"PASSWORD|PASSPHRASE|SECRET|TOKEN|ACCESS_KEY", re.IGNORECASE)
_PATH_NAME = re.compile(r"_(FILE|PATH|DIR|URL)$", re.IGNORECASE)
_PATTERNS = (
    (re.compile(r"(\bPASSWORD\s+)'(?:[^']|'')*'", re.IGNORECASE), rf"\1'{HIDDEN}'"),
    (re.compile(r"(\w://[^\s:/@]+:)[^\s@/]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(\b(?:password|secret_?key|security_?token)=)[^\s&\"']+", re.IGNORECASE), rf"\1{HIDDEN}"),
)


def redactor(environment: Mapping[str, str]) -> Callable[[str], str]:
    """A function that hides the secret values of `environment` and what looks like a password in a statement or URL."""
    values = sorted(
        (
            value
            for name, value in environment.items()
            if _SECRET_NAME.search(name) and not _PATH_NAME.search(name) and len(value) >= SHORTEST
        ),
        key=len,
        reverse=True,  # a longer secret may contain a shorter one
    )

    def redact(text: str) -> str:
        for value in values:
            text = text.replace(value, HIDDEN)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    return redact
