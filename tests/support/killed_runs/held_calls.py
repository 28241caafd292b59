"""The calls between an engine and its provider plugins, each operation held until a test lets it go on.

The test stands between them: it hands every call on, byte for byte, and asks before an operation reaches the plugin,
and once more before its answer reaches the engine. An operation that is not let go on ends here.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2

REQUESTS: dict[str, Any] = {
    "Create": provider_pb2.CreateRequest,
    "Update": provider_pb2.UpdateRequest,
    "Delete": provider_pb2.DeleteRequest,
    "Diff": provider_pb2.DiffRequest,
}
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
THREADS = 128  # the embedded engine runs 64 operations at once


@dataclass(frozen=True)
class Operation:
    """One call of the engine to a provider, before it reaches the provider or before its answer reaches the engine."""

    method: str  # Create, Update, Delete, Diff
    urn: str
    moment: str  # before, after

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.urn.rpartition("::")[2]


class HeldCalls(grpc.GenericRpcHandler):
    """Hands the calls to one plugin on; `may_go` says of each operation whether it goes on."""

    def __init__(self, channel: grpc.Channel, may_go: Callable[[Operation], bool]) -> None:
        self.channel, self.may_go = channel, may_go

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method

        def call(request: bytes, context: Any) -> bytes:
            operation = _operation(method.rpartition("/")[2], request)
            self._hold(operation, "before", context)
            answer = self._forward(method, request, context)
            self._hold(operation, "after", context)
            return answer

        return grpc.unary_unary_rpc_method_handler(call)

    def _hold(self, operation: tuple[str, str] | None, moment: str, context: Any) -> None:
        if operation is not None and not self.may_go(Operation(*operation, moment)):
            context.abort(grpc.StatusCode.ABORTED, "the engine was killed")

    def _forward(self, method: str, request: bytes, context: Any) -> bytes:
        try:
            return self.channel.unary_unary(method)(request, metadata=context.invocation_metadata())
        except grpc.RpcError as error:
            failed: Any = error
            context.set_trailing_metadata(failed.trailing_metadata() or ())
            return context.abort(failed.code(), failed.details())


def _operation(method: str, request: bytes) -> tuple[str, str] | None:
    """Method and resource; None for a call that is no operation, and in previews."""
    if method not in REQUESTS:
        return None
    message = REQUESTS[method].FromString(request)
    return None if getattr(message, "preview", False) else (method, message.urn)


def serve(plugin_port: int, may_go: Callable[[Operation], bool], ending: ExitStack) -> int:
    """Stands before the plugin on `plugin_port` until `ending` closes; returns the port for the engine."""
    channel = ending.enter_context(grpc.insecure_channel(f"127.0.0.1:{plugin_port}", options=UNLIMITED))
    server = grpc.server(ThreadPoolExecutor(THREADS), options=UNLIMITED)
    server.add_generic_rpc_handlers((HeldCalls(channel, may_go),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ending.callback(lambda: server.stop(None))
    return port
