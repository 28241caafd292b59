"""The stand-in of the tenants' pods: one process, with a socket for each pod that is ready."""
