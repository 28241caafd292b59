"""The history of operations: who ran which command, what it changed for which tenant, and how it ended.

Written by each run into the admin database (provider/migrations/admin/0012_history.sql), where rows are never changed.
"""
