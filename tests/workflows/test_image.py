"""The Dockerfile copies what there is, in the versions that are locked, for the job that runs it.

No machine of this project has a container engine: the image itself is built elsewhere, and this holds what can be held.
"""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from components.foundation.settings import DatabaseServerSettings
from components.manifests.pod import USER
from components.parts.backups import Cron, cron_job
from components.shared.installation import Identity

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
IGNORED = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
LOCKED = {
    package["name"]: package["version"] for package in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
}


def instructions(word: str, text: str = DOCKERFILE) -> list[list[str]]:
    return [shlex.split(line)[1:] for line in text.splitlines() if line.startswith(f"{word} ")]


def copied() -> list[str]:
    """Sources from the build's context."""
    return [source for copy in instructions("COPY") if not copy[0].startswith("--from") for source in copy[:-1]]


def stage(name: str) -> str:
    """The text of one stage."""
    return next(part for part in DOCKERFILE.split("\nFROM ")[1:] if part.splitlines()[0].endswith(f" AS {name}"))


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_exists_and_is_sent_to_the_engine(source: str) -> None:
    assert list(ROOT.glob(source))
    assert f"!{source}" in IGNORED


def test_nothing_else_is_sent_to_the_engine() -> None:
    assert IGNORED[1] == "*"
    assert {line[1:] for line in IGNORED if line.startswith("!")} == set(copied())


def test_every_room_that_a_command_may_need_is_in_the_image() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench", "local", "tests"}
    assert {*rooms, "tenants"} <= {source for copy in instructions("COPY", stage("tenantry")) for source in copy}


@pytest.mark.parametrize("plugin", [name for name in LOCKED if name.startswith("pulumi-") and name != "pulumi-policy"])
def test_a_plugin_has_the_version_of_its_sdk(plugin: str) -> None:
    installed = re.findall(r"plugin install resource (\S+) (\S+)", DOCKERFILE)
    assert (plugin.removeprefix("pulumi-"), LOCKED[plugin]) in installed
    assert len(installed) == len({name for name, _ in installed})


def test_the_engine_is_the_sdks_and_uv_the_projects() -> None:
    defaults = dict(argument.split("=", 1) for (argument,) in instructions("ARG"))
    assert defaults["PULUMI"].partition("@")[0].endswith(f":{LOCKED['pulumi']}")
    uv = re.search(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert uv is not None
    assert re.findall(r"uv==(\S+)", DOCKERFILE) == [uv[1]]


def test_the_base_is_pinned_and_of_the_release_of_the_server() -> None:
    base = dict(argument.split("=", 1) for (argument,) in instructions("ARG"))["POSTGRES"]
    match = re.fullmatch(r"postgres:(\d+)-bookworm@sha256:[0-9a-f]{64}", base)
    assert match is not None
    assert DatabaseServerSettings.model_fields["engine_version"].default == f"{match[1]}.0"


def test_the_packages_python_is_one_that_the_project_takes() -> None:
    """Debian 12 has Python 3.11."""
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"] == ">=3.11"
    assert "python3 python3-venv" in DOCKERFILE


@pytest.mark.parametrize("name", ["runner", "tenantry"])
def test_it_runs_as_the_user_of_the_pods(name: str) -> None:
    assert instructions("USER", stage(name)) == [[f"{USER}:{USER}"]]


def test_the_nightly_job_finds_its_command() -> None:
    """Kubernetes runs `command` in the place of the entry point, found on the image's PATH."""
    cron = Cron(image="x", schedule="", arguments=("backup",), secrets={}, plain={})
    job: Any = cron_job(cron, Identity("1234567890123456", "https://cluster.example", "sts.aliyuncs.com"))
    (container,) = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    (command,) = container["command"][:1]
    assert command in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert f'ENTRYPOINT ["{command}"]' in stage("tenantry").splitlines()
    (folder,) = instructions("WORKDIR", stage("build"))[0]
    assert f"ENV PATH={folder}/.venv/bin:$PATH" in stage("tenantry")
    assert f"COPY --from=build {folder}/.venv .venv" in stage("tenantry")
    assert instructions("WORKDIR", stage("tenantry")) == [[folder]]
