"""One throw-away instance a module, or a folder of modules: its tests share it and run in their order."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import oss2
import psycopg
import pytest
import yaml

from local.instances.throwaway import World, throwaway
from local.shared.paths import ROOT
from tests.support.clients.sessions import of_broker
from tests.support.standin import control

BUCKETS = {"systemkarder": "cn-guangzhou", "faceshanghaikarden": "cn-shanghai", "tenantrybackups": "cn-beijing"}
FILES, PHOTOS = "systemkarder", "faceshanghaikarden"
FULL_NAME = "organization/tenantry/local"  # of the stack `local`


@dataclass
class Life:
    """A world with a few tenants, of which one has data; what an operator does to it, and eyes on every system."""

    world: World
    code: str = "k001"
    login: tuple[str, str] = ("", "")
    sessions: list[Any] = field(default_factory=list[Any])

    @property
    def database(self) -> str:
        return f"rent{self.code[1:]}"

    @property
    def prefix(self) -> str:
        return "kindergarten/rent/13800138001/"

    def on(self, day: date) -> None:
        """Sets the stack's day."""
        self.configure(today=day.isoformat())

    def configure(self, **settings: str | None) -> None:
        """Writes settings into the stack's file, also before there is a stack. None takes a setting away."""
        path = self.world.folder / "Pulumi.local.yaml"
        document = yaml.safe_load(path.read_text())
        for name, value in settings.items():
            document["config"].pop(f"tenantry:{name}", None)
            if value is not None:
                document["config"][f"tenantry:{name}"] = value
        path.write_text(yaml.safe_dump(document))

    def write(self, code: str = "", **changes: Any) -> None:
        """The tenant's file with fields changed; those that are None go."""
        path = self.world.tenant_file(code or self.code)
        document = yaml.safe_load(path.read_text(encoding="utf-8")) | changes
        kept = {key: value for key, value in document.items() if value is not None}
        path.write_text(yaml.safe_dump(kept, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def delete(self, day: date) -> None:
        self.write(status="deleted", deleted_at=day)

    def purge(self, *options: str, ok: int | None = 0) -> str:
        done = self.world.run("tenantry", "purge", *options, "--stack", "local", ok=ok)
        return done.stdout + done.stderr

    def up_for_what_is_due(self, ok: int = 0) -> str:
        """Runs the last step of purge.yml: it is held to what needs no request. Both names are one stack's."""
        file = self.world.folder / ".local" / "due.json"
        due = self.world.run("tenantry", "report", "due", "--stack", FULL_NAME, "--output", str(file)).stdout
        done = self.world.up("--approved", str(file), ok=ok)
        return due + done.stdout + done.stderr

    def phase(self) -> str:
        return self.world.stack_outputs()["tenants"].get(self.code, {}).get("phase", "")

    def bucket(self, name: str) -> Any:
        env = self.world.env
        auth = oss2.AuthV4(env["ALICLOUD_ACCESS_KEY"], env["ALICLOUD_SECRET_KEY"])
        endpoint = f"http://oss-{BUCKETS[name]}.aliyuncs.com"
        return oss2.Bucket(auth, endpoint, name, proxies={"http": env["TENANTRY_ALIBABA_PROXY"]}, region=BUCKETS[name])

    def fill(self) -> None:
        """Rows, a large object, objects in both buckets, several versions of some, one removed, an unfinished
        upload."""
        files, photos = self.bucket(FILES), self.bucket(PHOTOS)
        for number in range(3):
            files.put_object(f"{self.prefix}uploads/files/a.txt", f"version {number}".encode())
        files.put_object(f"{self.prefix}uploads/files/gone.txt", b"gone")
        files.delete_object(f"{self.prefix}uploads/files/gone.txt")
        files.init_multipart_upload(f"{self.prefix}uploads/files/part.bin")
        for number in range(4):
            photos.put_object(f"{self.prefix}photos/{number}.jpg", bytes([number]) * 1000)
        with self.world.connect(self.database) as connection:
            for number in range(25):
                connection.execute(
                    "INSERT INTO parents (name, phone) VALUES (%s, %s)", [f"家长{number}", f"1390000{number:04}"]
                )
            connection.execute("SELECT lo_from_bytea(0, 'a large object')")
            connection.execute(
                "CREATE TABLE mine (id int PRIMARY KEY, at timestamptz, amount numeric(8, 2), raw bytea)"
            )
            connection.execute("INSERT INTO mine VALUES (1, now(), 12.30, '\\xdeadbeef'), (2, NULL, NULL, NULL)")

    def data(self, code: str = "", prefix: str = "") -> Mapping[str, Any]:
        """Every row of the tenant's own, and every version of every object."""
        with self.world.connect(f"rent{(code or self.code)[1:]}") as connection:
            rows = connection.execute("SELECT id, name, phone FROM parents ORDER BY id").fetchall()
            mine = connection.execute("SELECT * FROM mine ORDER BY id").fetchall()
        return {"parents": rows, "mine": mine, **self.objects(prefix)}

    def objects(self, prefix: str = "") -> dict[str, Any]:
        buckets = self.world.alibaba()["buckets"]
        below = prefix or self.prefix
        return {
            name: {
                "versions": [obj for obj in buckets[name]["objects"] if obj["key"].startswith(below)],
                "uploads": [upload for upload in buckets[name]["uploads"] if upload["key"].startswith(below)],
            }
            for name in (FILES, PHOTOS)
        }

    def current(self, prefix: str) -> dict[str, bytes]:
        """Path -> content of what lies below a prefix now."""
        return {
            f"{name}/{item.key.removeprefix(prefix)}": self.bucket(name).get_object(item.key).read()
            for name in (FILES, PHOTOS)
            for item in oss2.ObjectIteratorV2(self.bucket(name), prefix=prefix)
        }

    def remember_login(self) -> tuple[str, str]:
        data = self.world.kubectl("get", "secret", "business-app", "-n", f"tenant-{self.code}")["data"]
        self.login = tuple(b64decode(data[key]).decode() for key in ("DB_USER", "DB_PASSWORD"))  # pyright: ignore[reportAttributeAccessIssue]
        return self.login

    def may_log_in(self) -> bool:
        try:
            with self.world.connect(self.database, *self.login) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    def assume(self) -> Any | None:
        """A bucket in a session of the tenant's role, as the credential broker fetches it; None when refused."""
        proxy = {"http": self.world.env["TENANTRY_ALIBABA_PROXY"]}
        try:
            keys = of_broker(self.world.env, self.code)
        except OSError:
            return None
        auth = oss2.StsAuth(keys["AccessKeyId"], keys["AccessKeySecret"], keys["SecurityToken"])
        return oss2.Bucket(auth, "http://oss-cn-guangzhou.aliyuncs.com", FILES, proxies=proxy)

    def may_use(self, session: Any) -> bool:
        try:
            session.get_object(f"{self.prefix}uploads/files/a.txt").read()
        except oss2.exceptions.AccessDenied:
            return False
        return True

    def records(self) -> list[str]:
        return [record["rr"] for record in self.world.alibaba()["domains"]["yyup.cc"]["records"]]

    def namespaces(self) -> list[str]:
        document = self.world.kubectl("get", "namespaces", "-l", "tenantry.io/tenant")["items"]
        return [space["metadata"]["name"] for space in document]

    def pods(self) -> list[str]:
        """Those that are not on their way out."""
        document = self.world.kubectl("get", "pods", "-n", f"tenant-{self.code}")["items"]
        return [pod["metadata"]["name"] for pod in document if "deletionTimestamp" not in pod["metadata"]]

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The admin database."""
        with self.world.connect("admin_tenant_management") as connection:
            return connection.execute(query.encode(), values).fetchall()

    def cleanup(self) -> dict[str, str]:
        """Resource -> status in the clean-up plan."""
        query = "SELECT resource_name, status FROM tenant_resource_cleanup WHERE tenant_code = %s"
        return dict(self.ask(query, self.code))

    def backups(self, kind: str = "deletion") -> list[tuple[Any, ...]]:
        query = (
            "SELECT backup_id, status, deleted_at, row_count, object_count, size_bytes, checksum, duration_seconds,"
            " is_encrypted FROM data_backup_records WHERE tenant_code = %s AND kind = %s ORDER BY id"
        )
        return self.ask(query, self.code, kind)

    def databases(self) -> list[str]:
        with self.world.connect() as connection:
            rows = connection.execute(
                "SELECT datname FROM pg_database WHERE datname ~ '^(rent|tenantry_scratch)' ORDER BY 1"
            )
            return [name for (name,) in rows.fetchall()]

    def roles(self) -> list[str]:
        with self.world.connect() as connection:
            rows = connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname ~ %s ORDER BY 1", [f"^{self.database}"]
            )
            return [name for (name,) in rows.fetchall()]

    def control(self, method: str, name: str, body: Any = None) -> Any:
        """The stand-in's own switches."""
        return control(self.world, method, name, body)


def bring(world: World, *codes: str) -> None:
    """The files of tenants as the repository has them."""
    for code in codes:
        world.tenant_file(code).write_text((ROOT / "tenants" / f"{code}.yaml").read_text("utf-8"), "utf-8")


def keep_only(world: World, *codes: str) -> None:
    for path in (world.folder / "tenants").glob("k*.yaml"):
        if re.fullmatch(r"k[0-9]+", path.stem) and path.stem not in codes:
            path.unlink()


@pytest.fixture(scope="session")
def open_life() -> Callable[..., Life]:
    """Opens the tenants named, the first of them with data, on a day of 2026."""

    def start(world: World, *codes: str) -> Life:
        life = Life(world, codes[0])
        keep_only(world, *codes)
        life.on(date(2026, 10, 1))
        world.up()
        life.fill()
        life.remember_login()
        return life

    return start


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Services started, nothing converged yet."""
    with throwaway(tmp_path_factory.mktemp("world")) as one:
        yield one
