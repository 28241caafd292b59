"""Sub-commands for requests on a forge: their report and their rehearsal."""
