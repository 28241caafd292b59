"""The embedded default: everything that `make up` needs on a machine which has nothing but Python and package registries."""
