"""A real server with the template, and the stand-in with the tenants' buckets, as a rehearsal's instance has them."""

from collections.abc import Callable, Generator

import pytest

from local.alibaba.temporary import stand_in
from local.postgresql.temporary import TemporaryServer
from tenantry.backup.clients import BackupClients, BucketLocation
from tenantry.backup.create import BackupSubject
from tenantry.names import TEMPLATE_DATABASE

KEYS = {"ALICLOUD_ACCESS_KEY": "LTAItest", "ALICLOUD_SECRET_KEY": "secret", "ALICLOUD_ACCOUNT_ID": "1234567890123456"}
FILES = BucketLocation("files", "cn-guangzhou")
PREFIX = "kindergarten/rent/13800138001/"


@pytest.fixture(scope="session")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Generator[BackupClients]:
    folder = tmp_path_factory.mktemp("rehearsal")
    with stand_in(folder / "alibaba", KEYS) as proxy, TemporaryServer(folder) as server:
        server.make_template()
        keys = KEYS["ALICLOUD_ACCESS_KEY"], KEYS["ALICLOUD_SECRET_KEY"], None, proxy
        found = BackupClients("127.0.0.1", str(server.port), "tenantry", server.password, "disable", *keys)
        found.bucket(FILES).create_bucket()
        yield found


@pytest.fixture
def clone(systems: BackupClients) -> Generator[Callable[[str], BackupSubject]]:
    """Makes a tenant's database from the template, with the kindergarten that an opening puts into it."""
    made: list[str] = []

    def make(name: str) -> BackupSubject:
        with systems.session() as session:
            session.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE_DATABASE}"'.encode())
        made.append(name)
        with systems.session(name) as session:
            session.execute("INSERT INTO public.kindergartens (code, name) VALUES ('k001', 'x')")
        return BackupSubject("k001", name, "k001", PREFIX, (FILES,))

    yield make
    with systems.session() as session:
        for name in made:
            session.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
