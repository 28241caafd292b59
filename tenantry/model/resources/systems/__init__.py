"""The systems, a module each. A new one is found by lying here; its facts are those of `facts.py`."""
