"""Live state: moto's models, written through to the store at every change and rebuilt from it at start."""

from __future__ import annotations

from typing import Any, Self


def moto_account(account: str) -> str:
    """moto derives ids from account numbers of exactly 12 digits; Alibaba Cloud's have 16."""
    return account[-12:].rjust(12, "0")


class Unremembered:
    """First base of our subclasses of moto's models: moto would keep every instance ever made in a list."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        return object.__new__(cls)
