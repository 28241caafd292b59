-- What holds for all tables alike, so that no file can forget it.

-- created_at, and updated_at kept by a trigger.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' ORDER BY 1 LOOP
        EXECUTE format('ALTER TABLE %I ADD created_at timestamptz NOT NULL DEFAULT now(), '
            'ADD updated_at timestamptz NOT NULL DEFAULT now()', name);
        EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION touch_updated_at()', name);
    END LOOP;
END
$$;

-- An index for every foreign key that leads none yet: without one, deleting a parent row reads the whole child table.
DO $$
DECLARE
    key record;
BEGIN
    FOR key IN
        SELECT conrelid::regclass AS place, attname AS field
        FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1] AND indpred IS NULL)
        ORDER BY conrelid::regclass::text, conkey[1]
    LOOP
        EXECUTE format('CREATE INDEX ON %s (%I)', key.place, key.field);
    END LOOP;
END
$$;
