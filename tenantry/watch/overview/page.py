"""The page as one text: template, style and program in it, and a policy by which the browser loads nothing else.

Names, errors and whatever else stands in the admin database was written by others: all of it is escaped, and were
something left unescaped, the browser would run no other program than the one whose hash the policy names.
"""

from base64 import b64encode
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from tenantry.watch.overview import sums
from tenantry.watch.overview.facts import Overview
from tenantry.watch.tenant_facts import QUOTAS

if TYPE_CHECKING:
    from jinja2 import Template

UNKNOWN: Final = "unknown"
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def to_html(overview: Overview) -> str:
    """A whole document. Bars and figures of what nobody has measured say so, and are no zeros."""
    style, program = _part("style.css"), _part("table.js")
    values: dict[str, Any] = {
        "overview": overview,
        "quotas": QUOTAS,
        "total": sums.share("all", overview.tenants),
        "groups": {
            "plan": sums.shares(overview.tenants, lambda facts: facts.plan),
            "phase": sums.shares(overview.tenants, lambda facts: facts.phase),
            "stack": sums.shares(overview.tenants, lambda facts: stack_name(facts.stack)),
        },
        "remarks": sums.remarks(overview),
        "due": sums.falling_due(overview),
        "style": style,
        "program": program,
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(program)}'",
    }
    return _template().render(values)


def size_text(value: int | None) -> str:
    """Bytes for people: 12.3 GiB."""
    if value is None:
        return UNKNOWN
    size, unit = float(value), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} B" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def amount_text(value: int | None, unit: str) -> str:
    return size_text(value) if unit == "bytes" else UNKNOWN if value is None else f"{value:,}"


def stack_name(qualified: str) -> str:
    """Without organisation and project: prod of organization/tenantry/prod."""
    return qualified.rpartition("/")[2]


def time_text(value: datetime | None) -> str:
    return "-" if value is None else f"{value:%Y-%m-%d %H:%M}"


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    filters = {"amount": amount_text, "bytes": size_text, "time": time_text, "short": stack_name}
    environment.filters.update(filters)  # pyright: ignore[reportUnknownMemberType] (Jinja2 leaves open what one takes)
    return environment.from_string(_part("page.html"))


@cache
def _part(name: str) -> str:
    return files("tenantry.watch.overview").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    """The digest as a browser compares it: of the element's text, byte for byte."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
