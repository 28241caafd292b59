"""Attacks on the object store and on who gets a session."""
