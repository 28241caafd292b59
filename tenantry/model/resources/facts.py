"""The shapes of what is to be known of a system: each module of `systems/` is made of these, and stands alone.

KINDS are its kinds of resources, RIGHTS those of the identity that deploys, CLEAN_UP its rows in the plan of a
deletion, CONTROLS what holds one tenant from another in it, SETTINGS what a stack says of it (stack_settings.py).
A module has those that it needs.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from tenantry.names import CODE, Names


class Owner(StrEnum):
    """The part of a stack that may declare a resource."""

    TENANT = "tenant"
    PLATFORM = "platform"
    FOUNDATION = "foundation"


class Gravity(IntEnum):
    """The gravity of a difference between the record and the live stack. The lower, the graver."""

    DATA = 1
    ISOLATION = 2
    ACCESS = 3
    LIMIT = 4
    HARMLESS = 5


DATA, ISOLATION, ACCESS, LIMIT, HARMLESS = Gravity
NAMESPACE: Final = re.compile(rf"tenant-({CODE.pattern})")
DATABASE: Final = re.compile(r"rent([0-9]{3,6})(?:_[ab])?")
MARK: Final = re.compile(rf"tenantry-({CODE.pattern})")
# Claims that are not the thing's own name or place: who owns it, a mark, a remark.
BESIDES: Final = frozenset({"owner", "grantRole", "description", "remark", "databaseName"})
REMARKS: Final[Mapping[str, Gravity]] = dict.fromkeys(("description", "comments", "remark", "tags"), HARMLESS)


@dataclass(frozen=True, slots=True)
class DriftGravity:
    """The gravity of a kind's differences. `properties`: path or its beginning -> gravity where that is not `differs`;
    the longest wins.
    """

    gone: Gravity
    differs: Gravity
    properties: Mapping[str, Gravity] = field(default_factory=dict[str, Gravity])


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """The facts of one kind; a kind without owners is known and not allowed."""

    owners: frozenset[Owner] = frozenset()
    claims: Mapping[str, re.Pattern[str]] = field(default_factory=dict[str, re.Pattern[str]])  # property -> its tenant
    mark: str | None = None  # the property in which the ownership mark stands
    holds_data: bool = False
    is_base: bool = False  # of a foundation: what all of it stands on, which is protected like data
    ids: tuple[str, ...] = ()  # the provider's id, from the inputs; the first that can be filled in
    has_connection_limit: bool = False
    drift: DriftGravity | None = None  # None: lost data where it holds data, else broken isolation


@dataclass(frozen=True, slots=True)
class Probe:
    """A call of a right that changes nothing."""

    host: str
    version: str
    action: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Right:
    """Actions of one service on the same resources; `{account}` and other names are put in by whoever uses it."""

    service: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    probe: Probe | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """Rights of the deploying identity. `run`: every run's; `foundation`: besides, where one is made; `preview`: of a
    preview and a look for drift, which read alone."""

    run: tuple[Right, ...] = ()
    foundation: tuple[Right, ...] = ()
    preview: tuple[Right, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A request that says whether something of a tenant is still there; `{name}` stands for its name."""

    host: str
    version: str
    action: str
    parameters: Mapping[str, str]
    subject: str  # `the role {name} is`
    absent: str  # the code of an answer that it is not there: of any other code nothing follows


@dataclass(frozen=True, slots=True)
class CleanUpRow:
    """A row of the clean-up plan of a deletion, called KIND/NAME."""

    kind: str
    name: Callable[[Names], str]
    questions: tuple[Question, ...] = ()  # at the end of a purge; none: by the word of the run that removed it


@dataclass(frozen=True, slots=True)
class Control:
    """A control, three times over: on what is declared, in the live system, by attack.

    `rules` and `attacks` are names with spaces between them, `*` for any ending; `live` is what holds without Pulumi.
    """

    system: str
    name: str
    live: str
    rules: str = ""
    attacks: str = ""


TENANTS: Final = frozenset({Owner.TENANT})
PLATFORMS: Final = frozenset({Owner.PLATFORM})
FOUNDATIONS: Final = frozenset({Owner.FOUNDATION})


def each(verbs: str, objects: str) -> tuple[str, ...]:
    """Actions: each verb with each object."""
    return tuple(f"{verb}{name}" for name in objects.split() for verb in verbs.split())
