"""The transit engine of HashiCorp Vault, as far as the engine asks for it: a key encrypts and decrypts."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

TOKEN: Final = "hvs.made-up"
_MARK: Final = "vault:v1:"


class _Transit(BaseHTTPRequestHandler):
    """`PUT /v1/transit/encrypt/KEY` and `decrypt`: https://developer.hashicorp.com/vault/api-docs/secret/transit."""

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        action = self.path.split("/")[3]
        if self.headers.get("X-Vault-Token") != TOKEN:
            self._answer(403, {"errors": ["permission denied"]})
        elif action == "encrypt":
            self._answer(200, {"data": {"ciphertext": _MARK + body["plaintext"][::-1]}})
        elif body["ciphertext"].startswith(_MARK):
            self._answer(200, {"data": {"plaintext": body["ciphertext"].removeprefix(_MARK)[::-1]}})
        else:
            self._answer(400, {"errors": ["invalid ciphertext: no prefix"]})

    def _answer(self, status: int, document: Mapping[str, object]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def vault() -> Generator[Mapping[str, str]]:
    """The variables with which it is reached."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Transit)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield {"VAULT_ADDR": f"http://127.0.0.1:{server.server_port}", "VAULT_TOKEN": TOKEN}
    server.shutdown()
    server.server_close()
    thread.join()
