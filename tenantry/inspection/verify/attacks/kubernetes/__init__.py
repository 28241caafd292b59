"""Attacks on the cluster, its admission policies and its gateway."""
