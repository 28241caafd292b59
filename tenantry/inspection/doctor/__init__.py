"""`tenantry doctor`: looks at what a stack needs before its first run, and says what is missing and what to do."""
