"""Comments and issues at GitHub or GitLab."""
