"""The `tenantry` command, as a program that is killed before the first call that changes something and that is new.

python -m tests.support.killed_runs.dying MET PART ARGUMENTS... The file MET holds the calls that it was killed before already, one
a line; a new one is added. PART is `all`, or as `2/6` the third of six parts into which the calls fall: only those of
it are killed before. Changes are: a statement that does not only read, a request other than GET and HEAD, a program
begun (but for the engine, which only shows its state here), and a file put in its place. Sessions commit each statement
by itself.
"""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import psycopg
import requests
from psycopg import sql

from tenantry.cli.app import main
from tests.support.pytest_plugins.sampling import is_chosen

READING = ("SELECT", "SHOW", "SET", "RESET", "COPY (", "BEGIN", "DECLARE", "FETCH", "CLOSE")
PASSING = re.compile(r"[0-9a-f]{8,}|\d{8}T\w+|'[^']*'")  # ids and values that differ from run to run
LONGEST = 120  # characters of a call that tell it from others


def _statement(_cursor: Any, query: Any, *_: Any, **__: Any) -> str | None:
    text = query.as_string(None) if isinstance(query, sql.Composable) else query
    text = " ".join((text.decode() if isinstance(text, bytes) else text).split())
    return None if text.upper().startswith(READING) else text


def _program(_process: Any, command: Any, *_: Any, **__: Any) -> str | None:
    name = Path(command if isinstance(command, str) else command[0]).name
    return None if name == "pulumi" else name


def _request(_session: Any, request: requests.PreparedRequest, **_: Any) -> str | None:
    return None if request.method in ("GET", "HEAD") else f"{request.method} {request.path_url}"


def _file(source: Any, target: Any, **_: Any) -> str:
    return f"{Path(target).name} put in place"


def _watch(met: Path, part: str, owner: Any, name: str, change: Callable[..., str | None], times: Counter[str]) -> None:
    real = getattr(owner, name)

    @wraps(real)
    def call(*arguments: Any, **options: Any) -> Any:
        told = change(*arguments, **options)
        if told is not None:
            kind = PASSING.sub("", told)[:LONGEST]
            times[kind] += 1
            line = f"{kind} #{times[kind]}"
            if _is_in(part, line) and line not in met.read_text().splitlines():
                with met.open("a") as file:
                    file.write(line + "\n")
                os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)

    setattr(owner, name, call)


def _is_in(part: str, line: str) -> bool:
    number, _, parts = part.partition("/")
    return part == "all" or is_chosen(line, int(parts), int(number))


if __name__ == "__main__":
    file, part, times = Path(sys.argv.pop(1)), sys.argv.pop(1), Counter[str]()
    _watch(file, part, psycopg.Cursor, "execute", _statement, times)
    _watch(file, part, requests.Session, "send", _request, times)
    _watch(file, part, subprocess.Popen, "__init__", _program, times)
    _watch(file, part, os, "rename", _file, times)
    _watch(file, part, os, "replace", _file, times)
    main()
