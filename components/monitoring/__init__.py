"""The platform's part in monitoring: rules, dashboards, and what Prometheus scrapes."""
