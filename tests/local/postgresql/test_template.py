"""The template database: every table that the requirements name, no people, closed, and clones that lack nothing."""

from collections.abc import Generator

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from local.postgresql.baseline import FILES
from local.postgresql.temporary import TemporaryServer
from tenantry.names import TEMPLATE_DATABASE

Session = Connection[TupleRow]

NAMED = """
users roles permissions user_roles role_permissions user_profiles token_blacklist
students parents parent_student_relations classes teachers class_teachers
enrollment_plans enrollment_applications enrollment_quotas enrollment_consultations
enrollment_consultation_followups enrollment_tasks admission_results admission_notifications enrollment_interviews
channel_tracking
activities activity_templates activity_registrations activity_evaluations activity_plans
activity_arrangements activity_resources activity_staff activity_shares activity_posters
marketing_campaigns advertisements channels conversion_tracking coupons referral_codes
referral_relationships referral_rewards
poster_templates poster_elements poster_generations poster_categories personal_posters message_templates
ai_model_config ai_model_usage ai_model_billing ai_conversations ai_messages ai_memories ai_feedback
ai_user_permissions ai_user_relations ai_query_logs ai_query_cache ai_query_templates
system_config system_logs operation_logs notifications schedules todos file_storage kindergartens
page_guides scripts
"""

AREAS = ("expert", "performance", "safety", "approval")

# What describes the product. Everything else is about somebody, or about what somebody did, and starts empty.
DEFAULTS = {
    "activity_templates",
    "approval_workflow_steps",
    "approval_workflows",
    "channels",
    "message_templates",
    "performance_indicators",
    "permissions",
    "poster_categories",
    "role_permissions",
    "roles",
    "system_config",
}

SIGNATURE = """
    SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
        a.attidentity::text, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype::text, '', ''
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '', '', ''
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'routine', proname, '', prosrc, '', '', '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


@pytest.fixture(scope="module")
def clone(server: TemporaryServer) -> Generator[Session]:
    with server.database("rent001", TEMPLATE_DATABASE) as session:
        yield session


def _tables(session: Session) -> set[str]:
    return {str(row[0]) for row in session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def _filled(session: Session) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table in sorted(_tables(session)):
        row = session.execute(f'SELECT count(*) FROM "{table}"'.encode()).fetchone()
        counts[table] = int(row[0]) if row else 0
    return {table: count for table, count in counts.items() if count}


def test_every_required_table_is_there(clone: Session):
    assert set(NAMED.split()) - _tables(clone) == set()


def test_it_has_at_least_85_tables(clone: Session):
    assert len(_tables(clone)) >= 85


@pytest.mark.parametrize("area", AREAS)
def test_the_areas_without_given_names_have_tables(clone: Session, area: str):
    assert len([table for table in _tables(clone) if table.startswith(area)]) >= 3


def test_it_starts_without_people_and_with_defaults(clone: Session):
    assert set(_filled(clone)) == DEFAULTS


def test_no_default_row_holds_a_phone_or_an_address(clone: Session):
    for table in DEFAULTS:
        rows = clone.execute(f"SELECT x::text FROM \"{table}\" x WHERE x::text ~ '1[3-9][0-9]{{9}}|@[a-z]'".encode())
        assert rows.fetchall() == [], table


def test_every_table_has_its_own_number_as_key(clone: Session):
    keyed = clone.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1 "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] "
        "WHERE a.attidentity <> '' AND a.atttypid = 'bigint'::regtype"
    ).fetchall()
    assert {row[0] for row in keyed} == _tables(clone)


def test_every_reference_has_an_index(clone: Session):
    bare = clone.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint c WHERE contype = 'f' AND NOT EXISTS ("
        "SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND "
        "(i.indkey::smallint[])[0:cardinality(c.conkey) - 1] @> c.conkey)"
    ).fetchall()
    assert bare == []


def test_every_row_knows_its_times(clone: Session):
    for column in ("created_at", "updated_at"):
        rows = clone.execute(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = %s "
            "AND data_type = 'timestamp with time zone' AND is_nullable = 'NO' AND column_default = 'now()'",
            [column],
        ).fetchall()
        assert {row[0] for row in rows} == _tables(clone)


def test_an_update_moves_updated_at_alone(clone: Session):
    before = clone.execute("SELECT created_at, updated_at FROM roles WHERE code = 'user'").fetchone()
    after = clone.execute(
        "UPDATE roles SET name = name WHERE code = 'user' RETURNING created_at, updated_at"
    ).fetchone()
    assert before
    assert after
    assert after[0] == before[0]
    assert after[1] > before[1]


def test_rights_grow_from_user_to_administrator(clone: Session):
    rows = clone.execute(
        "SELECT code, count(permission_id) FROM roles JOIN role_permissions ON role_id = roles.id GROUP BY code"
    ).fetchall()
    counts = dict(rows)
    everything = clone.execute("SELECT count(*) FROM permissions").fetchone()
    assert everything == (counts["super_admin"],) == (counts["tenant_admin"],)
    assert 0 < counts["user"] < counts["parent"] < counts["teacher"] < counts["principal"] < counts["tenant_admin"]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("INSERT INTO users (username, password_hash, phone) VALUES ('ab', 'x', '138')", psycopg.errors.CheckViolation),
        ("INSERT INTO roles (code, name) VALUES ('user', 'again')", psycopg.errors.UniqueViolation),
        ("INSERT INTO user_roles (user_id, role_id) VALUES (1, 1)", psycopg.errors.ForeignKeyViolation),
        ("INSERT INTO todos (user_id, title, status) VALUES (1, 'x', 'lost')", psycopg.errors.CheckViolation),
    ],
)
def test_wrong_rows_are_refused(clone: Session, statement: str, error: type[psycopg.Error]):
    with pytest.raises(error):
        clone.execute(statement.encode())


def test_its_version_is_known_to_migrations(clone: Session):
    rows = clone.execute("SELECT version, name, length(checksum) FROM tenantry_platform.schema_migrations").fetchall()
    assert rows == [(0, "baseline", 64)]


def test_not_even_the_administrator_can_connect_to_it(server: TemporaryServer):
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        server.connect(TEMPLATE_DATABASE)


def test_it_is_a_template_without_rights_for_everybody(server: TemporaryServer):
    with server.connect() as session:
        row = session.execute(
            "SELECT datistemplate, datallowconn, coalesce(array_to_string(datacl, ' '), 'default') FROM pg_database "
            "WHERE datname = %s",
            [TEMPLATE_DATABASE],
        ).fetchone()
    assert row
    assert row[:2] == (True, False)
    assert not [grant for grant in str(row[2]).split() if grant.startswith("=") or grant == "default"]


def test_nobody_gets_at_the_tables_of_a_clone_by_default(server: TemporaryServer, clone: Session):
    with server.connect() as session:
        session.execute("CREATE ROLE stranger LOGIN PASSWORD 'x'")
    try:
        with clone.transaction():
            clone.execute("SET LOCAL ROLE stranger")
            with pytest.raises(psycopg.errors.InsufficientPrivilege), clone.transaction():
                clone.execute("SELECT 1 FROM public.roles")
            with pytest.raises(psycopg.errors.InsufficientPrivilege), clone.transaction():
                clone.execute("CREATE TABLE public.own (id integer)")
    finally:
        with server.connect() as session:
            session.execute("DROP ROLE stranger")


def test_a_clone_lacks_nothing_that_the_files_make(server: TemporaryServer):
    with server.database("from_files") as loaded, loaded.transaction():
        for path in sorted(FILES.glob("*.sql")):
            loaded.execute(path.read_bytes())
        expected, rows = set(loaded.execute(SIGNATURE.encode()).fetchall()), _filled(loaded)
    with server.database("untouched", TEMPLATE_DATABASE) as session:
        assert set(session.execute(SIGNATURE.encode()).fetchall()) == expected
        assert _filled(session) == rows
