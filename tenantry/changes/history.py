"""Tenants whose files a reference no longer has: their codes are used up all the same."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tenantry.reports.baseline import git

_LONGEST_CODE: Final = 6  # digits


def same_number(code: str) -> tuple[str, ...]:
    """k023, k0023, k00023 and k000023 are one number."""
    number = int(code[1:])
    return tuple(f"k{number:0{width}d}" for width in range(max(3, len(str(number))), _LONGEST_CODE + 1))


def removed_files(commit: str, directory: Path, codes: Iterable[str]) -> dict[str, bytes]:
    """Files of codes that `commit` has no file for: the last one of that number in its history, by file name.

    One walk through the history, as far as this clone has it. Raises BaselineUnavailable.
    """
    names = sorted(f"{variant}.yaml" for code in codes for variant in same_number(code))
    if not names:
        return {}
    arguments = (
        "log",
        "--full-history",
        "--no-renames",
        "--diff-filter=D",
        "--relative",
        "--name-only",
        "--format=%H",
        commit,
        "--",
    )
    contents: dict[str, bytes] = {}
    removal = ""
    for line in git(directory, *arguments, *names).decode().split():
        if not line.endswith(".yaml"):
            removal = line
        elif line not in contents:
            contents[line] = git(directory, "show", f"{removal}^:./{line}")
    return contents
