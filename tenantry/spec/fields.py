"""The constrained types of the files' fields: each says what is wrong with a value and what to write."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from tenantry import names
from tenantry.parsing.characters import first_forbidden_character, first_non_ascii, is_readable, mixed_scripts
from tenantry.parsing.faults import FieldError
from tenantry.parsing.timezones import known_zones, nearest_zone
from tenantry.spec.quantity import BYTES_PATTERN, CPU_PATTERN, bytes_of, millicores_of
from tenantry.spec.secret_detection.remedy import KEEP_SECRETS_OUT
from tenantry.spec.secret_detection.text import credential_in
from tenantry.spec.setting_keys import SECRET_KEY, SECRETS

_LONGEST_NAME: Final = 64  # characters
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_SLUG: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")
_CELL: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?")
_PROOF: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{3,127}")
_IMAGE: Final = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*){0,4}")
_VERSION: Final = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}(?:-[0-9a-z.]{1,30})?")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_URL_PATH: Final = re.compile(r"/[A-Za-z0-9/_.-]{0,100}")
_HOUR_MINUTE: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_TIME_ZONE: Final = re.compile(r"[A-Z][A-Za-z0-9_+-]{1,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")  # for editors
_REFERENCE: Final = re.compile(f"config:{SECRET_KEY.pattern}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Metadata of a text that a pattern must match as a whole: no line break, no digits but ASCII's, slip through."""

    what: str
    pattern: re.Pattern[str]
    remedy: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return AfterValidator(self._check).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self.pattern.pattern}$"}

    def _check(self, text: str) -> str:
        if self.pattern.fullmatch(text) is None:
            foreign = first_non_ascii(text)
            raise FieldError(f"holds {foreign}" if foreign else f"is no {self.what}", self.remedy)
        return text


def _amount(parse: Callable[[str], int], what: str, remedy: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            parse(text)
        except ValueError:
            raise FieldError(f"is no {what}", remedy) from None
        return text

    return check


def _prose(longest: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not text:
            raise FieldError("is empty", f"write 1 to {longest} characters")
        if len(text) > longest:
            raise FieldError(f"has {len(text)} characters", f"write at most {longest}")
        forbidden = first_forbidden_character(text)
        if forbidden is not None:
            raise FieldError(f"holds {forbidden[1]}", "remove it")
        if any(unicodedata.category(char) == "Zs" and char != " " for char in text):
            raise FieldError("holds a space that is not the ordinary one", "write an ordinary space")
        if text != text.strip():
            raise FieldError("begins or ends with a space", "remove the space")
        if unicodedata.normalize("NFC", text) != text:
            raise FieldError("holds a letter written as several characters", "write it composed (Unicode NFC)")
        _no_credential(text)
        scripts = mixed_scripts(text)
        if scripts is not None:
            raise FieldError(f"mixes {scripts} letters, which look alike", "write it in one alphabet")
        return text

    return check


def _no_credential(text: str) -> str:
    if (kind := credential_in(text)) is not None:
        raise FieldError(f"looks like a secret ({kind})", KEEP_SECRETS_OUT)
    return text


def _reference(text: str) -> str:
    """Refuses text that is no reference: it may be the secret itself, known to whoever reads the file's history."""
    if _REFERENCE.fullmatch(text) is None:
        kind = credential_in(text)
        problem = f"is a secret ({kind}) and no reference to one" if kind else "is no reference to a secret"
        raise FieldError(
            problem,
            f"set it by `pulumi config set --secret {SECRETS}:CODE.KEY` and write config:CODE.KEY, such as "
            "config:k001.wechatPayKey; if the secret itself stood here, change it where it was issued",
        )
    return text


def _readable(text: str) -> str:
    if not is_readable(text):
        raise FieldError("shows no letter and no number", "write the name that people read")
    return text


def _as_date(value: Any) -> Any:
    """A date, whether quoted or not; never a point in time, which is another day elsewhere."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if _DATE.fullmatch(value) else value
        except ValueError:
            return value
    return value


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  (YAML: items are checked by the type behind)


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    for position, value in enumerate(values):
        if value in values[:position]:
            raise FieldError(f"names {value} twice", "write it once")
    return values


def _schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


def _time_zone(text: str) -> str:
    if text not in known_zones():
        foreign = first_non_ascii(text)
        near = nearest_zone(text)
        remedy = f"write {near}" if near else "write a name of the IANA database such as Asia/Shanghai"
        raise FieldError(f"holds {foreign}" if foreign else "is no time zone", remedy)
    return text


def _email_length(text: str) -> str:
    if len(text) > 254 or len(text.partition("@")[0]) > 64:
        raise FieldError("is too long for an e-mail address", "write at most 254 characters, 64 of them before the @")
    return text


Code = Annotated[str, Pattern("tenant code", names.CODE, "write k and 3 to 6 ASCII digits, such as k023")]
Phone = Annotated[
    str, Pattern("mobile number", names.PHONE, "write 1, a digit 3 to 9 and nine more ASCII digits, in quotes")
]
Email = Annotated[
    str,
    AfterValidator(_email_length),
    AfterValidator(_no_credential),
    Pattern("e-mail address", _EMAIL, "write one such as office@example.com"),
]
Slug = Annotated[
    str,
    AfterValidator(_no_credential),
    Pattern("short name", _SLUG, "write lower-case ASCII letters, digits and hyphens, at most 32"),
]
SecretReference = Annotated[str, AfterValidator(_reference), _schema(f"^{_REFERENCE.pattern}$")]
Cell = Annotated[str, Pattern("cell name", _CELL, "write lower-case ASCII letters, digits and hyphens, at most 20")]
BackupProofId = Annotated[str, Pattern("id of a backup proof", _PROOF, "let `tenantry purge` write it")]
DisplayName = Annotated[
    str,
    AfterValidator(_prose(_LONGEST_NAME)),
    AfterValidator(_readable),
    Field(json_schema_extra={"maxLength": 64}),
]
SingleLineText = Annotated[str, AfterValidator(_prose(200)), Field(json_schema_extra={"maxLength": 200})]
Bytes = Annotated[
    str,
    AfterValidator(_amount(bytes_of, "amount of storage", "write a number and Mi, Gi or Ti, such as 50Gi")),
    _schema(BYTES_PATTERN),
]
Cpu = Annotated[
    str,
    AfterValidator(_amount(millicores_of, "amount of CPU", "write thousandths such as 500m, or whole ones such as 2")),
    _schema(CPU_PATTERN),
]
Image = Annotated[str, Pattern("image name", _IMAGE, "write lower-case path parts such as plugins/enrollment")]
Version = Annotated[str, Pattern("version", _VERSION, "write three numbers such as 1.4.0")]
Digest = Annotated[str, Pattern("digest", _DIGEST, "write sha256: and 64 hexadecimal digits")]
UrlPath = Annotated[str, Pattern("path", _URL_PATH, "write one such as /health")]
HourMinute = Annotated[str, Pattern("time of day", _HOUR_MINUTE, 'write hours and minutes in quotes, such as "06:30"')]
TimeZone = Annotated[str, AfterValidator(_time_zone), _schema(f"^{_TIME_ZONE.pattern}$")]
Day = Annotated[date, BeforeValidator(_as_date)]
AsTuple = BeforeValidator(_as_tuple)
UniqueItems = AfterValidator(_distinct)
