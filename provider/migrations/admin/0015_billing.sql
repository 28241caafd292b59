-- The platform writes each day how much a tenant had (`tenantry usage --record`); the admin service prices it.
-- Null: not priced yet. That is not free of charge, and nobody is asked to pay it.
ALTER TABLE billing_records
    ALTER unit_price DROP NOT NULL,
    ALTER amount DROP NOT NULL,
    ADD CONSTRAINT billing_records_priced_check
        CHECK ((unit_price IS NULL) = (amount IS NULL) AND (amount IS NOT NULL OR status IN ('open', 'waived')));

CALL finish_tables();
