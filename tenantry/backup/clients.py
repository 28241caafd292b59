"""Clients for the database server and the object storage: for the commands, and for the provider's steps."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg

from tenantry.backup.errors import oss2
from tenantry.database.owner_login import CATALOG_ALONE, OwnerLogin
from tenantry.database.sessions.reserved_connection import connected
from tenantry.database.sessions.settings import OwnSettings
from tenantry.names import MAINTENANCE_DATABASE

CONNECT_TIMEOUT_S = 15
LIMIT_MINUTES = 60  # where the stack says nothing: as in Pulumi.yaml
APPLICATION = "tenantry-backup"
TLS = "PGSSL"  # how libpq's variables about it begin

Session = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class BucketLocation:
    name: str
    region: str


@dataclass
class BackupClients:
    """Endpoints and credentials; these never leave this object but for a connection or a child's environment."""

    host: str
    port: str
    user: str
    password: str = field(repr=False)
    sslmode: str
    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    proxy: str | None = None
    limit_s: float = (
        LIMIT_MINUTES * 60.0
    )  # of each program and each comparison: what is restored is a tenant's code, and may not end
    _settings: OwnSettings = field(default_factory=OwnSettings, repr=False, compare=False)

    @contextmanager
    def session(
        self, database: str = MAINTENANCE_DATABASE, options: str = "", login: OwnerLogin | None = None
    ) -> Generator[Session, None, None]:
        """Every statement by itself, unless a transaction is begun; closed at the end. As the provisioner without a
        login."""
        chosen = self._settings.options(self.session, database, options)
        connection = connected(lambda: self._attempt(database, chosen, login), self.session, database)
        try:
            yield connection
        finally:
            connection.close()

    def _attempt(self, database: str, options: str, login: OwnerLogin | None) -> Session:
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=login.name if login else self.user,
            password=login.password if login else self.password,
            dbname=database,
            sslmode=self.sslmode,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name=APPLICATION,
            options=options,
            prepare_threshold=None,  # by its name the tenant's code could put another in a statement's place
            autocommit=True,
        )

    def options(self, database: str) -> str:
        """Options of a client program's sessions: nothing that the tenant may have set in the database applies."""
        return self._settings.options(self.session, database, CATALOG_ALONE)

    def client_environment(
        self, environment: Mapping[str, str], login: OwnerLogin | None = None, options: str = CATALOG_ALONE
    ) -> dict[str, str]:
        """For pg_dump and pg_restore: the password travels in the environment, never on a command line.

        What libpq is told of TLS beside the mode, such as PGSSLROOTCERT, stays: our own sessions go by it as well.
        """
        kept = {name: value for name, value in environment.items() if not name.startswith("PG") or name.startswith(TLS)}
        return kept | {
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGUSER": login.name if login else self.user,
            "PGPASSWORD": login.password if login else self.password,
            "PGOPTIONS": options,
            "PGSSLMODE": self.sslmode,
            "PGCONNECT_TIMEOUT": str(CONNECT_TIMEOUT_S),
            "PGAPPNAME": APPLICATION,
            "LC_MESSAGES": "C",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The keys in the form that `tenantry.engine.clients.alibaba_rpc.call` takes."""
        return {
            "ALICLOUD_ACCESS_KEY": self.access_key,
            "ALICLOUD_SECRET_KEY": self.secret_key,
            "ALICLOUD_SECURITY_TOKEN": self.token or "",
            "TENANTRY_ALIBABA_PROXY": self.proxy or "",
        }

    def bucket(self, place: BucketLocation) -> Any:
        """The bucket under its real host name; a proxy is spoken to in plain HTTP and stands for the service itself."""
        if self.token:
            auth = oss2.StsAuth(self.access_key, self.secret_key, self.token, auth_version="v4")
        else:
            auth = oss2.AuthV4(self.access_key, self.secret_key)
        return oss2.Bucket(
            auth,
            f"{'http' if self.proxy else 'https'}://oss-{place.region}.aliyuncs.com",
            place.name,
            session=self._http,
            connect_timeout=CONNECT_TIMEOUT_S,
            proxies={"http": self.proxy, "https": self.proxy} if self.proxy else None,
            region=place.region,
        )

    @cached_property
    def _http(self) -> Any:
        return oss2.Session()  # one for all buckets: connections are kept between requests
