"""The environment a run needs: the embedded default's when this is it, and a clear word when something is missing."""

import os
import shlex
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.embedded import EMBEDDED_STACK, EMBEDDED_STACKS
from tenantry.engine.stack.project import Project
from tenantry.engine.stack.shell_variables import without_others

_PROBE_SECONDS = 2.0
# Program, pack and providers start anew in each run: with it they compile again what they import, two seconds' work.
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
# To the program: codes, with commas between them, of tenants that a preview does without (stacks/config.py).
LEAVE_OUT = "TENANTRY_LEAVE_OUT"


def environment(project: Project, stack: str, given: Mapping[str, str]) -> dict[str, str]:
    """`given`, completed from `.local/env` when the stack is the embedded default and no shell has read that file.

    Without the variables that would lead to other systems: see shell_variables.py.
    """
    given = {name: value for name, value in given.items() if name != _NO_BYTECODE}
    file = project.root / ".local" / "env"
    if stack != EMBEDDED_STACK or "TENANTRY_LOCAL" in given or "PULUMI_BACKEND_URL" in given or not file.is_file():
        return without_others(given, stack)
    return without_others({**given, **_exports(file, given)}, stack)


def backend_of(project: Project, env: Mapping[str, str]) -> str:
    """The state's address. Refuses when none is named: the engine would fall back on a service and ask for a login."""
    url = env.get("PULUMI_BACKEND_URL") or project.backend_url
    if not url:
        raise CommandError(
            "no PULUMI_BACKEND_URL: it is not said where the state lies",
            "for the embedded default run `make up` once, else export the address",
        )
    return url


def check(stack: str, url: str, env: Mapping[str, str], provider: str | None = None) -> None:
    """Refuses before anything is called when the run cannot succeed, or would work on another stack's state.

    `provider` is what encrypts the stack's secrets where that is no passphrase (see `secrets_provider`).
    """
    if url.startswith("file://"):
        folder = Path(url.removeprefix("file://").partition("?")[0]).expanduser()
        refuse_embedded_state(stack, folder, env)
        if folder.is_absolute() and not os.access(folder, os.W_OK):
            raise CommandError(f"the state's folder {folder} is missing or not writable", _remedy(stack))
    has_passphrase = bool({"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & env.keys())
    if not has_passphrase and provider is None and not url.startswith("http"):
        raise CommandError("no PULUMI_CONFIG_PASSPHRASE: the secrets in the state cannot be read", _remedy(stack))
    if stack == EMBEDDED_STACK and (silent := silent_services(env)):
        raise CommandError(f"not running: {', '.join(silent)}", "run `make up`")


def refuse_embedded_state(stack: str, folder: Path, env: Mapping[str, str]) -> None:
    """Raises Refusal for the embedded default's state and a stack that is not of it: a shell has read `.local/env`."""
    local = env.get("TENANTRY_LOCAL")
    if local and EMBEDDED_STACKS.fullmatch(stack) is None and folder.is_relative_to(local):
        raise CommandError(
            f"the state of the stack `{stack}` would lie in {folder}, which is the embedded default's",
            "this shell has read `.local/env`: take one that has not, and export the stack's own PULUMI_BACKEND_URL",
        )


def services(env: Mapping[str, str]) -> Iterator[tuple[str, str, int]]:
    """Name, host and port of each service that the environment names."""
    if "PGHOST" in env:
        yield "postgresql", env["PGHOST"], int(env.get("PGPORT", "5432"))
    if "TENANTRY_ALIBABA_PROXY" in env:
        address = urlsplit(env["TENANTRY_ALIBABA_PROXY"])
        yield "alibaba", address.hostname or "", address.port or 80
    if "KUBECONFIG" in env:
        address = urlsplit(_server(Path(env["KUBECONFIG"])))
        yield "kubernetes", address.hostname or "127.0.0.1", address.port or 443


def silent_services(env: Mapping[str, str]) -> list[str]:
    """The services that do not answer, with their addresses."""
    return [f"{name} ({host}:{port})" for name, host, port in services(env) if not _answers(host, port)]


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), _PROBE_SECONDS):
            return True
    except OSError:
        return False


def _server(kubeconfig: Path) -> str:
    try:
        return str(yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"])
    except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError):
        return ""  # not made yet: the port is asked in vain


def _remedy(stack: str) -> str:
    return "run `make up`" if stack == EMBEDDED_STACK else "export it, or see docs on the stack's state"


def _exports(file: Path, given: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for word in shlex.split(file.read_text(), comments=True):
        name, is_pair, value = word.partition("=")
        if is_pair and name.isidentifier():
            values[name] = value.replace("$PATH", given.get("PATH", "")) if name == "PATH" else value
    return values
