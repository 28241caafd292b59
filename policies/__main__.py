"""Entry of the policy pack. The engine runs this folder; the project's root takes its place on Python's path.

So a copy of the checkout runs its own rules, and no file here is taken for a library of the same name.
"""

import sys
from pathlib import Path
from threading import Thread

sys.path[0] = str(Path(__file__).resolve().parents[1])

from pulumi_policy import EnforcementLevel, PolicyPack  # noqa: E402 (after the path is right)

from policies.figures import plans  # noqa: E402 (as above)
from policies.hiding import hide_secrets  # noqa: E402 (as above)
from policies.pack import PACK, policies  # noqa: E402 (as above)

hide_secrets()
Thread(target=plans, name="plans", daemon=True).start()  # while the engine starts the program
PolicyPack(PACK, policies(), enforcement_level=EnforcementLevel.MANDATORY)
