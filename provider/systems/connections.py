"""The provider's configuration, read when something is first done with it: in a preview parts may still be unknown."""

import json
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from provider.errors import ResourceFailure
from provider.values import UNKNOWN

if TYPE_CHECKING:
    from provider.systems.oss import Storage
    from provider.systems.postgresql import Server, Session
    from tenantry.backup.clients import BackupClients


@dataclass
class Connections:
    """Made at each Configure from `postgresql` and `alibaba`, JSON objects, as nested provider settings travel."""

    postgresql: Any = None
    alibaba: Any = None
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def database(self, name: str, options: str = "") -> "Generator[Session, None, None]":
        """A session in the database; what is not committed by its end is undone."""
        with self._reached().session(name, options=options) as session:
            yield session

    def catalogs(self, name: str) -> "AbstractContextManager[Session]":
        """The provisioner's session in a tenant's database: for PostgreSQL's own catalogs, never for a table."""
        from tenantry.database.owner_login import CATALOG_ALONE

        return self.database(name, CATALOG_ALONE)

    @contextmanager
    def as_owner(self, name: str) -> "Generator[Session, None, None]":
        """A session with the rights of the database's owner and no others: for what is in its tables."""
        with self._reached().as_owner(name) as session:
            yield session

    def is_wrong_password(self, database: str, user: str, password: str) -> bool:
        """Tells whether the server calls it wrong; False where it refuses for any other reason, or nobody answers."""
        return self._reached().is_wrong_password(database, user, password)

    def _reached(self) -> "Server":
        with self._lock:
            return self._server

    @property
    def storage(self) -> "Storage":
        with self._lock:
            return self._storage

    @property
    def systems(self) -> "BackupClients":
        """The same two, as tenantry.backup wants them."""
        from tenantry.backup.clients import LIMIT_MINUTES, BackupClients

        limit = _object("postgresql", self.postgresql).get("backupLimitMinutes") or LIMIT_MINUTES
        with self._lock:
            server, storage = self._server, self._storage
        return BackupClients(
            host=server.host,
            port=server.port,
            user=server.username,
            password=server.password,
            sslmode=server.sslmode,
            access_key=storage.access_key,
            secret_key=storage.secret_key,
            token=storage.token,
            proxy=storage.proxy,
            limit_s=60.0 * float(limit),
        )

    def cancel(self) -> None:
        """Interrupt what the database is doing for us: the engine is to stop."""
        if "_server" in self.__dict__:
            self._server.cancel()

    # The drivers take 0.3 s (psycopg) and 0.9 s (oss2) to import; a run that changes nothing needs neither.
    @cached_property
    def _server(self) -> "Server":
        from provider.systems.postgresql import Server

        return Server.of(_object("postgresql", self.postgresql))

    @cached_property
    def _storage(self) -> "Storage":
        from provider.systems.oss import Storage

        return Storage.of(_object("alibaba", self.alibaba))


def _object(name: str, given: Any) -> Mapping[str, Any]:
    remedy = f"set `{name}` on the tenantry provider to an object with the connection's settings"
    if given is None:
        raise ResourceFailure(f"the provider has no `{name}` settings", remedy)
    if given == UNKNOWN.value:
        raise ResourceFailure(f"the provider's `{name}` settings are not known yet", "make what they come from first")
    try:
        document: object = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        raise ResourceFailure(
            f"the provider's `{name}` settings are no JSON", remedy
        ) from None  # the text may hold a password
    if not isinstance(document, Mapping):
        raise ResourceFailure(f"the provider's `{name}` settings are no object", remedy)
    return document  # pyright: ignore[reportUnknownVariableType] - keys of a JSON object are strings
