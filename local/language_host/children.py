"""The host's child processes: each leads a process group, so that ending one ends everything it started."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

CHILD = Path(__file__).with_name("child.py")
GRACE_SECONDS = 2.0  # from SIGTERM to SIGKILL; the engine itself gives the host 5 s
CHUNK_BYTES = 65536

Stream = Literal["stdout", "stderr"]


class Children:
    """All living children; safe to use from the server's threads."""

    def __init__(self) -> None:
        self._living: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def start(
        self, python: Path, arguments: Sequence[str], *, cwd: str, env: Mapping[str, str], given: bytes | None = None
    ) -> subprocess.Popen[bytes]:
        """Start `python child.py PID ARGUMENTS`.

        With `given` on its standard input it writes where the host writes, to the engine; without, its output is read
        through `output`.
        """
        sink = subprocess.PIPE if given is None else None
        with self._lock:
            if self._closed:
                raise ChildProcessError("the language host is shutting down")
            child = subprocess.Popen(
                [str(python), "-u", str(CHILD), str(os.getpid()), *arguments],
                cwd=cwd or None,
                env=dict(env),
                stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                stdout=sink,
                stderr=sink,
                process_group=0,
            )
            self._living.add(child)
        if child.stdin is not None:
            with suppress(BrokenPipeError), child.stdin as stream:
                stream.write(given or b"")
        return child

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """The child's exit status (negative: the signal that ended it), once nothing of its group is left."""
        status = child.wait()
        with self._lock:
            if child in self._living:
                signal_group(child, signal.SIGKILL)
                self._living.discard(child)
        return status

    def end(self, *chosen: subprocess.Popen[bytes]) -> None:
        """End these children (or all) where they still live, politely first, then for certain."""
        with self._lock:
            ending = [child for child in chosen or self._living if child in self._living]
        for child in ending:
            signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for child in ending:
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
            signal_group(child, signal.SIGKILL)

    def close(self) -> None:
        """End all and let none start any more."""
        with self._lock:
            self._closed = True
        self.end()

    def output(self, child: subprocess.Popen[bytes]) -> Iterator[tuple[Stream, bytes]]:
        """The child's output, as it comes, until both streams are closed.

        Also ends soon after the child itself has: a grandchild that keeps the streams open must not keep us.
        """
        with selectors.DefaultSelector() as selector:
            streams: tuple[tuple[Stream, IO[bytes] | None], ...] = (("stdout", child.stdout), ("stderr", child.stderr))
            for name, stream in streams:
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, name)
            while selector.get_map():
                ended = child.poll() is not None
                ready = selector.select(0.2)
                if ended and not ready:
                    return
                for key, _ in ready:
                    chunk = os.read(key.fd, CHUNK_BYTES)
                    if chunk:
                        yield key.data, chunk
                    else:
                        selector.unregister(key.fileobj)


def signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the group that the child leads; its members may all be gone already."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def describe(status: int) -> str:
    """An exit status in words."""
    if status < 0:
        return f"program was ended by signal {signal.Signals(-status).name}"
    return f"program exited with non-zero exit code: {status}"
