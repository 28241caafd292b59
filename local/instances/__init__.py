"""An instance of the embedded default: its folder, its services, its tools, and throw-away copies of all that."""
