"""Resources that are rows of the admin database."""
