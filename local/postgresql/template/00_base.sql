-- What every other file builds on. The files run in the order of their names, in one transaction; references point
-- backwards only. 99_finish.sql gives every table created_at, updated_at and the indexes of its foreign keys.

-- PUBLIC gets nothing: a tenant's logins act as the owner role of their clone.
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- The platform's own: whoever builds the template owns it, in every clone too (docs/decisions/0030).
CREATE SCHEMA tenantry_platform;

CREATE TABLE tenantry_platform.schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

-- What holds for all tables alike, so that no file can forget it; migrations of tenants that make tables call it too.
CREATE PROCEDURE finish_tables() LANGUAGE plpgsql AS $$
DECLARE
    place record;
BEGIN
    -- created_at, and updated_at kept by a trigger.
    FOR place IN
        SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND tgname = 'touch_updated_at')
        ORDER BY relname
    LOOP
        EXECUTE format('ALTER TABLE %s ADD created_at timestamptz NOT NULL DEFAULT now(), '
            'ADD updated_at timestamptz NOT NULL DEFAULT now()', place.name);
        EXECUTE format('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON %s FOR EACH ROW '
            'EXECUTE FUNCTION touch_updated_at()', place.name);
    END LOOP;
    -- An index for every foreign key that leads none yet: without one, deleting a row reads each referring table whole.
    FOR place IN
        SELECT conrelid::regclass AS name, attname AS field
        FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1] AND indpred IS NULL)
        ORDER BY conrelid::regclass::text, conkey[1]
    LOOP
        EXECUTE format('CREATE INDEX ON %s (%I)', place.name, place.field);
    END LOOP;
END
$$;
