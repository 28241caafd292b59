"""Rules on what all tenants share: the foundation, and who may act in the account."""
