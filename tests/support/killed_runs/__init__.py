"""Runs whose engine or command is killed at an operation that a test names."""
