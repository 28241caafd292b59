"""What the platform gives Prometheus: rules, dashboards, and what is scraped."""
