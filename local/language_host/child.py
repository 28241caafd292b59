"""First code in every child of the language host: `python -u child.py HOST_PID TARGET ARGS...`.

Runs TARGET (a file, or a folder with a __main__.py) as the main program, and ends the whole
process group when the host is gone: a host that was killed cannot tell its children. Runs in the user's environment, so
it needs nothing but the standard library, and leaves no module of ours for the user's imports to find.
"""

import os
import runpy
import signal
import sys
import threading
import time

POLL_SECONDS = 0.5


def end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    parent, *sys.argv = sys.argv[1:]
    threading.Thread(target=end_with, args=(int(parent),), name="end-with-host", daemon=True).start()
    del sys.path[0]  # this file's folder: `import host` in the user's program must not find ours
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
