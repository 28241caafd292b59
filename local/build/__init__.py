"""Builds engine, plugins and control plane from pinned Go modules, once, into a cache outside the work tree."""
