"""The meaning of YAML scalars without quotes: only what every YAML reader agrees on.

YAML 1.1 and 1.2 disagree about `no`, `0o17`, `017`, `1_000`, `12:30`, `1e3`; a file that another tool reads
differently is refused rather than read one way.
"""

import re
from datetime import date
from typing import Final

from tenantry.parsing.faults import FieldError

_NULL: Final = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE: Final = frozenset(("true", "True", "TRUE"))
_FALSE: Final = frozenset(("false", "False", "FALSE"))
_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off"))
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,15}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\s].*)?")
_ALMOST_NUMBER: Final = re.compile(
    r"[-+]?(?:0[oxb][0-9A-Fa-f_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|\.(?:inf|Inf|INF|nan|NaN|NAN))"
)


def resolve_scalar(text: str) -> "str | int | float | bool | date | None":
    """The value of a plain scalar, or Wrong for one that readers disagree about."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text.lower() in _WORDS:
        raise FieldError(
            f"`{text}` without quotes is true or false to some YAML readers",
            "write true or false, or quote it",
        )
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _MOMENT.fullmatch(text):
        return _day(text)
    if _ALMOST_NUMBER.fullmatch(text):
        raise FieldError("is a number that YAML readers read differently", "quote it, or write plain decimal digits")
    if text in ("<<", "="):
        raise FieldError(f"`{text}` has a special meaning to some YAML readers", "write the fields out, or quote it")
    return text


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise FieldError("is no day of the calendar", "write year-month-day, such as 2026-10-01") from None
    raise FieldError("is no plain date", "write year-month-day, such as 2026-10-01")
