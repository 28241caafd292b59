"""Sub-commands that read and write tenants' files and reach no system."""
