"""Object storage: routing, authorisation and the operations on buckets, objects, versions and uploads."""
