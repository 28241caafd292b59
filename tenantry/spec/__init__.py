"""Models of tenants' files, plans and catalogues: one model a file, its fields and their checks."""
