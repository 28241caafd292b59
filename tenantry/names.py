"""Every name a tenant has, derived from its code and its contact phone and from nothing else.

The rooms below never spell a name themselves: what is derived here cannot disagree with itself, and since a
code and a phone hold only ASCII letters and digits, no name can smuggle a wildcard or a slash into a policy.
"""

import re
from dataclasses import dataclass
from typing import Final

ADMIN_DATABASE: Final = "admin_tenant_management"
TEMPLATE_DATABASE: Final = "kargerdensales"
TEST_DATABASE: Final = "kargerdensales_test"
PLATFORM_SCHEMA: Final = "tenantry_platform"  # in a tenant's database, and not the tenant's
LOGIN_SUFFIXES: Final = ("_a", "_b")  # of a database's two login roles, which take turns
MAINTENANCE_DATABASE: Final = "postgres"  # on every server: where sessions begin that need no other database
SYSTEM_BUCKET: Final = "systemkarder"  # Guangzhou
PHOTO_BUCKET: Final = "faceshanghaikarden"  # Shanghai
DEFAULT_ZONE: Final = "yyup.cc"
TENANTS_FOLDER: Final = "tenants"  # where a stack names no other folder for its tenants' files
TEMP_EXPIRY_DAYS: Final = 7
DNS_TTL_SECONDS: Final = 600
SESSION_SECONDS: Final = 3600  # the longest STS session a tenant may hold
SERVICE_ACCOUNT: Final = "business-app"
APP_PORT: Final = 3000
BROKER_ROLE: Final = "tenantry-credential-broker"
BROKER_ACCOUNT: Final = "credential-broker"  # the service account that takes it, in PLATFORM_NAMESPACE
BACKUP_ROLE: Final = "tenantry-backup"
BACKUP_ACCOUNT: Final = "tenantry-backup"  # the same of the nightly backup
EXPORTER: Final = (
    "tenantry-exporter"  # the exporter of metrics in PLATFORM_NAMESPACE: Deployment, Service, account, job
)
EXPORTER_LOGIN: Final = "tenantry_exporter"  # at the database server: it reads what metrics need
EXPORTER_PORT: Final = 9794
OIDC_PROVIDER: Final = "tenantry"  # unless the installation says another: `oidcProvider`
PLATFORM_NAMESPACE: Final = "tenantry-platform"  # of what all tenants share: the backups, the admin service
TENANT_HEADER: Final = "X-Tenant-Code"  # set by the gateway from the host
TENANT_LABEL: Final = "tenantry.io/tenant"
MANAGER: Final = "tenantry"
DEFAULT_ACCOUNT: Final = "default"  # the service account that the control plane makes in each namespace
LOWEST_USER_ID: Final = 10_000  # of users and groups in pods: below are those of nodes, and of most images
LONGEST_GRACE_SECONDS: Final = 120  # for which a pod may go on after its deletion, and hold its namespace
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
PART_LABEL: Final = "app.kubernetes.io/name"

CODE: Final = re.compile(r"k[0-9]{3,6}")
PHONE: Final = re.compile(r"1[3-9][0-9]{9}")
ZONE: Final = re.compile(r"(?=.{1,200}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")

PREFIX_ROOT: Final = "kindergarten/rent/"  # what every tenant's objects lie below, in both buckets
TEMP_DIRECTORY: Final = "temp/"
SYSTEM_DIRECTORIES: Final = (
    "uploads/images/",
    "uploads/videos/",
    "uploads/files/",
    "generated/posters/",
    "generated/documents/",
    "posters/templates/",
    "posters/user_created/",
    "documents/enrollment/",
    "documents/activities/",
    TEMP_DIRECTORY,
)
PHOTO_DIRECTORIES: Final = ("photos/", "students/", "albums/")


PLUGIN_PREFIX: Final = "plugin-"  # of a service's objects: none is ever called as the application is
SERVICES_PATH: Final = "/services/"  # below a tenant's domain, what its plug-in services answer to


def service_path(name: str) -> str:
    return SERVICES_PATH + name


def prefix_of(phone: str) -> str:
    """The slash at its end keeps 138... from matching 1380..."""
    return f"{PREFIX_ROOT}{phone}/"


def database_of(code: str) -> str:
    return f"rent{code[1:]}"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one tenant. Make it with `names_of`, which refuses codes and phones that are none."""

    code: str
    phone: str
    zone: str

    @property
    def domain(self) -> str:
        return f"{self.code}.{self.zone}"

    @property
    def rr(self) -> str:
        """The record's name within the zone, as AliDNS wants it."""
        return self.code

    @property
    def database(self) -> str:
        return database_of(self.code)

    @property
    def owner_role(self) -> str:
        """Owns the database and everything in it; nobody can log in as it."""
        return self.database

    @property
    def login_roles(self) -> tuple[str, str]:
        """Two, so that passwords rotate without a gap."""
        first, second = LOGIN_SUFFIXES
        return f"{self.database}{first}", f"{self.database}{second}"

    @property
    def own_name(self) -> str:
        """In systems that tell tenants apart by one name and have no other rule for it."""
        return f"tenant-{self.code}"

    @property
    def namespace(self) -> str:
        return self.own_name

    @property
    def ram_role(self) -> str:
        return self.own_name

    @property
    def ram_policy(self) -> str:
        return self.own_name

    @property
    def prefix(self) -> str:
        """The same in both buckets."""
        return prefix_of(self.phone)

    @property
    def system_directories(self) -> tuple[str, ...]:
        """Full object keys, the tenant's prefix included."""
        return tuple(self.prefix + directory for directory in SYSTEM_DIRECTORIES)

    @property
    def photo_directories(self) -> tuple[str, ...]:
        """Full object keys, the tenant's prefix included."""
        return tuple(self.prefix + directory for directory in PHOTO_DIRECTORIES)

    @property
    def temp_prefix(self) -> str:
        return self.prefix + TEMP_DIRECTORY


def mark(code: str) -> str:
    """The remark of a DNS record and the description of a RAM role or policy: letters, digits and hyphens only."""
    return f"{MANAGER}-{code}"


def is_code(text: str) -> bool:
    return CODE.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    return PHONE.fullmatch(text) is not None


def is_zone(text: str) -> bool:
    return ZONE.fullmatch(text) is not None


def names_of(code: str, phone: str, zone: str = DEFAULT_ZONE) -> Names:
    """Raises ValueError for a code, phone or zone that is none: the last line before names reach a policy."""
    if not is_code(code):
        raise ValueError(f"{code!r} is no tenant code: k and 3 to 6 ASCII digits")
    if not is_phone(phone):
        raise ValueError(f"{code}: the contact phone is none: 1, a digit 3 to 9, nine more ASCII digits")
    if not is_zone(zone):
        raise ValueError(f"{zone!r} is no DNS zone in lower-case ASCII, such as {DEFAULT_ZONE}")
    return Names(code, phone, zone)
