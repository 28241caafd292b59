"""Shared by all components: the installation, labels, credentials, resources of our provider."""
