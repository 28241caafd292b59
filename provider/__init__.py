"""Our own small Pulumi provider: steps that no published provider offers.

__main__.py     what the engine's language host runs
server.py       the plugin's gRPC server: plain errors, and Check and Diff without converting a value
steps.py        the provider: which resource, what the engine wants of it
values.py       Pulumi's values to Python's and back, secrets kept
connections.py  the provider's configuration, and what a resource reaches its systems by
postgresql.py   sessions with a database, and PostgreSQL's errors in our words
oss.py          buckets, and OSS's errors in our words
failure.py      what a user is told: the step, what is wrong, what to do; and what is tried again
resources/      one file a resource
migrations/     one folder of SQL a set
"""
