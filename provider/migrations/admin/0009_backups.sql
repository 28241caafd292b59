-- What a backup holds, what was proved by restoring it, and which API keys are in force.

ALTER TABLE data_backup_records
    ADD deleted_at       date,     -- the deletion it was taken for; taken off again when that is cancelled
    ADD row_count        bigint CHECK (row_count >= 0),
    ADD object_count     bigint CHECK (object_count >= 0),
    ADD duration_seconds numeric(12, 3) CHECK (duration_seconds >= 0),
    ADD schema_digest    text,
    ADD details          jsonb NOT NULL DEFAULT '{}',  -- rows of each table
    ADD proof            jsonb;    -- what was restored, compared and read back
CREATE INDEX data_backup_records_deletion_idx ON data_backup_records (tenant_code, deleted_at) WHERE kind = 'deletion';

-- A key of a suspended or deleted tenant is refused without being revoked: it works again when the tenant returns.
CREATE VIEW usable_api_keys AS
SELECT key.* FROM tenant_api_keys AS key JOIN tenants USING (tenant_id)
WHERE tenants.status = 'active' AND key.revoked_at IS NULL AND (key.expires_at IS NULL OR key.expires_at > now());

CALL finish_tables();
