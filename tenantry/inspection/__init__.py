"""An operator's questions to a live stack: whether it is set up (doctor), as declared (drift), and safe (verify)."""
