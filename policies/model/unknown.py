"""Values that only the update knows: whoever touches one of them is told so."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

# What the engine sends in their place: a boolean, number, text, list, asset, archive and object.
UNKNOWN: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)

Path = tuple[str, ...]


class UnknownValueError(Exception):
    """An unknown value was read; its path."""

    def __init__(self, path: Path) -> None:
        super().__init__(".".join(path))
        self.path = path


class UnknownEntries(Mapping[str, Any]):
    """A mapping that holds something unknown."""

    def __init__(self, entries: Mapping[str, Any], path: Path) -> None:
        self._entries, self._path = entries, path

    def __getitem__(self, key: str) -> Any:
        return _known(self._entries[key], (*self._path, key))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)


class UnknownItems(Sequence[Any]):
    """A list that holds something unknown."""

    def __init__(self, items: Sequence[Any], path: Path) -> None:
        self._items, self._path = items, path

    def __getitem__(self, index: Any) -> Any:
        return _known(self._items[index], (*self._path, str(index)))

    def __len__(self) -> int:
        return len(self._items)


def is_unknown(value: Any) -> bool:
    return isinstance(value, str) and value in UNKNOWN


def _known(value: Any, path: Path) -> Any:
    if is_unknown(value):
        raise UnknownValueError(path)
    return value
