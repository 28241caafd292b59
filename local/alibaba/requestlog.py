"""The request log: one JSON line a request, without keys, tokens, signatures or bodies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class RequestLog:
    """Appends to DIR/requests.log; each line is written whole."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1, encoding="utf-8")
        file.chmod(0o600)

    def write(self, **entry: Any) -> None:
        kept = {key: value for key, value in entry.items() if value not in ("", {}, None)}
        self._file.write(json.dumps(kept, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()
