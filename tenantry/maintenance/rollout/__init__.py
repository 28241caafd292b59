"""Rolling a schema out: the template first, then the test site, then the tenants in waves.

sites.py      the databases in that order, and how each is reached
version.py    what one database has, and bringing it further
rollout.py    the order, the waves, the stop at the first failure
"""
