"""Clients of the stack's systems for the commands: Alibaba Cloud, PostgreSQL, Kubernetes."""
