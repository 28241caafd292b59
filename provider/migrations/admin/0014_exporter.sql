-- What the exporter of metrics sees of tables that hold more: its login reads these and single columns of others
-- (tenantry/watch/read_columns.py). `settings` of a tenant holds digests of its tokens, system_config the admin service's own.

-- A tenant that is being opened is inactive until then; one that is purged has no use of anything.
CREATE VIEW tenant_figures AS
SELECT tenants.tenant_id, plan_type, coalesce(held_by, '') AS held_by,
    CASE WHEN tenants.status = 'active' THEN 'active'
        WHEN tenants.status = 'deleted' THEN CASE WHEN scheduled_deletion_at <= now() THEN 'due' ELSE 'retained' END
        WHEN tenants.status = 'inactive' AND progress.status IS DISTINCT FROM 'completed' THEN 'opening'
        ELSE 'suspended' END AS phase,
    database_name, max_users, max_storage, coalesce(settings -> 'quotas', '{}') AS quotas,
    (settings #>> '{limits,databaseConnections}')::bigint AS database_connections,
    (settings #>> '{price,monthly}')::numeric AS monthly_price, schema_version, scheduled_deletion_at
FROM tenants LEFT JOIN tenant_init_progress AS progress USING (tenant_id)
WHERE tenants.status <> 'purged';

-- The last look for drift at each stack.
CREATE VIEW drift_looks AS
SELECT config_key, config_value FROM system_config WHERE starts_with(config_key, 'tenantry.drift.');

-- When a tenant's credentials were made anew, without reading every change there ever was.
CREATE INDEX operation_changes_passwords_idx ON operation_changes (tenant_code, occurred_at)
    WHERE resource_type = 'random:index/randomPassword:RandomPassword' AND outcome = 'done' AND action <> 'delete';

CALL finish_tables();
