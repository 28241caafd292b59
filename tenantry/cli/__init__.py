"""The `tenantry` command. The entry point `tenantry.cli:main` loads the command line only when it is called."""


def main() -> None:
    """Runs the command line that `sys.argv` holds; ends the process with the exit code of docs/exit-codes.md."""
    from tenantry.cli.app import main as run

    run()
