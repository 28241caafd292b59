"""A program in the place of a provider plugin while its operations wait for a test.

python -I -S held_plugin.py TEST_PORT REAL_PLUGIN ENGINE_ADDRESS

Starts the real plugin, tells the test at TEST_PORT its port, and gives the engine the port that the test answers: there
the test hands the calls on (`tests/support/killed_runs/kills.py`). Only the standard library, so that it costs no time to start.
"""

import os
import socket
import subprocess
import sys
import threading
import time

POLL_SECONDS = 0.2


def main() -> None:
    port, *command = sys.argv[1:]
    parent = os.getppid()
    plugin = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert plugin.stdout is not None
    with socket.create_connection(("127.0.0.1", int(port))) as test, test.makefile("rwb") as lines:
        lines.write(plugin.stdout.readline())
        lines.flush()
        print(int(lines.readline()), flush=True)
    threading.Thread(target=_pass_on, args=(plugin,), daemon=True).start()
    while plugin.poll() is None and os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    plugin.terminate()
    os._exit(plugin.wait())


def _pass_on(plugin: "subprocess.Popen[bytes]") -> None:
    for line in plugin.stdout or ():
        sys.stdout.buffer.write(line)


if __name__ == "__main__":
    main()
