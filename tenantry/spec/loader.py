"""One file of the directory read into its model, with every fault at the line where it stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from tenantry.parsing.faults import Fault, FieldError
from tenantry.parsing.regular_file import read_regular
from tenantry.parsing.yaml_document import Document, FieldPath, read_document
from tenantry.spec.secret_detection.remedy import KEEP_SECRETS_OUT
from tenantry.spec.secret_detection.text import credential_in
from tenantry.spec.tenant import TenantSpec, Tombstone, contradiction
from tenantry.spec.validation_messages import findings

Model = TypeVar("Model", bound=BaseModel)
_LIFE: Final = ("status", "deleted_at", "proof")


def field_name(path: FieldPath) -> str:
    """limits.max_users, api_keys[0].name; `file` for what concerns the whole of it."""
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return name.removeprefix(".") or "file"


@dataclass(frozen=True, slots=True)
class Source:
    """A file and what it says, so that later checks can point at a line of it."""

    file: str
    document: Document

    def fault(self, path: FieldPath, problem: str, remedy: str) -> Fault:
        return Fault(self.file, self.document.line_of(path), field_name(path), problem, remedy)

    def valid(self, name: str) -> Any:
        """A top-level value that no fault concerns, else None; good even where another field is wrong."""
        data = self.document.data
        return None if data is None or self.document.refused((name,)) else data.get(name)


@dataclass(frozen=True, slots=True)
class Reading(Generic[Model]):
    """`value` is there exactly when there are no faults."""

    source: Source
    value: Model | None
    faults: tuple[Fault, ...]


def read_tenant(path: Path) -> Reading[TenantSpec | Tombstone]:
    """Never raises for what the file is or holds."""
    return _tenant(path, _read(path))


def parse_tenant(path: Path, content: bytes) -> Reading[TenantSpec | Tombstone]:
    """The same for what the file holds elsewhere, such as at a git revision; `path` is what faults name."""
    return _tenant(path, read_document(content))


def _tenant(path: Path, document: Document) -> Reading[TenantSpec | Tombstone]:
    data: Mapping[str, Any] = document.data or {}
    # `purged` without a plan is a tombstone; with one, the tenant is still being removed
    if data.get("status") == "purged" and "plan" not in data:
        return _finished(path, document, _checked(document, data, Tombstone))
    value = _checked(document, data, TenantSpec)
    _check_life(document, data)
    return _finished(path, document, value)


def read_model(
    path: Path, model: type[Model], prepare: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Reading[Model]:
    """A file of the directory that is no tenant's: `prepare` makes of its document what the model takes."""
    document = _read(path)
    return _finished(path, document, _checked(document, prepare(document.data or {}), model))


def _read(path: Path) -> Document:
    try:
        return read_document(read_regular(path))
    except FieldError as error:
        return Document(faults=[(1, (), error)])


def _checked(document: Document, data: Mapping[str, Any], model: type[Model]) -> Model | None:
    if document.data is None:
        return None
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        for path, fault in findings(error, model):
            if not document.refused(path):
                document.faults.append((document.line_of_fault(path, fault), path, fault))
        return None
    return None if document.faults else value


def _check_life(document: Document, data: Mapping[str, Any]) -> None:
    """Said also where another field is wrong, which keeps the model from coming this far."""
    if document.data is None or any(document.refused((name,)) for name in _LIFE) or "status" not in data:
        return
    error = contradiction(*(data.get(name) for name in _LIFE))
    if error is not None and not document.refused(error.path):
        document.faults.append((document.line_of(error.path), error.path, error))


def _check_comments(document: Document) -> None:
    """A secret in a comment is as readable to whoever reads the file, or its history, as one in a value."""
    faulty = {line for line, _, _ in document.faults}
    for line, text in document.comments.items():
        if line not in faulty and (kind := credential_in(text)) is not None:
            error = FieldError(f"holds a comment that looks like a secret ({kind})", KEEP_SECRETS_OUT)
            document.faults.append((line, (), error))


def _finished(path: Path, document: Document, value: Model | None) -> Reading[Model]:
    file = str(path)
    _check_comments(document)
    faults = tuple(
        Fault(file, line, field_name(where), error.problem, error.remedy) for line, where, error in document.faults
    )
    return Reading(Source(file, document), None if faults else value, faults)
