"""A YAML file as plain values with the line of each, and nothing of YAML that could surprise.

Works on the parser's events instead of its constructors: no tag is ever acted on, no alias ever followed, and
the nesting is bounded, so a file of 64 KiB cannot cost more than reading it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, cast

import yaml

from tenantry.parsing.characters import first_forbidden_character
from tenantry.parsing.faults import FieldError
from tenantry.parsing.yaml_mistakes import conflict, in_key, slip
from tenantry.parsing.yaml_scalars import resolve_scalar

FieldPath = tuple[str | int, ...]
_DEEPEST: Final = 12
_COMMENT: Final = re.compile(r"(?:^|[ \t])#(.*)$")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it


@dataclass(slots=True)
class Document:
    """The content of a file. `faults` are (line, path, what is wrong); a value that has one stands as None."""

    data: dict[str, Any] | None = None
    lines: dict[FieldPath, int] = field(default_factory=dict[FieldPath, int])
    faults: list[tuple[int, FieldPath, FieldError]] = field(default_factory=list[tuple[int, FieldPath, FieldError]])
    value_lines: dict[FieldPath, int] = field(default_factory=dict[FieldPath, int])  # where each text begins
    # Line -> what stands behind a `#` there: a comment, or the end of a text, which is a value as well.
    comments: dict[int, str] = field(default_factory=dict[int, str])

    def line_of_fault(self, path: FieldPath, error: FieldError) -> int:
        """The line of the field, or that of its value where the mistake is in there."""
        line = self.value_lines.get(path) if error.is_in_value else None
        return self.line_of(path) if line is None else line

    def line_of(self, path: FieldPath) -> int:
        """The line of the field itself, or of the nearest thing around it that the file holds."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def refused(self, path: FieldPath) -> bool:
        """Tells whether this path, or one that holds it, has a fault already."""
        return any(path[: len(known)] == known for _, known, _ in self.faults)


class _Stop(Exception):
    pass


class _NoMapping(Exception):
    """The whole file is something else: `event` says where that begins and ends."""

    def __init__(self, event: yaml.Event) -> None:
        super().__init__()
        self.event = event


def read_document(content: bytes) -> Document:
    """Never raises: whatever the bytes are, the document says what is wrong with them."""
    document = Document()
    text = ""
    try:
        text = _text_of(content, document)
        document.comments = {
            number: match[1] for number, line in enumerate(text.splitlines(), 1) if (match := _COMMENT.search(line))
        }
        _Reader(document, _events(text)).read()
    except _Stop:
        pass
    except _NoMapping as error:
        first, last = error.event.start_mark.line + 1, error.event.end_mark.line + 1
        line, problem = slip(text, first, last) or (first, FieldError("is not a mapping", "write `field: value` lines"))
        document.faults.append((line, (), problem))
    except yaml.MarkedYAMLError as error:
        line, problem = broken(text, error)
        document.faults.append((line, (), problem))
    except yaml.YAMLError:
        document.faults.append((1, (), FieldError("is no YAML", "write it anew from a file that is")))
    return document


def broken(text: str, error: yaml.MarkedYAMLError) -> tuple[int, FieldError]:
    """The line and the mistake of a text that is no YAML, by what people commonly do, else in the parser's words."""
    if (unresolved := conflict(text)) is not None:
        return unresolved
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    # A name without its colon is noticed in the line after it, or at the end of the file.
    is_name = error.context_mark is not None and "simple key" in (error.context or "")
    first = error.context_mark.line + 1 if is_name and error.context_mark else line - 1
    generic = FieldError(f"is no YAML ({error.problem})", "correct the line or the one before")
    return slip(text, first, line) or (line, generic)


def _events(text: str) -> Iterator[yaml.Event]:
    parse = cast(Callable[..., Iterator[yaml.Event]], getattr(yaml, "parse"))  # noqa: B009 (stubs type it in part)
    return parse(text, Loader=_LOADER)


def _text_of(content: bytes, document: Document) -> str:
    """UTF-8 without a byte order mark and without characters that cannot be seen, comments included."""

    def refuse(line: int, problem: str, remedy: str) -> _Stop:
        document.faults.append((line, (), FieldError(problem, remedy)))
        return _Stop()

    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise refuse(1, "begins with a byte order mark", "save it as UTF-8 without one")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refuse(line, "is not UTF-8", "save it as UTF-8") from None
    forbidden = first_forbidden_character(text.replace("\r\n", " \n"), allowed="\n\t")
    if forbidden is not None:
        raise refuse(text.count("\n", 0, forbidden[0]) + 1, f"holds {forbidden[1]}", "remove it")
    unresolved = conflict(text)
    if unresolved is not None:
        raise refuse(unresolved[0], unresolved[1].problem, unresolved[1].remedy)
    if not text.strip():
        raise refuse(1, "is empty", "write the tenant's fields, or delete the file")
    return text


class _Reader:
    """Turns events into values. Recursion is bounded by _DEEPEST."""

    def __init__(self, document: Document, events: Iterator[yaml.Event]) -> None:
        self._document = document
        self._events = events

    def read(self) -> None:
        for event in self._events:
            match event:
                case yaml.DocumentStartEvent():
                    if self._document.data is not None:
                        self._stop(event, (), "holds more than one document", "keep one and remove the `---` line")
                    if event.version is not None or event.tags:
                        self._stop(event, (), "holds a YAML directive", "remove the line beginning with %")
                    self._top()
                case _:
                    pass  # the start and the end of the stream and of the document say nothing
        if self._document.data is None and not self._document.faults:
            self._document.faults.append(
                (1, (), FieldError("is empty", "write the tenant's fields, or delete the file"))
            )

    def _top(self) -> None:
        event = next(self._events)
        if isinstance(event, yaml.ScalarEvent) and event.value == "" and event.implicit[0]:
            self._stop(event, (), "is empty", "write the tenant's fields, or delete the file")
        if not isinstance(event, yaml.MappingStartEvent):
            raise _NoMapping(event)
        value = self._value(event, ())
        self._document.data = value

    def _value(self, event: yaml.Event, path: FieldPath) -> Any:
        line = event.start_mark.line + 1
        self._document.lines.setdefault(path, line)
        if len(path) > _DEEPEST:
            self._stop(event, path, "is nested too deep", f"use at most {_DEEPEST} levels")
        if isinstance(event, yaml.AliasEvent):
            self._fault(event, path, "is an alias", "write the value out")
            return None
        if getattr(event, "anchor", None) is not None:
            self._fault(event, path, "has an anchor", "remove the `&` and its name")
        elif getattr(event, "tag", None) is not None:
            self._fault(event, path, "has a tag", "remove the `!` and its name")
        match event:
            case yaml.ScalarEvent():
                return self._scalar(event, path)
            case yaml.SequenceStartEvent():
                return self._items(path)
            case _:
                return self._mapping(path)

    def _scalar(self, event: yaml.ScalarEvent, path: FieldPath) -> Any:
        self._document.value_lines[path] = event.start_mark.line + 1
        forbidden = first_forbidden_character(
            event.value, allowed="\n\t"
        )  # escapes in double quotes can say what the text may not
        if forbidden is not None:
            self._fault(event, path, f"holds {forbidden[1]}", "remove it")
            return None
        if event.style is not None and event.style != "":
            return event.value
        try:
            return resolve_scalar(event.value)
        except FieldError as error:
            self._fault(event, path, error.problem, error.remedy)
            return None

    def _items(self, path: FieldPath) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: FieldPath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            if (mistake := in_key(key)) is not None:
                self._fault(event, path, mistake.problem, mistake.remedy)
            if key in mapping:
                first = self._document.lines[*path, key]
                self._fault(event, (*path, key), f"stands here twice, first in line {first}", "keep one of the two")
                self._skip()
                continue
            self._document.lines[*path, key] = event.start_mark.line + 1
            mapping[key] = self._value(next(self._events), (*path, key))
        return mapping

    def _skip(self) -> None:
        """Past one value, whatever it holds."""
        depth = 0
        while True:
            event = next(self._events)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth == 0:
                return

    def _key(self, event: yaml.Event, path: FieldPath) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(event, path, "holds a key that is no plain name", "write the name of a field")
        marked = event.anchor is not None or event.tag is not None
        plain = None if marked or len(event.value) > 128 else self._plain_key(event)
        if plain is None:
            self._stop(event, path, "holds a key that is no plain name", "write the name of a field, without marks")
        return plain

    def _plain_key(self, event: yaml.ScalarEvent) -> str | None:
        if first_forbidden_character(event.value) is not None:
            return None
        try:
            value = event.value if event.style else resolve_scalar(event.value)
        except FieldError:
            return None
        return value if isinstance(value, str) else None

    def _fault(self, event: yaml.Event, path: FieldPath, problem: str, remedy: str) -> None:
        self._document.faults.append((event.start_mark.line + 1, path, FieldError(problem, remedy)))

    def _stop(self, event: yaml.Event, path: FieldPath, problem: str, remedy: str) -> NoReturn:
        self._fault(event, path, problem, remedy)
        raise _Stop
