"""`python -m local.postgresql DIRECTORY PORT [ARGUMENT...]`: what `command` runs; arguments are for postgres."""

import sys
from pathlib import Path

from local.postgresql.connection import PostgresqlError
from local.postgresql.launch import become_server

if __name__ == "__main__":
    try:
        become_server(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
    except PostgresqlError as error:
        sys.exit(str(error))
