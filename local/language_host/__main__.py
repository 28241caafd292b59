"""`python -m local.language_host ENGINE_ADDRESS`: serve on a free loopback port, print it, end with the engine."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

from local.language_host.host import PythonHost
from local.language_host.protocol import language_pb2_grpc

POLL_SECONDS = 0.5
STOP_SECONDS = 1.0
MESSAGE_BYTES = 400 * 1024 * 1024  # what the engine and the SDKs allow for one message
THREADS = 64  # a policy pack or provider holds one for as long as it runs


def main() -> int:
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if not arguments:
        print("usage: pulumi-language-python ENGINE_ADDRESS (the engine starts it)", file=sys.stderr)
        return 2
    engine_process = os.getppid()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())

    host = PythonHost(arguments[-1])
    server = grpc.server(
        ThreadPoolExecutor(THREADS),
        options=[("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)

    # A killed engine says nothing; it only stops being our parent.
    while not stopping.wait(POLL_SECONDS) and os.getppid() == engine_process:
        pass
    host.children.close()
    server.stop(STOP_SECONDS).wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
