"""`python -m tenantry.cli`: the command from a checkout, without the installed script."""

from tenantry.cli.app import main

if __name__ == "__main__":
    main()
