"""The report of a request: what a preview would do, by tenant."""
