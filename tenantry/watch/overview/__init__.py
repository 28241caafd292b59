"""The fleet on one page: a file that needs no server and asks nobody for anything."""
