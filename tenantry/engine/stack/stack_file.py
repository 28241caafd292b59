"""Faults of a stack's own file before the engine reads it: keys that nobody reads, texts that YAML changes, secrets."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, cast

import yaml

from tenantry.spec.secret_detection.text import credential_in
from tenantry.spec.setting_keys import is_encrypted, set_secret, unknown_setting

# What YAML takes for a number or a day without quotes; the engine then hands another text to the program, 15 for 017.
_CHANGED = re.compile(
    r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.[0-9_]+(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?0[oObBxX][0-9a-fA-F_]+"
    r"|[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\s].*)?",
    re.ASCII,
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")  # of an image: no credential, and of the length of many
_SAME = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)  # stays as it is written


def faults(file: Path, project: str, known: Collection[str]) -> Iterator[str]:
    """`FILE:LINE: what is wrong, what to do`, for every entry of `config:`. Never repeats a value.

    Raises YAMLError and OSError for a file that cannot be read.
    """
    stack = file.name.split(".", 1)[1].rpartition(".")[0]
    for key, value in _configured(file):
        name = str(key.value) if ":" in str(key.value) else f"{project}:{key.value}"
        where = f"{file.name}:{key.start_mark.line + 1}"
        if problem := unknown_setting(name, known):
            yield f"{where}: {problem}"
        elif is_encrypted(name) and any(scalar.value for scalar in _scalars(value)):
            namespace, _, secret = name.partition(":")
            command = set_secret(secret, stack, namespace)
            yield f"{where}: {name}: stands in clear: run `{command}`, and change the secret where it was issued"
        for scalar in _scalars(value):
            text = str(scalar.value)
            if scalar.style is None and _CHANGED.fullmatch(text) and not _SAME.fullmatch(text):
                yield (
                    f"{file.name}:{scalar.start_mark.line + 1}: {name}: YAML reads another text there than is written: "
                    "put it in quotes"
                )
            if (kind := credential_in(_DIGEST.sub("", text))) is not None:
                yield (
                    f"{file.name}:{scalar.start_mark.line + 1}: {name}: holds {kind} in clear: "
                    f"`pulumi config set --secret` encrypts what is meant to be secret, and change what stood here"
                )


def lines(file: Path) -> dict[str, int]:
    """Key below `config:`, as it is written -> its line; empty for a file that has none or cannot be read.

    Keys of documents are parted by dots: `tenantry:foundation.network.cidr`.
    """
    try:
        return dict(_lines(_configured(file)))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}


def _lines(entries: list[tuple[yaml.ScalarNode, yaml.Node]], above: str = "") -> Iterator[tuple[str, int]]:
    for key, value in entries:
        name = f"{above}{key.value}"
        yield name, key.start_mark.line + 1
        if isinstance(value, yaml.MappingNode):
            yield from _lines(_entries(value), f"{name}.")


def top_line(file: Path, name: str) -> int:
    """The line of a key beside `config:`; 1 where it is not found as YAML is commonly written."""
    texts = file.read_text(encoding="utf-8").splitlines()
    return next((number for number, text in enumerate(texts, 1) if text.startswith(f"{name}:")), 1)


def line_of(file: Path, name: str) -> int:
    """The line of `config:` with this full key; 1 where there is none. Raises as `faults` does."""
    return next((key.start_mark.line + 1 for key, _ in _configured(file) if key.value == name), 1)


def _configured(file: Path) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    """The entries of `config:`."""
    compose: Any = yaml.compose  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  (untyped stubs)
    config = _value(compose(file.read_text(encoding="utf-8"), yaml.SafeLoader), "config")
    return _entries(config) if isinstance(config, yaml.MappingNode) else []


def _entries(node: Any) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
    return [(key, value) for key, value in pairs if isinstance(key, yaml.ScalarNode)]


def _value(node: Any, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in _entries(node) if key.value == name), None)


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """All values, without what the engine has encrypted, at whatever depth."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for part in cast("list[yaml.Node]", node.value):
            yield from _scalars(part)
    elif isinstance(node, yaml.MappingNode):
        entries = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
        if len(entries) == 1 and entries[0][0].value == "secure":
            return
        for _, part in entries:
            yield from _scalars(part)
