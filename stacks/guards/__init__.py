"""Checks that stop a run before it touches anything."""
