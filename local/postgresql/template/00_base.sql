-- What every other file builds on. The files run in the order of their names, in one transaction; references point
-- backwards only. Every table gets created_at, updated_at and the indexes of its foreign keys from 99_finish.sql.

-- PUBLIC gets nothing: a tenant's logins act as the owner role of their clone.
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE TABLE schema_migrations (
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
