"""The request log: one JSON line a request, without keys, tokens, signatures or bodies."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

MAX_BYTES = 64 * 1024**2  # at the next start a longer log makes place for a new one; one old log is kept


class RequestLog:
    """Appends to DIR/requests.log; each line is written whole."""

    def __init__(self, file: Path) -> None:
        if file.exists() and file.stat().st_size > MAX_BYTES:
            file.rename(file.with_name(f"{file.name}.1"))
        self._lock = threading.Lock()
        self._file = file.open("a", buffering=1, encoding="utf-8")
        file.chmod(0o600)

    def write(self, **entry: Any) -> None:
        kept = {key: value for key, value in entry.items() if value not in ("", {}, None)}
        with self._lock:
            self._file.write(json.dumps(kept, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()
