"""Bodies of Kubernetes objects, as plain values."""
