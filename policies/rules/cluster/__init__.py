"""Rules on the objects of the cluster: pods, networks, quotas, rights, admission, limits of requests."""
