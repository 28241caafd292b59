"""The part of an exhaustive list that one test run tries: the next part each day, so that over days all of it is tried.

The part depends on a seed (`--seed`, by default the day's number), which the run prints: the same seed tries the same
part. Without a seed (None, `--exhaustive`) everything is tried.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from zlib import crc32

Item = TypeVar("Item")


def choose(items: Sequence[Item], size: int, seed: int | None, label: Callable[[Any], str] = str) -> list[Item]:
    """Return `size` of the items in their own order: the seed's window of a fixed shuffle, taken round and round.

    Successive seeds take successive windows: after len(items) / size of them every item was chosen.
    """
    if seed is None or size >= len(items):
        return list(items)
    shuffled = sorted(range(len(items)), key=lambda index: (_hash(label(items[index])), index))
    start = seed * size % len(items)
    window = {shuffled[(start + offset) % len(items)] for offset in range(size)}
    return [item for index, item in enumerate(items) if index in window]


def is_chosen(name: str, parts: int, seed: int | None) -> bool:
    """Tell whether the name lies in the seed's part, of `parts` equal ones: for lists that are not known beforehand.

    Each name is chosen by exactly one of `parts` successive seeds.
    """
    return seed is None or _hash(name) % parts == seed % parts


def _hash(name: str) -> int:
    return crc32(name.encode())
