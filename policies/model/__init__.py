"""The rules' view of the world: resources, the stack, values, settings."""
