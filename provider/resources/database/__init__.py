"""Resources of one database or of its server."""
