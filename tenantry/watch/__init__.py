"""An operator's view of all tenants: use of quotas, metrics, alerts. All of it is read from the admin database."""
