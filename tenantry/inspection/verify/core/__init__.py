"""Shared by all attacks: context, target, verdicts, manifests, the evaluation of network policies."""
