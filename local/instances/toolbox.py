"""Puts engine, plugins and clients where engine and shell look for them: `bin/` and `pulumi/plugins/`."""

import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from local.build.binaries import build_all
from local.build.targets import TARGETS, Target
from local.gateway import choice as gateway
from local.instances.instance import Instance, write_whole
from local.postgresql.binaries import binary as client
from local.shared.paths import ROOT

CLUSTER = ("kubelite", "kubectl", "envoy-gateway")  # what is needed beside an official engine and its plugins
CLIENTS = ("psql", "pg_dump", "pg_restore")  # of the server's release
# Plugin name -> the SDK whose version the engine asks for, and the binary that answers.
PLUGINS = {
    "random": ("pulumi-random", "pulumi-resource-tf"),
    "postgresql": ("pulumi-postgresql", "pulumi-resource-tf"),
    "alicloud": ("pulumi-alicloud", "pulumi-resource-tf"),
    "kubernetes": ("pulumi-kubernetes", "pulumi-resource-kubernetes"),
}


def system_engine() -> bool:
    """Tells whether an official `pulumi` on PATH with its official plugins is to be used (`TENANTRY_ENGINE=system`)."""
    return os.environ.get("TENANTRY_ENGINE") == "system"


def build(instance: Instance) -> dict[str, Path]:
    """Builds what is missing of what the instance needs. Returns name -> binary."""
    if not system_engine():
        return build_all(targets())
    _refuse_without_engine(instance.folder / "bin")
    return build_all(tuple(target for target in targets() if target.binary in CLUSTER))


def targets() -> tuple[Target, ...]:
    """The targets that are to be built: all, but for a gateway that is left out."""
    return tuple(target for target in TARGETS if gateway.wanted() or target.binary != gateway.GATEWAY)


def install(instance: Instance, binaries: dict[str, Path]) -> None:
    """Puts them where engine and shell look. The caller holds the instance's lock: two at once would collide."""
    tools = instance.folder / "bin"
    link(binaries["kubectl"], tools / "kubectl")
    for name in CLIENTS:
        link(client(name), tools / name)
    if system_engine():
        for name in ("pulumi", "pulumi-language-python"):
            (tools / name).unlink(missing_ok=True)
        return
    # The engine looks for its language hosts beside its own file, links resolved: hence a copy or hard link.
    _place(binaries["pulumi"], tools / "pulumi")
    _script(tools / "pulumi-language-python", f'exec "{sys.executable}" -P -m local.language_host "$@"')
    without_log(instance.folder / "pulumi" / "logs")
    for name, (package, binary) in PLUGINS.items():
        folder = instance.folder / "pulumi" / "plugins" / f"resource-{name}-v{version(package)}"
        folder.mkdir(parents=True, exist_ok=True)
        link(binaries[binary], folder / f"pulumi-resource-{name}")


def _refuse_without_engine(tools: Path) -> None:
    """The one that an earlier start put into `tools` does not count: it goes."""
    elsewhere = [folder for folder in os.get_exec_path() if Path(folder).resolve() != tools.resolve()]
    if not shutil.which("pulumi", path=os.pathsep.join(elsewhere)):
        raise SystemExit("TENANTRY_ENGINE=system, but there is no `pulumi` on PATH: install it, or unset the variable")


def without_log(place: Path) -> None:
    """The engine writes a debug log of every call, encrypted, and has no switch for it: it took a third of its time.

    It does without when there is no folder for it. What a run did is in tenantry's own log.
    """
    if place.is_dir():
        shutil.rmtree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("A file in place of a folder keeps the engine from writing its debug log here.\n", "utf-8")


def link(target: Path, place: Path) -> None:
    """Makes `place` a symbolic link to `target`, and leaves one that is."""
    if not (place.is_symlink() and place.readlink() == target):
        place.unlink(missing_ok=True)
        place.symlink_to(target)


def _place(source: Path, target: Path) -> None:
    if (
        target.exists()
        and target.stat().st_size == source.stat().st_size
        and target.stat().st_mtime >= source.stat().st_mtime
    ):
        return
    scratch = target.with_name(f".{target.name}.new")
    scratch.unlink(missing_ok=True)
    try:
        scratch.hardlink_to(source)
    except OSError:
        shutil.copy2(source, scratch)
    scratch.rename(target)


def _script(path: Path, command: str) -> None:
    """Whole at every moment: an engine may be about to run it."""
    text = f'#!/bin/sh\nexport PYTHONPATH="{ROOT}${{PYTHONPATH:+:$PYTHONPATH}}"\n{command}\n'
    if not path.exists() or path.read_text() != text:
        write_whole(path, text, 0o755)
