"""The stacks of an installation: which of them a change touches, and runs over all of them in waves.

site.py         the stacks in the order of their runs: a site's own, its canary, its other cells
affected.py     the stacks that a change of files touches
standing.py     the stacks that are made from the same already
run.py          turns, waves, the stop at the first failure
process.py      one stack's run as a process of its own
health.py       the gate behind a wave
stopped_run.py  what a run that has stopped had done
"""
