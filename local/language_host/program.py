"""Second code in a program's child: connects the SDK to the engine and runs the user's program.

Runs in the user's environment (standard library and the user's Pulumi SDK only). What the host has to know
afterwards is in the exit status: 0 done; REPORTED when the user has been shown why; anything else is the program's own.
"""

import argparse
import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

REPORTED = 32  # shared with host.py; the number by which the official host and its child know it, too
DEFERRED_IMPORTS = Path(__file__).parents[2] / "tenantry" / "engine" / "process" / "deferred_imports.py"
THREADS_PER_OPERATION = 4  # each parallel resource operation may block some calls to the engine in threads


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("monitor", "engine", "project", "stack", "organization", "root_directory"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--dry_run", action="store_true")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args()


def configure(options: argparse.Namespace) -> None:
    """Tell the SDK where its engine is and what it works on.

    The configuration, secrets in clear among it, comes on standard input: an environment variable would show it to
    every process that the program starts, and holds 128 KiB at most.
    """
    from pulumi import runtime

    configuration = json.load(sys.stdin)
    runtime.set_all_config(configuration["values"], configuration["secrets"])
    runtime.configure(
        runtime.Settings(
            project=options.project,
            stack=options.stack,
            monitor=options.monitor,
            engine=options.engine,
            parallel=options.parallel,
            dry_run=options.dry_run,
            organization=options.organization,
            root_directory=options.root_directory,
        )
    )


def internal_folders() -> tuple[str, ...]:
    """Folders whose frames tell users nothing about their own program."""
    import pulumi

    return (
        str(Path(__file__).parent) + os.sep,
        str(Path(pulumi.__file__).parent) + os.sep,
        str(Path(asyncio.__file__).parent) + os.sep,
        runpy.__file__,
        "<frozen runpy>",
        "<frozen importlib",
    )


def users_frames(error: BaseException) -> str:
    """The error as Python prints it, with the frames of host, SDK and event loop left out, in its causes as well."""
    shown = traceback.TracebackException.from_exception(error)
    internal = internal_folders()
    pending, seen = [shown], set[int]()
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        kept = [frame for frame in part.stack if not frame.filename.startswith(internal)]
        part.stack = traceback.StackSummary.from_list(kept)
        pending += [other for other in (part.__cause__, part.__context__) if other is not None]
    return "".join(shown.format()).rstrip()


def run(options: argparse.Namespace) -> int:
    import pulumi

    entry = Path(options.program)
    if entry.is_dir() and not (entry / "__main__.py").is_file():
        pulumi.log.error(f"there is no program to run: {entry} holds no __main__.py (see `main:` in Pulumi.yaml)")
        return REPORTED
    if not entry.exists():
        pulumi.log.error(f"there is no program to run: {entry} does not exist (see `main:` in Pulumi.yaml)")
        return REPORTED
    if entry.is_file():
        sys.path.insert(0, str(entry.parent))
    sys.argv = [options.program, *options.arguments]

    # A failed program leaves futures unobserved; asyncio's warnings about them would bury the error itself.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(options.parallel, 1) * THREADS_PER_OPERATION)
    loop.set_default_executor(executor)

    def program() -> None:
        runpy.run_path(options.program, run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return REPORTED
    except SystemExit as exit_:
        if exit_.code is None or isinstance(exit_.code, int):
            return exit_.code or 0
        pulumi.log.error(str(exit_.code))
        return REPORTED
    except KeyboardInterrupt:
        return 130  # what a shell reports for an interrupted command
    except Exception as error:
        pulumi.log.error("Program failed with an unhandled exception:\n" + users_frames(error))
        return REPORTED
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                loop.run_until_complete(task)
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    chosen = arguments()
    runpy.run_path(str(DEFERRED_IMPORTS))["defer_sdk"]()  # by its path: the user's environment need not have it
    try:
        configure(chosen)
    except ImportError as missing:
        print(
            f"{missing}: the Pulumi SDK is not installed for {sys.executable}. Add `pulumi` to that environment, or "
            "remove the runtime option `virtualenv` to use the embedded one.",
            file=sys.stderr,
        )
        sys.exit(REPORTED)
    sys.exit(run(chosen))
