"""Invented values for a column, by its type and by what its checks list."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

LONGEST: Final = 2000  # characters of a text without a limit
_HEADER: Final = 4  # of a length in atttypmod
_LISTED: Final = re.compile(r"'([^']+)'::(?:text|character varying|bpchar)")
_FIRST_DAY: Final = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type_name: str
    category: str  # pg_type.typcategory
    modifier: int  # pg_attribute.atttypmod
    is_nullable: bool
    is_made: bool  # by the server: an identity or a generated column
    has_default: bool
    references: str | None  # TABLE|COLUMN
    checks: str  # as pg_get_constraintdef writes them


def value_of(column: Column, number: int, *, is_repeated: bool, is_long: bool) -> Any:
    """None where nothing can be invented. `number` tells the rows of a table apart."""
    which = 0 if is_repeated else number
    listed = _LISTED.findall(column.checks)
    if listed and column.category == "S":
        return listed[which % len(listed)]
    match column.category:
        case "S":
            return _text(column, which, is_long=is_long)
        case "N":
            return _figure(column, which, is_long=is_long)
        case "B":
            return which % 2 == 0
        case "D":
            return _moment(column, which)
        case _:
            return _other(column, which)


def _text(column: Column, which: int, *, is_long: bool) -> str:
    limit = column.modifier - _HEADER if column.modifier > 0 else LONGEST
    if column.name.endswith("phone"):
        return f"139{which:08}"[:limit]
    text = f"排练 {column.name} {which}"
    return (text + " 长" * limit)[:limit] if is_long else text[:limit]


def _figure(column: Column, which: int, *, is_long: bool) -> Any:
    value = which + 1
    if is_long and not column.checks:
        value = {"smallint": 30_000, "integer": 2_000_000_000, "bigint": 2**53}.get(column.type_name, 9) - which
    return Decimal(value) if column.type_name == "numeric" else value


def _moment(column: Column, which: int) -> Any:
    day = _FIRST_DAY + timedelta(days=which)
    if column.type_name == "date":
        return day
    if column.type_name.startswith("time "):
        return time(8 + which % 12)
    return datetime(day.year, day.month, day.day, 8, tzinfo=UTC)


def _other(column: Column, which: int) -> Any:
    match column.type_name:
        case "jsonb" | "json":
            return Jsonb({"rehearsal": which})
        case "uuid":
            return UUID(int=which + 1)
        case "bytea":
            return bytes([which])
        case "inet":
            return f"192.0.2.{which + 1}"
        case "interval":
            return timedelta(hours=which + 1)
        case name if name.endswith("[]"):
            return []
        case _:
            return None
