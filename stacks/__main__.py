"""Entry of the Pulumi program. The engine runs this folder, so the project's root is not on Python's path by itself."""

import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from tenantry.engine.process.garbage import collect_rarely  # noqa: E402 (after the path is right)

collect_rarely()

import pulumi  # noqa: E402 (as above)

from stacks.program import main  # noqa: E402 (as above)
from stacks.sdk_overhead import disable_sdk_debug_log  # noqa: E402 (as above)

disable_sdk_debug_log(os.environ)
pulumi.run(main)
