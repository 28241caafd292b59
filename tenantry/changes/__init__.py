"""Requests: changes of files, checked against the target branch, merged, reported, rehearsed."""
