"""A provider plugin's stand-in that asks a test before and after each operation, so that a kill never depends on luck.

python -m tests.support.held_plugin PORT REAL_PLUGIN ENGINE_ADDRESS

Starts the real plugin and hands every call on, byte for byte. Before an operation reaches the real plugin, and once more
before its answer reaches the engine, it says so to the test that listens on PORT, and goes on when that answers. A test
that has killed the engine does not answer: then the call ends here.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from local.language_host.protocol import register_alias

register_alias()
from pulumi_protocol import provider_pb2  # noqa: E402  # pyright: ignore[reportMissingImports]  (an alias, made above)

REQUESTS = {
    "Create": provider_pb2.CreateRequest,
    "Update": provider_pb2.UpdateRequest,
    "Delete": provider_pb2.DeleteRequest,
    "Diff": provider_pb2.DiffRequest,
}
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
THREADS = 128  # the embedded engine runs 64 operations at once
POLL_SECONDS = 0.2


class Held(grpc.GenericRpcHandler):
    """Hands every call on to the real plugin."""

    def __init__(self, port: int, channel: grpc.Channel) -> None:
        self.port, self.channel = port, channel

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method

        def call(request: bytes, context: Any) -> bytes:
            name = method.rpartition("/")[2]
            operation = _operation(name, request)
            if operation is not None:
                self._ask(operation | {"moment": "before"}, context)
            answer = self._forward(method, request, context)
            if operation is not None:
                self._ask(operation | {"moment": "after"}, context)
            return answer

        return grpc.unary_unary_rpc_method_handler(call)

    def _forward(self, method: str, request: bytes, context: Any) -> bytes:
        try:
            return self.channel.unary_unary(method)(request, metadata=context.invocation_metadata())
        except grpc.RpcError as error:
            failed: Any = error
            context.set_trailing_metadata(failed.trailing_metadata() or ())
            return context.abort(failed.code(), failed.details())

    def _ask(self, operation: dict[str, str], context: Any) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as test:
            test.sendall(json.dumps(operation).encode() + b"\n")
            answer = test.recv(2)
        if answer != b"go":
            context.abort(grpc.StatusCode.ABORTED, "the engine was killed")


def _operation(name: str, request: bytes) -> dict[str, str] | None:
    """What the call does to which resource; None for a call that is no operation, and in previews."""
    if name not in REQUESTS:
        return None
    message = REQUESTS[name].FromString(request)
    return None if getattr(message, "preview", False) else {"method": name, "urn": message.urn}


def main() -> None:
    port, *command = sys.argv[1:]
    parent = os.getppid()
    plugin = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert plugin.stdout is not None
    address = f"127.0.0.1:{int(plugin.stdout.readline())}"
    threading.Thread(
        target=lambda: [sys.stdout.buffer.write(line) for line in plugin.stdout or ()], daemon=True
    ).start()
    server = grpc.server(ThreadPoolExecutor(THREADS), options=UNLIMITED)
    server.add_generic_rpc_handlers((Held(int(port), grpc.insecure_channel(address, options=UNLIMITED)),))
    own = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(own, flush=True)
    while plugin.poll() is None and os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    plugin.terminate()
    os._exit(plugin.wait())


if __name__ == "__main__":
    main()
