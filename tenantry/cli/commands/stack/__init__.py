"""Sub-commands on a live stack: they change it, look at it, or watch it."""
