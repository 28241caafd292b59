"""Plugins of this repository's pytest runs."""
