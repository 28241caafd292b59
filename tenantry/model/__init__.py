"""One tenant worked out: its phase, credential rotation, settings and rights, as plain values."""
