"""pydantic's findings in the words of the person who wrote the file: what is wrong, and what to do."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError

from tenantry.parsing.faults import FieldError
from tenantry.parsing.yaml_document import FieldPath
from tenantry.parsing.yaml_mistakes import in_text

_TYPES: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "date_type": "a date",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_REMEDIES: Final = {
    "string_type": "write it in quotes",
    "bool_type": "write true or false without quotes",
    "date_type": "write year-month-day, such as 2026-10-01",
    "tuple_type": "write it as [one, two], or one to a line after `- `",
    "list_type": "write it as [one, two], or one to a line after `- `",
}
_BOUNDS: Final = {
    "greater_than_equal": ("is below {ge}", "write {ge} or more"),
    "less_than_equal": ("is above {le}", "write {le} or less"),
    "too_short": ("has {actual_length} entries", "write at least {min_length}"),
    "too_long": ("has too many entries", "write at most {max_length}"),
}


def findings(error: ValidationError, model: type[BaseModel]) -> list[tuple[FieldPath, FieldError]]:
    """Each with the path to its field, in pydantic's order."""
    return [_finding(cast(Mapping[str, Any], item), model) for item in error.errors(include_url=False)]


def _finding(item: Mapping[str, Any], model: type[BaseModel]) -> tuple[FieldPath, FieldError]:
    path = cast(FieldPath, item["loc"])
    kind = cast(str, item["type"])
    context = cast(Mapping[str, Any], item.get("ctx", {}))
    match kind:
        case "value_error" if isinstance(context.get("error"), FieldError):
            error = cast(FieldError, context["error"])
            return (*path, *error.path), error
        case "missing":
            return path, FieldError("is missing", f"add `{path[-1]}`" + _example(path))
        case "extra_forbidden":
            return path, FieldError("is no field here", _known(path, model))
        case "literal_error":
            choices = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
            return path, FieldError("is none of the choices", f"write one of {choices}")
        case _ if kind in _BOUNDS:
            wrong_text, remedy = _BOUNDS[kind]
            return path, FieldError(wrong_text.format_map(context), remedy.format_map(context))
        case _ if kind in _TYPES:
            return path, _type_finding(kind, item.get("input"))
        case _:
            return path, FieldError("is not what this field takes", "look it up in schema.json")


_EXAMPLES: Final = {
    "code": "code: k023",
    "name": "name: 示例幼儿园",
    "phone": 'phone: "13800138001"',
    "plan": "plan: standard",
    "status": "status: active",
    "contact": "contact: {name: 张三, email: zhangsan@example.com}",
    "proof": "let `tenantry purge` write it",
}


def _example(path: FieldPath) -> str:
    example = _EXAMPLES.get(str(path[-1])) if len(path) == 1 else None
    return f", such as {example}" if example else ""


def _type_finding(kind: str, value: object) -> FieldError:
    remedy = _REMEDIES.get(kind, f"write {_TYPES[kind]}")
    if value is None:
        return FieldError("is empty", f"write {_TYPES[kind]}, or remove the line")
    if isinstance(value, str) and _TYPES[kind] in ("a mapping", "a list") and (problem := in_text(value)) is not None:
        return problem
    return FieldError(f"is {_what(value)} where {_TYPES[kind]} belongs", remedy)


def _what(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return "a date"


def _known(path: FieldPath, model: type[BaseModel]) -> str:
    """The nearest field that exists in the same place, or all of them."""
    here: Any = model
    for step in path[:-1]:
        here = _below(here, step)
    inner = _model_within(here)
    if inner is None:
        return "remove it"
    fields = sorted(field.alias or name for name, field in inner.model_fields.items())
    near = get_close_matches(str(path[-1]).lower(), fields, n=1, cutoff=0.75)
    return f"write `{near[0]}` or remove it" if near else f"remove it; the fields are {', '.join(fields)}"


def _below(annotation: Any, step: str | int) -> Any:
    """The models below one step of a path: a field by the name that files use, or the entries of a collection."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return next((field.annotation for name, field in fields if (field.alias or name) == step), None)
    parts = get_args(annotation)
    if get_origin(annotation) in (dict, tuple):
        return parts[1] if get_origin(annotation) is dict else parts[0]
    return next((inner for part in parts if (inner := _below(part, step)) is not None), None)


def _model_within(annotation: Any) -> type[BaseModel] | None:
    """The model in `Model | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_within(part)) is not None), None)
