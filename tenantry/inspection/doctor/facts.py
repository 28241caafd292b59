"""The facts of `doctor`, as plain values: readers fill them, checks judge them, and neither knows the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tenantry.database.sessions.settings import PROVISIONER_LOCK_TIMEOUT
from tenantry.model.database_parameters import PARAMETERS


@dataclass(frozen=True, slots=True)
class Silent:
    """A system that does not answer: nothing more is known of it."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of a server, as a client meets it."""

    not_after: datetime | None = None
    fault: str | None = None  # why a client would refuse it


@dataclass(frozen=True, slots=True)
class Tools:
    engine: str | None = "3"  # its version; None: not there
    pack_fault: str | None = None
    dump: int | None = None  # pg_dump's release; None: not there


@dataclass(frozen=True, slots=True)
class Kubernetes:
    where: str
    version: tuple[int, int] = (1, 34)
    zones: frozenset[str] = frozenset()
    nodes: int = 0
    dns_pods: int = 1
    terway: str | None = None  # its configuration, where the cluster has it
    has_flannel: bool = False
    gateway_addresses: frozenset[str] | None = None  # of the Gateway; None: there is none yet
    groups: frozenset[str] = frozenset()  # API groups
    issuer: str = ""  # of its service account tokens
    certificate: Certificate | None = None  # in the gateway's TLS secret; None: no secret
    runs_pods: bool = False  # False: nothing ever runs there, as on the embedded default


@dataclass(frozen=True, slots=True)
class Postgresql:
    where: str
    version: int = 16
    may_create_roles: bool = True
    may_create_databases: bool = True
    is_superuser: bool = False
    self_grant: str = "set, inherit"
    template: tuple[bool, bool] | None = (True, False)  # is_template, allows connections; None: not there
    open_to_all: Sequence[str] = ()  # of the server's own databases
    foreign_open: Sequence[str] = ()  # databases that neither the server nor we have made, open to everybody
    extensions: frozenset[str] = frozenset()  # that can be had
    connections: int = 5000
    reserved: int = 23  # of these, not for tenants
    may_use_reserve: bool = True
    reads_hidden_rows: bool = True  # BYPASSRLS
    lock_timeout: str = PROVISIONER_LOCK_TIMEOUT  # of a session that brings none
    parameters: Mapping[str, str] = field(
        default_factory=lambda: {parameter.name: parameter.value for parameter in PARAMETERS}
    )
    encrypted: bool = True
    certificate: Certificate | None = None
    skew_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Alibaba:
    where: str
    account: str = ""
    refused: Mapping[str, str] = field(default_factory=dict[str, str])  # right -> the service's code
    regions: Mapping[str, str | None] = field(default_factory=dict[str, str | None])  # bucket -> its region, or none
    has_zone: bool = True
    issuers: Mapping[str, str] = field(default_factory=dict[str, str])  # identity provider -> its issuer
    roles: int = 0
    policies: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    stack: str
    embedded: bool
    today: datetime
    settings: Mapping[str, str]  # setting -> its value as text, defaults included; lists in JSON
    secrets: frozenset[str]  # of the secret ones, those that are set
    placeholders: Sequence[str] = ()  # FILE:LINE: SETTING of values that are still placeholders
    tenants: int = 0
    connections: int = 0  # that the tenants' plans promise together
    tools: Tools = Tools()
    kubernetes: Kubernetes | Silent = Silent("", "not asked")
    postgresql: Postgresql | Silent = Silent("", "not asked")
    alibaba: Alibaba | Silent = Silent("", "not asked")
