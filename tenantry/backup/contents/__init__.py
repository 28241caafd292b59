"""The contents of a backup and their places: dump, objects, manifest, fingerprint."""
