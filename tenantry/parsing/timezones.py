"""Time zones by the names of the IANA database, in the version of the `tzdata` package: the same on every machine."""

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Final

_PLACEHOLDER: Final = "Factory"  # in the database for machines whose zone nobody has set
_CHINA: Final = "Asia/Shanghai"
# What people write for China's time, none of which is a name of the database: CST is also that of Chicago and Havana.
_WRITTEN_FOR_CHINA: Final = frozenset(
    (
        "cst",
        "beijing",
        "asia/beijing",
        "china",
        "china/beijing",
        "china/shanghai",
        "utc+8",
        "utc+08:00",
        "gmt+8",
        "+08:00",
    )
)


@cache
def known_zones() -> frozenset[str]:
    names = files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    return frozenset(names) - {_PLACEHOLDER}


def nearest_zone(text: str) -> str | None:
    """The name that was probably meant: whatever its case, its continent left out, or a letter missing."""
    low = text.lower().replace(" ", "_")
    if low in _WRITTEN_FOR_CHINA:
        return _CHINA
    by_name = {name.lower(): name for name in sorted(known_zones())}
    by_city = {name.rpartition("/")[2]: name for name in reversed(by_name)}
    if low in by_name or low in by_city:
        return by_name[low if low in by_name else by_city[low]]
    near = get_close_matches(low, by_name, n=1, cutoff=0.8) or get_close_matches(low, by_city, n=1, cutoff=0.8)
    return by_name.get(near[0]) or by_name[by_city[near[0]]] if near else None
