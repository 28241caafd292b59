"""The socket side: HTTP/1.1 with kept connections, on loopback only, a thread for each connection."""

from __future__ import annotations

import os
import sys
import traceback
import uuid
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.alibaba import control
from local.alibaba.clock import http_date
from local.alibaba.http.errors import DropConnectionError
from local.alibaba.http.hosts import target_of
from local.alibaba.http.messages import Request, Response, parse
from local.alibaba.state.store import StateUnwritableError
from local.alibaba.world import World

MAX_BODY_BYTES = 5 * 1024**3


class Handler(BaseHTTPRequestHandler):
    """Reads a request, has it answered, writes the answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # buffered: status, headers and body leave together
    timeout = 120  # seconds a kept connection may be idle

    @property
    def world(self) -> World:
        assert isinstance(self.server, Server)
        return self.server.world

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the request log has it, without secrets."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts: list[bytes] = []
            while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers carry nothing we read
            return b"".join(parts)
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY_BYTES:
            raise ValueError("Content-Length")
        return self.rfile.read(length) if length else b""

    def _answer(self) -> None:
        try:
            body = self._body()
        except ValueError:
            self.close_connection = True
            self._write(Response(400, b"The request body cannot be read.\n", {"Content-Type": "text/plain"}))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = parse(self.command, self.path, headers, body, self.client_address[0])
        try:
            self._write(self._respond(request))
        except DropConnectionError:
            self.close_connection = True
        except ConnectionError:
            raise
        except StateUnwritableError as error:
            # What is on disk is the truth: the next start reads it. Going on would answer from what never was kept.
            with suppress(OSError):  # the log may lie on the same full disk
                print(f"{error}; ending, free some space and start again", file=sys.stderr, flush=True)
            os._exit(1)
        except Exception:  # our fault: told in the service's log, and to the client as the real service would
            traceback.print_exc()
            self.close_connection = True
            self._write(Response(500, b"InternalError: see the log of the stand-in.\n", {"Content-Type": "text/plain"}))

    def _respond(self, request: Request) -> Response:
        if request.raw_path.startswith(control.PREFIX) and target_of(request.host).service == "direct":
            return control.handle(self.world, request)
        return self.world.handle(request)

    def _write(self, response: Response) -> None:
        self.send_response_only(response.status)
        headers = {"Server": "AliyunOSS", "Date": http_date(self.world.clock.real()), **response.headers}
        headers.setdefault("x-oss-request-id", uuid.uuid4().hex[:24].upper())
        for name, value in headers.items():
            self.send_header(name, str(value).encode("utf-8").decode("latin-1"))
        if response.status not in (204, 304):
            self.send_header("Content-Length", str(len(response.body) if response.length is None else response.length))
        self.end_headers()
        if self.command != "HEAD" and response.status not in (204, 304):
            self.wfile.write(response.body)
        self.wfile.flush()

    def do_CONNECT(self) -> None:
        self.close_connection = True
        text = b"The stand-in speaks plain HTTP: use protocol HTTP in the client.\n"
        self._write(Response(502, text, {"Content-Type": "text/plain"}))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_OPTIONS = _answer


class Server(ThreadingHTTPServer):
    """Bound to 127.0.0.1, whatever is asked."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, world: World) -> None:
        self.world = world
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news; anything else is reported with its traceback."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
