"""Entry of the policy pack. The engine runs this folder; the project's root takes its place on Python's path.

So a copy of the checkout runs its own rules, and no file here is taken for a library of the same name.
"""

import os
import sys
from pathlib import Path
from threading import Thread
from types import ModuleType

sys.path[0] = str(Path(__file__).resolve().parents[1])
# The engine waits for this process to start and for each of its answers (decision 0015). gRPC's asyncio half, which
# nobody uses here, is a sixth of the start; its newer event loop hands each call to one thread more.
sys.modules.setdefault("grpc.aio", ModuleType("grpc.aio"))
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener,-event_engine_client")

from tenantry.engine.process.garbage import collect_rarely  # noqa: E402 (after the path is right)

collect_rarely()

from policies.analyzer.server import serve  # noqa: E402 (as above)
from policies.facts.plan_figures import plans  # noqa: E402 (after the path is right)

Thread(target=plans, name="plans", daemon=True).start()  # while the engine starts the program
serve(lambda port: print(port, flush=True))
