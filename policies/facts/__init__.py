"""Facts for the rules: the figures of plans, documents taken apart, secrets found."""
