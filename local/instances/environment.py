"""The environment in which `pulumi`, `kubectl`, `psql`, `tenantry` meet this instance: a dict, and the file `env`."""

import os
import shlex
import sys
from pathlib import Path

from local.gateway import choice
from local.gateway import service as gateway
from local.instances.instance import ACCOUNT_ID, Instance
from local.instances.toolbox import system_engine
from local.shared.paths import ROOT

# Public on purpose: docs/decisions/0002-local-passphrase.md. The folder's mode is what protects the embedded state.
LOCAL_PASSPHRASE = "tenantry-local"  # noqa: S105 - public on purpose, see docs/decisions/0002
AT_ONCE = 64  # operations of an up: the more wait for a write of the state, the fewer there are (docs/decisions/0018)


def environment(instance: Instance, ports: dict[str, int]) -> dict[str, str]:
    """Name -> value of everything that a command against this instance needs, PATH apart."""
    proxy = f"http://127.0.0.1:{ports['alibaba']}"
    values = {
        "TENANTRY_LOCAL": str(instance.folder),
        "KUBECONFIG": str(instance.folder / "kubernetes" / "kubeconfig"),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(ports["postgresql"]),
        "PGUSER": "tenantry",
        "PGPASSWORD": instance.secrets["postgresql"],
        "PGDATABASE": "postgres",
        "PGSSLMODE": "disable",
        "ALICLOUD_ACCESS_KEY": instance.secrets["alibaba_access_key"],
        "ALICLOUD_SECRET_KEY": instance.secrets["alibaba_secret_key"],
        "ALICLOUD_ACCOUNT_ID": ACCOUNT_ID,
        "TENANTRY_ALIBABA_PROXY": proxy,
        # Without a file of attributes beside each state file: it holds nothing of use, takes a tenth of a first up's
        # time, and a kill at the wrong moment empties it, after which nothing can read the state.
        "PULUMI_BACKEND_URL": f"file://{instance.folder / 'state'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": LOCAL_PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "false",
    }
    if choice.wanted():
        values |= gateway.environment(instance, ports)
    if system_engine():
        # The official alicloud plugin knows only the usual variable; lower case would break the engine's own gRPC.
        return values | {"HTTP_PROXY": proxy, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    return values | {
        "PULUMI_HOME": str(instance.folder / "pulumi"),
        "PULUMI_PARALLEL": str(AT_ONCE),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def search_path(instance: Instance) -> list[str]:
    """The folders that come first on PATH: the instance's tools, then the project's Python."""
    return [str(instance.folder / "bin"), str(Path(sys.executable).parent)]


def write(instance: Instance, ports: dict[str, int]) -> Path:
    """Writes `env` (mode 0600): `. .local/env` in a shell, from any folder."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment(instance, ports).items()]
    lines.append("unset PYTHONDONTWRITEBYTECODE  # each start of Python would compile again whatever it imports")
    lines.append(f"export PATH={shlex.quote(os.pathsep.join(search_path(instance)))}:$PATH")
    path = instance.folder / "env"
    scratch = instance.folder / ".env.new"
    scratch.touch(0o600)
    scratch.write_text(
        f"# The embedded default of {ROOT.name}: made by `make up`, read by a shell.\n" + "\n".join(lines) + "\n"
    )
    scratch.rename(path)
    return path
