"""`python -m local.postgresql DIRECTORY PORT`: what `command` runs."""

import sys
from pathlib import Path

from local.postgresql.connection import PostgresqlError
from local.postgresql.launch import become_server

if __name__ == "__main__":
    try:
        become_server(Path(sys.argv[1]), int(sys.argv[2]))
    except PostgresqlError as error:
        sys.exit(str(error))
