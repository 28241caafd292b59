"""Attacks the live stack with each tenant's own credentials, and says what held.

The promise is that no tenant can reach, starve or impersonate another. Policies check what is declared, rights and
admission rules hold in the live systems; this is the third layer, which believes neither and tries.
"""
