"""Every binary of the embedded default, built when its key is not in the cache yet."""

from pathlib import Path

from local.build.cache import appearing, cache_root, key_of, lock
from local.build.compile import compile_to
from local.build.targets import TARGETS, Target
from local.shared.progress import Progress


def path_of(target: Target) -> Path:
    """The path of the target's binary, also before it is built."""
    change = [repr(target.change)] if target.change else []
    facts = (target.binary, target.package, target.ldflags, target.tags, str(target.cgo), *change)
    return (
        cache_root() / "build" / f"{target.binary}-{key_of(target.directory, target.sources(), *facts)}" / target.binary
    )


def build_all(targets: tuple[Target, ...] = TARGETS) -> dict[str, Path]:
    """Builds what is missing, one after the other (each build uses every core), and returns name -> binary."""
    paths = {target.binary: path_of(target) for target in targets}
    for number, target in enumerate(targets, 1):
        binary = paths[target.binary]
        if binary.exists():
            continue
        with lock(cache_root() / "build.lock", "waiting for another build on this machine"):
            if binary.exists():
                continue
            progress = Progress(f"[{number}/{len(targets)}] {target.binary}")
            with appearing(binary.parent) as scratch:
                compile_to(target, scratch / target.binary, progress)
            progress.done(f"built, {binary.stat().st_size / 1e6:.0f} MB")
    return paths
