"""Everything that has an owner belongs to the database's owner: over all catalogs of the server that name a role."""

import pytest

from provider.systems.connections import Connections
from tests.provider.conftest import State

OWNER, LOGINS = "clone", ["clone_a", "clone_b"]
DECLARED = {"database": "clone", "owner": OWNER, "logins": LOGINS, "statementTimeout": 30, "idleTimeout": 60}

# The column that names the owner -> what a migration of the template makes (as the provisioner, a superuser here), how
# a refresh calls it, and what only its owner may do.
MADE: dict[str, list[tuple[str, str, str]]] = {
    "pg_namespace.nspowner": [("CREATE SCHEMA extra", "schema extra", "ALTER SCHEMA extra RENAME TO extra_2")],
    "pg_class.relowner": [
        ("CREATE TABLE public.plain (n serial)", "table public.plain", "ALTER TABLE public.plain ADD m int"),
        (
            "CREATE TABLE public.split (n int) PARTITION BY LIST (n);"
            " CREATE TABLE public.split_1 PARTITION OF public.split FOR VALUES IN (1)",
            "table public.split",
            "ALTER TABLE public.split ADD m int",
        ),
        ("", "table public.split_1", "ALTER TABLE public.split DETACH PARTITION public.split_1"),
        ("CREATE SEQUENCE public.alone", "table public.alone", "ALTER SEQUENCE public.alone CYCLE"),
        ('CREATE VIEW public."odd V" AS SELECT 1', 'table public."odd V"', 'DROP VIEW public."odd V"'),
        ("CREATE MATERIALIZED VIEW public.kept AS SELECT 1", "table public.kept", "REFRESH MATERIALIZED VIEW kept"),
    ],
    "pg_type.typowner": [
        ("CREATE TYPE public.mood AS ENUM ('a')", "type public.mood", "ALTER TYPE public.mood ADD VALUE 'b'"),
        ("CREATE DOMAIN public.small AS int", "type public.small", "ALTER DOMAIN public.small SET DEFAULT 1"),
        ("CREATE TYPE public.pair AS (a int)", "type public.pair", "ALTER TYPE public.pair ADD ATTRIBUTE b int"),
        ("CREATE TYPE public.span AS RANGE (SUBTYPE = int)", "type public.span", "DROP TYPE public.span"),
    ],
    "pg_proc.proowner": [
        (
            'CREATE FUNCTION public."odd F"(int, VARIADIC text[]) RETURNS int LANGUAGE sql AS $$SELECT 1$$',
            'routine public."odd F"(integer,pg_catalog.text[])',
            'ALTER FUNCTION public."odd F" COST 7',
        ),
        (
            "CREATE PROCEDURE public.did() LANGUAGE sql AS $$SELECT 1$$",
            "routine public.did()",
            "DROP PROCEDURE public.did()",
        ),
        (
            "CREATE AGGREGATE public.total(int) (SFUNC = int4pl, STYPE = int)",
            "routine public.total(integer)",
            "DROP AGGREGATE public.total(int)",
        ),
        (
            "CREATE AGGREGATE public.every_row(*) (SFUNC = int8inc, STYPE = int8, INITCOND = 0)",
            "routine public.every_row()",
            "DROP AGGREGATE public.every_row(*)",
        ),
        (
            "CREATE AGGREGATE public.middle(float8 ORDER BY anyelement)"
            " (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA)",
            "routine public.middle(double precision,pg_catalog.anyelement)",
            "DROP AGGREGATE public.middle(float8 ORDER BY anyelement)",
        ),
    ],
    "pg_operator.oprowner": [
        (
            "CREATE OPERATOR public.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
            "operator public.===(integer,integer)",
            "ALTER OPERATOR public.===(int, int) SET (RESTRICT = eqsel)",
        ),
        (
            "CREATE OPERATOR public.!!! (RIGHTARG = int, FUNCTION = int4abs)",
            "operator public.!!!(NONE,integer)",
            "DROP OPERATOR public.!!!(NONE, int)",
        ),
    ],
    "pg_opclass.opcowner": [
        (
            "CREATE OPERATOR CLASS public.bare FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int)",
            "operator class public.bare USING hash",
            "ALTER OPERATOR CLASS public.bare USING hash RENAME TO bare_2",
        )
    ],
    "pg_opfamily.opfowner": [
        ("", "operator family public.bare USING hash", "ALTER OPERATOR FAMILY public.bare USING hash RENAME TO bare_3")
    ],
    "pg_collation.collowner": [
        ('CREATE COLLATION public.plain FROM "C"', "collation public.plain", "DROP COLLATION public.plain")
    ],
    "pg_conversion.conowner": [
        (
            "CREATE CONVERSION public.own FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
            "conversion public.own",
            "DROP CONVERSION public.own",
        )
    ],
    "pg_statistic_ext.stxowner": [
        (
            "CREATE STATISTICS public.st (dependencies) ON kindergarten_id, class_id FROM public.students",
            "statistics public.st",
            "ALTER STATISTICS public.st SET STATISTICS 100",
        )
    ],
    "pg_ts_dict.dictowner": [
        (
            "CREATE TEXT SEARCH DICTIONARY public.words (TEMPLATE = simple)",
            "text search dictionary public.words",
            "ALTER TEXT SEARCH DICTIONARY public.words (accept = false)",
        )
    ],
    "pg_ts_config.cfgowner": [
        (
            "CREATE TEXT SEARCH CONFIGURATION public.search (PARSER = default)",
            "text search configuration public.search",
            "ALTER TEXT SEARCH CONFIGURATION public.search ADD MAPPING FOR word WITH simple",
        )
    ],
    "pg_largeobject_metadata.lomowner": [
        ("SELECT lo_create(4711)", "large object 4711", "COMMENT ON LARGE OBJECT 4711 IS 'mine'")
    ],
    "pg_language.lanowner": [
        (
            "CREATE LANGUAGE own HANDLER pg_catalog.plpgsql_call_handler",
            "language own",
            "ALTER LANGUAGE own RENAME TO own_2",
        )
    ],
    "pg_foreign_server.srvowner": [
        (
            "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing",
            "server far",
            "ALTER SERVER far VERSION '2'",
        )
    ],
    "pg_publication.pubowner": [
        ("CREATE PUBLICATION news FOR TABLE public.students", "publication news", "ALTER PUBLICATION news RENAME TO n")
    ],
}
# What a migration may make besides: nobody else may own it, or it belongs to nobody.
KEPT = [
    "CREATE EXTENSION vector",
    "CREATE EVENT TRIGGER quiet ON ddl_command_end EXECUTE FUNCTION public.watched()",
    "CREATE PUBLICATION everything FOR ALL TABLES",
    "CREATE PUBLICATION of_a_schema FOR TABLES IN SCHEMA public",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO clone_a",
    "CREATE USER MAPPING FOR clone SERVER far",
]
OTHERWISE = {
    "pg_database.datdba": "looked at by itself (test_clone_rights.py)",
    "pg_extension.extowner": "PostgreSQL has no ALTER EXTENSION ... OWNER TO",
    "pg_foreign_data_wrapper.fdwowner": "only a superuser may own one",
    "pg_event_trigger.evtowner": "only a superuser may own one",
    "pg_subscription.subowner": "of the whole server; CREATE DATABASE copies none",
    "pg_tablespace.spcowner": "of the whole server",
    "pg_default_acl.defaclrole": "what a role's new objects get; REASSIGN OWNED leaves it as well",
    "pg_user_mapping.umuser": "for whom it is, not whose; REASSIGN OWNED leaves it as well",
    "pg_db_role_setting.setrole": "whose setting it is (test_clone_rights.py)",
    "pg_policy.polroles": "to whom it applies",
    "pg_auth_members.roleid": "a membership",
    "pg_auth_members.member": "a membership",
    "pg_auth_members.grantor": "a membership",
}
REFERRING = """
SELECT fktable::text || '.' || array_to_string(fkcols, ',') FROM pg_get_catalog_foreign_keys()
WHERE pktable = 'pg_authid'::regclass
"""


def test_every_catalog_that_names_a_role_is_looked_at_or_has_its_reason(admin) -> None:
    named = {column for (column,) in admin.execute(REFERRING)}
    assert named == MADE.keys() | OTHERWISE.keys()


@pytest.fixture
def migrated(server, clone: str) -> str:
    """With one of each kind, as a clone of a template that has been migrated has them."""
    with server.connect(clone) as session:
        session.execute(b"CREATE FUNCTION public.watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")
        session.execute(b"ALTER FUNCTION public.watched() OWNER TO clone")
        for statement in [made for rows in MADE.values() for made, _, _ in rows if made] + KEPT:
            session.execute(statement.encode())
    return clone


def test_each_kind_is_told_and_given_to_the_owner_who_then_alters_it(plugin, settings, migrated: str) -> None:
    rows = [row for rows in MADE.values() for row in rows]
    cloned = State(migrated, {**DECLARED, "drift": []}, DECLARED)
    told = set(plugin.read("CloneRights", cloned).outputs["drift"])
    assert {f"{name} does not belong to clone" for _, name, _ in rows} - told == set()
    made = plugin.create("CloneRights", DECLARED)
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    with Connections(settings()).as_owner(migrated) as session:  # as a migration does
        for _, _, alteration in rows:
            with session.transaction(force_rollback=True):
                session.execute(alteration.encode())


def test_what_goes_with_something_else_is_no_drift(plugin, server, clone: str) -> None:
    made = plugin.create("CloneRights", DECLARED)
    with server.connect(clone) as session:
        session.execute(
            "SET ROLE clone; CREATE TYPE public.span AS RANGE (SUBTYPE = int, MULTIRANGE_TYPE_NAME = spans);"
            " CREATE TABLE public.mine (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial, note text, at span);"
            " CREATE TYPE public.mood AS ENUM ('a')"
        )
    assert plugin.read("CloneRights", made).outputs["drift"] == []


def test_a_range_type_of_the_template_is_the_owners_and_no_drift_afterwards(plugin, server, clone: str) -> None:
    with server.connect(clone) as session:
        session.execute("CREATE TYPE public.span AS RANGE (SUBTYPE = int); CREATE EXTENSION vector")
    made = plugin.create("CloneRights", DECLARED)
    assert plugin.read("CloneRights", made).outputs["drift"] == []
    with server.connect(clone) as session:
        session.execute("SET ROLE clone; ALTER TYPE public.span RENAME TO span_2; DROP TYPE public.span_2")
