"""Builds the engine, the plugins and the control plane from pinned Go modules, once, into a cache outside the work tree."""
