"""Bringing a backup back: whose place it may take, and the swap at one moment."""
