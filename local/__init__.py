"""The embedded default: all that `make up` needs on a machine with Python and package registries only."""
