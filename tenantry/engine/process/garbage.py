"""Python's collector of reference cycles, which a process that ends within a run hardly needs."""

import gc
from typing import Final

# Objects made until the young are looked at (Python's own: 700), and how many looks until the older ones are.
RARELY: Final = (100_000, 50, 100)


def collect_rarely() -> None:
    """Lets cycles be looked for less often: while modules are loaded, all that is made stays.

    A tenth of the processor time of a program that registers resources, for some megabytes of memory.
    """
    gc.set_threshold(*RARELY)
