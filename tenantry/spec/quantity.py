"""Amounts as Kubernetes writes them, in the few units that a plan or a tenant needs."""

import re
from typing import Final

_BYTES: Final = re.compile(r"([1-9][0-9]{0,5})(Mi|Gi|Ti)")
_CPU: Final = re.compile(r"([1-9][0-9]{0,5})(m?)")
_UNITS: Final = {"Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
BYTES_PATTERN: Final = f"^{_BYTES.pattern}$"
CPU_PATTERN: Final = f"^{_CPU.pattern}$"


def bytes_of(text: str) -> int:
    """50Gi -> bytes. Only binary units: 50G and 50Gi differ by 7 %, and a bare 50 would be 50 bytes."""
    match = _BYTES.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no amount such as 512Mi, 50Gi or 2Ti")
    return int(match[1]) * _UNITS[match[2]]


def millicores_of(text: str) -> int:
    """1000m -> 1000, 2 -> 2000."""
    match = _CPU.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no amount of CPU such as 500m or 2")
    return int(match[1]) * (1 if match[2] else 1000)


def format_bytes(amount: int) -> str:
    """Bytes as the largest unit that divides them; plain bytes when none does."""
    for unit, size in reversed(_UNITS.items()):
        if amount and amount % size == 0:
            return f"{amount // size}{unit}"
    return f"{amount} bytes"
