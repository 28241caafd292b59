"""What an operator asks of a live stack: whether it is set up (doctor), as declared (drift), and safe (verify)."""
