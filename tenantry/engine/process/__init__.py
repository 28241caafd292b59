"""The engine as a process: its command line, its events, its locks, what it leaves in the process table."""
