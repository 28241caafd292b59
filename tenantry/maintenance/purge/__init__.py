"""The end of a tenant's life: what `tenantry purge` does, one step a call, each repeatable after a crash.

clock.py   today, for the stack
memory.py  what the stack holds and has seen, from its state
plan.py    which step is next for each tenant: a pure function
files.py   the two changes of a tenant's file: purged with a proof, then a tombstone
looking.py what is still there, by name
elsewhere.py  what its roles have in other databases
steps.py   the steps: prove, bury, finish
"""
