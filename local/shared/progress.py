"""Progress of long steps: one line rewritten on a terminal, a line every few seconds elsewhere (logs, CI)."""

import sys
import time

QUIET_SECONDS = 10.0


class Progress:
    """Says what one named step is doing and for how long. Text only: never given anything secret."""

    def __init__(self, step: str) -> None:
        self._step, self._started, self._last = step, time.monotonic(), 0.0
        self._terminal = sys.stdout.isatty()

    def say(self, what: str) -> None:
        """Shows `what` now, or, where lines cannot be rewritten, at most every `QUIET_SECONDS`."""
        now = time.monotonic()
        line = f"{self._step:<28} {now - self._started:5.0f} s  {what}"
        if self._terminal:
            print(f"\r\033[K{line[:118]}", end="", flush=True)
        elif now - self._last >= QUIET_SECONDS:
            self._last = now
            print(line, flush=True)

    def done(self, what: str = "done") -> None:
        """Ends the step with a line that stays."""
        start = "\r\033[K" if self._terminal else ""
        print(f"{start}{self._step:<28} {time.monotonic() - self._started:5.1f} s  {what}", flush=True)
