"""The pack as a process that the engine asks."""
