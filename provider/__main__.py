"""The entry that the language host runs: `python -u provider ENGINE_ADDRESS`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # The folder itself is on the path, where its modules must not stand for others'; its parent holds the packages,
    # and comes first: another checkout's installation must not stand for this one.
    folder = Path(__file__).resolve().parent
    sys.path[:] = [str(folder.parent), *(entry for entry in sys.path if entry and Path(entry).resolve() != folder)]

    from tenantry.engine.process.deferred_imports import defer_sdk
    from tenantry.engine.process.garbage import collect_rarely

    collect_rarely()
    defer_sdk()
    from provider.server import main

    main()
