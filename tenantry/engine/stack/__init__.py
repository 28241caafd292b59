"""The stack of a run: project, settings, environment, day, policy pack, names of resources."""
