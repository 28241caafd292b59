"""Writing tenants' files with ruamel.yaml: comments, order and quotes survive a change.

Only for writing. What a file says is decided by `tenantry.spec.loader` alone, which refuses what YAML readers disagree
about; whoever writes with this module reads the result again with it.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from tenantry.parsing.faults import FieldError
from tenantry.parsing.yaml_scalars import resolve_scalar

_WIDTH: Final = 100_000  # characters: no line that a person wrote is ever folded
_INDENTS: Final = ((2, 0), (4, 2))  # of `- ` below a key: level with it, or two to the right


def edit(text: str, change: Callable[[CommentedMap], None]) -> str:
    """The text of a file after `change` has altered its top-level mapping.

    Line ends and the indentation of lists stay as they are. `text` must be one that `read_document` accepts.
    """
    ends = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n")
    indent = min(_INDENTS, key=lambda choice: _differing_lines(plain, _dump(_load(plain), choice)))
    document = _load(plain)
    change(document)
    return _dump(document, indent).replace("\n", ends)


def put_after(document: CommentedMap, key: str, name: str, value: Any) -> None:
    """Write `name: value` behind `key`, or where `name` stands already."""
    if name in document:
        document[name] = value
    else:
        document.insert(list(document).index(key) + 1, name, value)  # pyright: ignore[reportUnknownMemberType]  (no stubs)


def new_document(fields: Mapping[str, Any], comments: Mapping[str, str]) -> CommentedMap:
    """A mapping to be dumped: mappings and lists within it on one line, `comments` behind the fields they name."""
    document = CommentedMap()
    for name, value in fields.items():
        document[name] = to_node(value)
    ends = [len(line) for line in dump(document).splitlines()]  # a field is a line
    for name, end in zip(fields, ends, strict=True):
        if name in comments:
            document.yaml_add_eol_comment(comments[name], name, column=end + 2)  # pyright: ignore[reportUnknownMemberType]  (no stubs)
    return document


def dump(document: CommentedMap) -> str:
    return _dump(document, _INDENTS[0])


def to_node(value: Any) -> Any:
    """The value as ruamel.yaml writes it in one line; texts in quotes wherever a reader might take them for others."""
    if isinstance(value, Mapping):
        node = CommentedMap({to_node(str(key)): to_node(item) for key, item in cast(Mapping[str, Any], value).items()})
        node.fa.set_flow_style()  # pyright: ignore[reportUnknownMemberType]  (no stubs)
        return node
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = CommentedSeq([to_node(item) for item in cast(Sequence[Any], value)])
        items.fa.set_flow_style()  # pyright: ignore[reportUnknownMemberType]  (no stubs)
        return items
    return value if not isinstance(value, str) or _is_plain(value) else DoubleQuotedScalarString(value)


def _is_plain(text: str) -> bool:
    try:
        return resolve_scalar(text) == text
    except FieldError:
        return False


def _load(text: str) -> CommentedMap:
    return cast(CommentedMap, _yaml(_INDENTS[0]).load(text))  # pyright: ignore[reportUnknownMemberType]  (no stubs)


def _dump(document: CommentedMap, indent: tuple[int, int]) -> str:
    stream = io.StringIO()
    _yaml(indent).dump(document, stream)  # pyright: ignore[reportUnknownMemberType]  (no stubs)
    return stream.getvalue()


def _yaml(indent: tuple[int, int]) -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=indent[0], offset=indent[1])  # pyright: ignore[reportUnknownMemberType]  (no stubs)
    return yaml


def _differing_lines(one: str, other: str) -> int:
    before, after = one.splitlines(), other.splitlines()
    return sum(a != b for a, b in zip(before, after, strict=False)) + abs(len(before) - len(after))
