"""The embedded alicloud plugin with an answer for what it does not know: previews of the foundation's resources.

    python -m tests.support.stand_ins.foundation_plugin PLUGIN ENGINE-ADDRESS

The plugin of the embedded engine knows the resources of a local stack alone. To see the whole plan of `prod` through
the real engine, its calls are passed on unread; of an unknown resource Check and the Create of a preview give the
inputs back. Nothing is ever made: any other call about such a resource fails. What the SDK's types and tests/components
hold about these resources, this does not look at.
"""

import subprocess
import sys
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2 as proto

METHOD = "/pulumirpc.ResourceProvider/"
KNOWN = ("oss/", "ram/", "ims/", "dns/")
LARGEST = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]


def is_known(urn: str) -> bool:
    """Tells whether the embedded plugin has the resource's type."""
    token = urn.split("::")[2].rpartition("$")[2]
    module = token.partition(":")[2]
    return module.startswith(KNOWN) or token.startswith("pulumi:")


def answer(method: str, data: bytes) -> bytes | None:
    """The answer to a call about what the plugin does not know; None: it is the plugin's to answer."""
    if method == f"{METHOD}Check":
        asked = proto.CheckRequest.FromString(data)
        return None if is_known(asked.urn) else proto.CheckResponse(inputs=asked.news).SerializeToString()
    if method == f"{METHOD}Create":
        made = proto.CreateRequest.FromString(data)
        if is_known(made.urn):
            return None
        if not made.preview:
            raise ValueError("nothing is made here")
        return proto.CreateResponse(id="", properties=made.properties).SerializeToString()
    return None


class Proxy(grpc.GenericRpcHandler):
    def __init__(self, plugin: grpc.Channel) -> None:
        self._plugin = plugin

    def service(self, handler_call_details: Any) -> Any:
        method: str = handler_call_details.method
        onward: Callable[..., Any] = self._plugin.unary_unary(method)

        def handle(data: bytes, context: Any) -> bytes:
            try:
                own = answer(method, data)
                return onward(data) if own is None else own
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())  # pyright: ignore[reportAttributeAccessIssue]
            except ValueError as error:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            raise AssertionError("abort raises")

        return grpc.unary_unary_rpc_method_handler(handle)


def main(plugin: str, *arguments: str) -> None:
    with subprocess.Popen([plugin, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=LARGEST)
        server = grpc.server(futures.ThreadPoolExecutor(64), options=LARGEST)
        server.add_generic_rpc_handlers((Proxy(channel),))
        print(server.add_insecure_port("127.0.0.1:0"), flush=True)
        server.start()
        process.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
