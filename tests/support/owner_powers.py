"""Powers of a database's owner and of its logins, by PostgreSQL's list of commands: each must leave the platform's
own work (migrate, up, backup, restore, purge) unharmed, or end as that tenant's own failure.

Settings of the database and of roles stand in harmful.py, locks beside the tests of what waits for them. What an owner
may not do (event triggers, foreign servers, security labels, subscriptions, tablespaces ...) is in REFUSED.
"""

from typing import Any

POWERS = {
    "default privileges": "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC",
    "privileges": "CREATE TABLE given (n int); GRANT ALL ON given TO PUBLIC; GRANT SELECT (n) ON given TO PUBLIC",
    "comments": "COMMENT ON SCHEMA public IS E'mine\\n; DROP TABLE given; --'; COMMENT ON DATABASE {database} IS 'mine'",
    "a large object": "SELECT lo_from_bytea(0, decode('00ff', 'hex'))",
    "types": "CREATE TYPE feeling AS ENUM ('a'); CREATE TYPE span AS RANGE (SUBTYPE = int); CREATE DOMAIN less AS int CHECK (VALUE < 9)",
    "a cast": "CREATE FUNCTION moody(int) RETURNS feeling LANGUAGE sql AS $$ SELECT 'a'::feeling $$;"
    " CREATE CAST (int AS feeling) WITH FUNCTION moody(int) AS IMPLICIT",
    "a cast of rows": "CREATE TABLE cast_rows (n int); CREATE FUNCTION rows_text(cast_rows) RETURNS text LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE 'run by %', session_user; END $$; CREATE CAST (cast_rows AS text) WITH FUNCTION rows_text(cast_rows);"
    " INSERT INTO cast_rows VALUES (1)",
    "an operator": "CREATE OPERATOR public.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
    "an operator of the catalog's name": "CREATE FUNCTION same(text, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'run'; END $$;"
    " CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = int, FUNCTION = same)",
    "an aggregate": "CREATE AGGREGATE public.count(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')",
    "functions of the catalog's names": "CREATE FUNCTION public.format(text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;"
    " CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT NULL::timestamptz $$",
    "statistics": "CREATE TABLE pairs (a int, b int); CREATE STATISTICS st (dependencies) ON a, b FROM pairs",
    "text search": "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION c (PARSER = default)",
    "a collation": 'CREATE COLLATION plain FROM "C"; CREATE TABLE sorted (t text COLLATE plain)',
    "a conversion": "CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
    "a publication": "CREATE TABLE news (n int); CREATE PUBLICATION pub FOR TABLE news; ALTER TABLE news REPLICA IDENTITY FULL",
    "a rule": "CREATE TABLE ruled (n int); CREATE RULE r AS ON INSERT TO ruled DO ALSO NOTIFY ruled; INSERT INTO ruled VALUES (1)",
    "triggers": "CREATE TABLE kept (n int); CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
    " INSERT INTO kept VALUES (1); CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON kept FOR EACH ROW EXECUTE FUNCTION refuse();"
    " ALTER TABLE kept ENABLE ALWAYS TRIGGER t",
    "row security": "CREATE TABLE hidden (n int); INSERT INTO hidden VALUES (1); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;"
    " CREATE POLICY none ON hidden USING (false)",
    "views": "CREATE VIEW seen AS SELECT 1 / 0 AS n; CREATE MATERIALIZED VIEW mat AS SELECT 1 AS n WITH NO DATA",
    "partitions": "CREATE TABLE parted (n int) PARTITION BY LIST (n); CREATE TABLE part PARTITION OF parted DEFAULT;"
    " INSERT INTO parted VALUES (1)",
    "inheritance": "CREATE TABLE parent (n int); CREATE TABLE heir (m int) INHERITS (parent); INSERT INTO heir VALUES (1, 2)",
    "constraints": "CREATE TABLE held (n int CHECK (n > 0) NOT NULL, EXCLUDE (n WITH =), m int GENERATED ALWAYS AS IDENTITY)",
    "an unlogged table": "CREATE UNLOGGED TABLE quick (n int); INSERT INTO quick VALUES (1)",
    "a table without columns": "CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES",
    "a sequence at its end": "CREATE SEQUENCE over MAXVALUE 2 START 2; SELECT nextval('over')",
    "storage": "CREATE TABLE odd (t text) WITH (autovacuum_enabled = off, fillfactor = 10); ALTER TABLE odd ALTER t SET STORAGE EXTERNAL",
    "names": 'CREATE SCHEMA "pg"; CREATE TABLE "pg"."a"";DROP TABLE x;--\n示例" ("select" int); CREATE TABLE "public.dots" ("%s" int)',
    "a long name": f'CREATE TABLE "{"x" * 63}" (n int)',
    "values": "CREATE TABLE odds (f float8, t timestamptz, d date); INSERT INTO odds VALUES ('NaN', 'infinity', '-infinity'), ('-0', now(), '0001-01-01 BC')",
    # Of a session, for as long as that lasts.
    "a temporary table": "CREATE TEMPORARY TABLE students (n int)",
    "a prepared statement": "PREPARE mine AS SELECT 1",
    "a cursor": "DECLARE mine CURSOR WITH HOLD FOR SELECT 1",
    "an advisory lock": "SELECT pg_advisory_lock(n) FROM generate_series(1, 9) AS n",
    "notifications": "LISTEN mine; SELECT pg_notify('mine', repeat('x', 7999)) FROM generate_series(1, 9)",
    "a logical message": "SELECT pg_logical_emit_message(false, 'mine', 'x')",
}  # fmt: skip
REFUSED = {
    "an event trigger": "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION refuse()",
    "a foreign server": "CREATE FOREIGN DATA WRAPPER w",
    "a subscription": "CREATE SUBSCRIPTION s CONNECTION 'dbname=postgres' PUBLICATION p WITH (connect = false)",
    "all tables published": "CREATE PUBLICATION everything FOR ALL TABLES",
    "a replication slot": "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
    "a prepared transaction": "BEGIN; CREATE TABLE later (n int); PREPARE TRANSACTION 'mine'",
    "a base type": "CREATE TYPE base; CREATE FUNCTION in_base(cstring) RETURNS base LANGUAGE internal AS 'int4in'",
    "an operator class": "CREATE OPERATOR CLASS mine DEFAULT FOR TYPE int USING btree AS OPERATOR 1 <",
    "a language": "CREATE LANGUAGE mine HANDLER plpgsql_call_handler",
    "an access method": "CREATE ACCESS METHOD mine TYPE INDEX HANDLER bthandler",
    "a tablespace": "CREATE TABLESPACE mine LOCATION '/tmp'",
    "another database": "CREATE DATABASE mine",
    "its database's name": "ALTER DATABASE {database} RENAME TO mine",
    "a security label": "SECURITY LABEL ON SCHEMA public IS 'mine'",
    "a role": "CREATE ROLE mine",
    "the server's settings": "ALTER SYSTEM SET work_mem = '1GB'",
    "others' defaults": "ALTER DEFAULT PRIVILEGES FOR ROLE tenantry GRANT ALL ON TABLES TO PUBLIC",
}  # fmt: skip


def exercise(session: Any, database: str) -> None:
    """All of them, in a session of the tenant's that stays open."""
    for statement in POWERS.values():
        session.execute(statement.replace("{database}", database).encode())
