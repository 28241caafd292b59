"""Invented values for a column, by its type, its name and its checks."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

LONGEST: Final = 2000  # characters of a text without a limit
_HEADER: Final = 4  # of a length in atttypmod
_ARRAY: Final = re.compile(r"ARRAY\[([^\]]*)\]")
_LITERAL: Final = re.compile(r"'([^']+)'::")
_PATTERN: Final = re.compile(r"(?<![~!])~\*? '((?:[^']|'')+)'::")
_FIRST_DAY: Final = date(2026, 1, 1)
_LATER: Final = re.compile(
    r"^(?:ends|end|expires|valid_(?:to|until)|due|closes|until)|_(?:ends?|until|to|due)(?:_at|_on)?$"
)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type_name: str
    category: str  # pg_type.typcategory
    modifier: int  # pg_attribute.atttypmod
    is_nullable: bool
    is_made: bool  # by the server: an identity or a generated column
    has_default: bool
    is_unique: bool  # by itself or with others
    references: str | None  # TABLE|COLUMN
    checks: str  # as pg_get_constraintdef writes them


@dataclass(frozen=True, slots=True)
class Wish:
    """The wanted value. `number` tells the rows of a table apart, `attempt` what was refused before."""

    number: int
    attempt: int = 0
    is_long: bool = False
    is_repeated: bool = False  # as in the row before, where nothing forbids that

    def number_for(self, column: Column) -> int:
        return 0 if self.is_repeated and not column.is_unique else self.number


def value_of(column: Column, wish: Wish) -> Any:
    """None where nothing can be invented."""
    wish = replace(wish, number=wish.number_for(column))
    listed = [text for array in _ARRAY.findall(column.checks) for text in _LITERAL.findall(array)]
    if listed and column.category == "S":
        return listed[wish.number % len(listed)]
    match column.category:
        case "S":
            return _text(column, wish)
        case "N":
            return _figure(column, wish)
        case "B":
            return wish.number % 2 == 0
        case "D":
            return _moment(column, wish.number)
        case _:
            return _other(column, wish.number)


def _text(column: Column, wish: Wish) -> str:
    limit = column.modifier - _HEADER if column.modifier > 0 else LONGEST
    letter = chr(ord("a") + wish.number % 26)
    shaped = (
        f"row_{letter}", f"row:{letter}", f"139{wish.number:08}", f"row-{letter}", f"{letter * 3}@example.com",
        f"#00000{wish.number % 10}", f"{letter}" * 32, f"{wish.number + 1}", f"{letter.upper()}000{wish.number}",
    )  # fmt: skip
    patterns = [pattern.replace("''", "'") for pattern in _PATTERN.findall(column.checks)]
    if patterns:
        fitting = (text for text in shaped if all(re.search(pattern, text) for pattern in patterns))
        return next(fitting, shaped[0])[:limit]
    if "@" in column.checks or column.name.endswith("email"):
        return f"row{wish.number}@example.com"[:limit]
    if column.name.endswith("phone"):
        return f"139{wish.number:08}"[:limit]
    text = f"排练 {column.name} {wish.number}"
    is_long = wish.is_long and "length" not in column.checks
    return (text + " 长" * limit)[:limit] if is_long else text[:limit]


def _figure(column: Column, wish: Wish) -> Any:
    value = wish.number + 1
    if column.checks and wish.attempt > 1:
        value = 2026 + wish.number  # a year
    elif wish.is_long and not column.checks:
        value = {"smallint": 30_000, "integer": 2_000_000_000, "bigint": 2**53}.get(column.type_name, 9) - wish.number
    return Decimal(value) if column.type_name == "numeric" else value


def _moment(column: Column, number: int) -> Any:
    day = _FIRST_DAY + timedelta(days=number + (30 if _LATER.search(column.name) else 0))
    if column.type_name == "date":
        return day
    if column.type_name.startswith("time "):
        return time(8 + number % 12)
    return datetime(day.year, day.month, day.day, 8, tzinfo=UTC)


def _other(column: Column, number: int) -> Any:
    match column.type_name:
        case "jsonb" | "json":
            return Jsonb({"rehearsal": number})
        case "uuid":
            return UUID(int=number + 1)
        case "bytea":
            return bytes([number])
        case "inet":
            return f"192.0.2.{number + 1}"
        case "interval":
            return timedelta(hours=number + 1)
        case name if name.endswith("[]"):
            return []
        case _:
            return None
