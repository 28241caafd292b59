"""The stacks of an installation: which of them a change touches, and runs over all of them in waves.

site.py       the stacks in the order of their runs: a site's own, its canary, its other cells
affected.py   the stacks that a change of files touches
"""
