"""The dress rehearsal of a request: base, request and way back on a throw-away embedded instance."""
