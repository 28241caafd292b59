"""The advice wherever a file or a configuration holds what looks like a secret."""

from typing import Final

KEEP_SECRETS_OUT: Final = (
    "keep secrets out of the file: a tenant's `secrets:` refers to those of the stack's encrypted configuration "
    "(docs/secrets.md)"
)
