-- What the platform itself measures of a tenant's use, once a day, beside what the application writes there.
ALTER TABLE tenant_user_statistics
    ADD object_count   bigint CHECK (object_count >= 0),    -- in both buckets
    ADD database_bytes bigint CHECK (database_bytes >= 0),
    ADD measured_at    timestamptz;  -- null: storage_bytes is nobody's measurement

-- For the exporter: errors by tenant, without reading every change there ever was.
CREATE INDEX operation_changes_failed_idx ON operation_changes (occurred_at, tenant_code) WHERE outcome = 'failed';

CALL finish_tables();
