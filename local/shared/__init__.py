"""Modules that builds, services and instances of the embedded default share: paths, ports, the display of progress."""
