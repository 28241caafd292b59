"""The look of a credential: one set for tenants' files, the plans and the policy pack."""
