"""The asker of a request: signatures of every kind the SDKs use, and the principal behind a key."""
