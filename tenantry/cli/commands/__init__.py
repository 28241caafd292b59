"""The sub-commands, one a file, each with `register(app)`."""
