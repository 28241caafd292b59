"""Remedies for errors of other providers, whose own words name none, or one that does not help here."""

import re
from typing import Final

from tenantry.engine.process.advice import in_our_words

_REMEDIES: Final = (
    (
        re.compile(r"has a collation version(?: mismatch|, but no actual collation version)"),
        "the server's C library or ICU is a newer one than the template's indexes were built with: rebuild them once"
        ' (docs/opening.md, "After an upgrade of the server\'s collations"), then run again',
    ),
    (
        re.compile(r"out of shared memory"),
        "one session can fill the server's table of locks, and then nobody connects any more: end it over a session"
        " that is open (pg_locks counts each one's), else restart the server; docs/plans.md says what makes it harder",
    ),
    (
        re.compile(r"because it is being terminated"),
        "an earlier removal of it goes on: wait until `kubectl get namespaces` no longer lists it, then run again",
    ),
)


def with_remedy(text: str) -> str:
    """The text of an error without the engine's own advice, and behind it the remedy where one is known."""
    text = in_our_words(text)
    remedy = remedy_of(text)
    return text if remedy is None else f"{text}: {remedy}"


def remedy_of(text: str) -> str | None:
    """The remedy where one is known."""
    return next((remedy for known, remedy in _REMEDIES if known.search(text)), None)
