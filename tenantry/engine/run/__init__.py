"""One run of the engine, from the first check to the last line."""
