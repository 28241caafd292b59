"""How the database server and the object storage are reached: by the commands, and by the provider's steps."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import psycopg

from tenantry.backup.failing import BackupError, oss2
from tenantry.names import MAINTENANCE_DATABASE
from tenantry.owner_login import CATALOG_ALONE, OwnerLogin

CONNECT_TIMEOUT_S = 15
TLS = "PGSSL"  # how libpq's variables about it begin

Session = psycopg.Connection[tuple[Any, ...]]
_NEEDED = ("PGHOST", "PGUSER", "PGPASSWORD", "ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY")


@dataclass(frozen=True, slots=True)
class BucketPlace:
    name: str
    region: str


@dataclass
class Systems:
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

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Self:
        """libpq's and Alibaba Cloud's own variables, as `.local/env` and the backup's Secret set them."""
        if missing := [name for name in _NEEDED if not environment.get(name)]:
            raise BackupError(
                f"{', '.join(missing)} not set", "export them; for the embedded default: `. .local/env` after `make up`"
            )
        return cls(
            host=environment["PGHOST"],
            port=environment.get("PGPORT") or "5432",
            user=environment["PGUSER"],
            password=environment["PGPASSWORD"],
            sslmode=environment.get("PGSSLMODE") or "verify-full",
            access_key=environment["ALICLOUD_ACCESS_KEY"],
            secret_key=environment["ALICLOUD_SECRET_KEY"],
            token=environment.get("ALICLOUD_SECURITY_TOKEN") or None,
            proxy=environment.get("TENANTRY_ALIBABA_PROXY") or None,
        )

    @contextmanager
    def session(self, database: str = MAINTENANCE_DATABASE, options: str = "") -> Generator[Session, None, None]:
        """Every statement by itself, unless a transaction is begun; closed at the end."""
        connection = psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            sslmode=self.sslmode,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="tenantry-backup",
            options=options,
            autocommit=True,
        )
        try:
            yield connection
        finally:
            connection.close()

    def client_environment(self, environment: Mapping[str, str], login: OwnerLogin | None = None) -> dict[str, str]:
        """For pg_dump and pg_restore: the password travels in the environment, never on a command line.

        What libpq is told of TLS beside the mode, such as PGSSLROOTCERT, stays: our own sessions go by it as well.
        """
        kept = {name: value for name, value in environment.items() if not name.startswith("PG") or name.startswith(TLS)}
        return kept | {
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGUSER": login.name if login else self.user,
            "PGPASSWORD": login.password if login else self.password,
            "PGOPTIONS": CATALOG_ALONE,
            "PGSSLMODE": self.sslmode,
            "PGCONNECT_TIMEOUT": str(CONNECT_TIMEOUT_S),
            "PGAPPNAME": "tenantry-backup",
            "LC_MESSAGES": "C",
        }

    @property
    def environment(self) -> dict[str, str]:
        """As `tenantry.engine.alibaba.call` wants the keys."""
        return {
            "ALICLOUD_ACCESS_KEY": self.access_key,
            "ALICLOUD_SECRET_KEY": self.secret_key,
            "ALICLOUD_SECURITY_TOKEN": self.token or "",
            "TENANTRY_ALIBABA_PROXY": self.proxy or "",
        }

    def bucket(self, place: BucketPlace) -> Any:
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
