"""What looks like a credential: one set for tenants' files, the plans and the policy pack."""
