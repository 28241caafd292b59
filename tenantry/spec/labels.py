"""The types of a tenant's labels and notes: words that people and their tools give it, and that no wall goes by.

Labels are carried to the tenant's objects below a prefix that nothing else uses, so that none can be taken for a mark
of ours. Their characters are what Kubernetes takes in a label and what tags of RAM and OSS and SQL take as well.
"""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from tenantry.parsing.characters import first_non_ascii
from tenantry.parsing.faults import FieldError
from tenantry.spec.freeform import check_freeform

PREFIX: Final = "label.tenantry.io/"  # not labels.: in a dotted path that could be our tenantry.io/ below `labels`
MOST: Final = 16
LONGEST_NOTES: Final = 1000  # characters
KEY: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
VALUE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PHONE: Final = re.compile(r"1[3-9][0-9]{9}")


def _check_labels(labels: Any) -> Any:
    if not isinstance(labels, dict):
        return labels  # pyright: ignore[reportUnknownVariableType]  (pydantic says what it is instead)
    if len(labels) > MOST:  # pyright: ignore[reportUnknownArgumentType]
        raise FieldError(f"has {len(labels)} entries", f"write at most {MOST}")  # pyright: ignore[reportUnknownArgumentType]
    for key, value in labels.items():  # pyright: ignore[reportUnknownVariableType]
        _check_key(key)
        _check_value(str(key), value)  # pyright: ignore[reportUnknownArgumentType]
    return check_freeform(labels)


def _check_key(key: Any) -> None:
    if not isinstance(key, str) or KEY.fullmatch(key) is None:
        remedy = "write keys of lower-case ASCII letters, digits and hyphens, beginning with a letter, at most 32"
        raise FieldError("holds a key that is no label's", remedy)


def _check_value(key: str, value: Any) -> None:
    if not isinstance(value, str):
        raise FieldError("is not text", 'write it in quotes, such as "2026"', (key,))
    if VALUE.fullmatch(value) is None:
        foreign = first_non_ascii(value)
        remedy = "write 1 to 63 ASCII letters, digits, dots, hyphens and underscores, a letter or digit first and last"
        raise FieldError(f"holds {foreign}" if foreign else "is no label's value", remedy, (key,))
    if _PHONE.fullmatch(value):
        raise FieldError("is a phone number", "labels are seen by many: write nothing of a person's", (key,))


def _check_notes(text: str) -> str:
    if not text.strip():
        raise FieldError("is empty", "write a text, or leave the field out")
    if len(text) > LONGEST_NOTES:
        raise FieldError(f"has {len(text)} characters", f"write at most {LONGEST_NOTES}")
    check_freeform(text)
    return text


Labels = Annotated[
    dict[str, str],
    BeforeValidator(_check_labels),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MOST,
            "propertyNames": {"pattern": f"^{KEY.pattern}$"},
            "additionalProperties": {"type": "string", "pattern": f"^{VALUE.pattern}$"},
        }
    ),
]
Notes = Annotated[str, AfterValidator(_check_notes), Field(json_schema_extra={"maxLength": LONGEST_NOTES})]
