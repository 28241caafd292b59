"""Alerts: one table from requirement to alert, expression and page, and what Prometheus is given of it."""
