"""The attacks, by the system that they try; each module lists its own in `ATTACKS`."""
