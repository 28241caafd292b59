"""Each command of the pages is one that its program takes, with these options."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection
from typer.core import TyperGroup
from typer.main import get_command

from tenantry.cli.app import app
from tenantry.names import ADMIN_DATABASE
from tests.support.monitoring.runbooks import all_commands, pages
from tests.tenantry.database.history.conftest import TemporaryServer

ROOT = Path(__file__).resolve().parents[4]


def parse(words: list[str]) -> None:
    """Raises UsageError, as the program does, for an option or an argument that it does not take."""
    command = get_command(app)
    name, rest = words[0], words[1:]
    context = command.make_context(name, list(rest), resilient_parsing=False)
    while isinstance(command, TyperGroup):
        name, sub, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert sub is not None, words
        command = sub
        context = command.make_context(name, list(rest), parent=context)


@pytest.mark.parametrize("words", all_commands("tenantry"), ids=" ".join)
def test_tenantry_takes_it(words: list[str]) -> None:
    parse(words)


@pytest.mark.parametrize("words", [["tenantry", "usage", "--reach", "9"], ["tenantry", "restor", "k001"]], ids=" ".join)
def test_a_mistake_in_one_would_be_seen(words: list[str]) -> None:
    with pytest.raises(Exception, match=r"[Nn]o such"):
        parse(words)


@pytest.mark.parametrize("words", all_commands("psql"), ids=lambda words: words[-1][:60].strip())
def test_postgresql_takes_the_statement(running: TemporaryServer, admin: Connection, words: list[str]) -> None:
    """In the admin database as it is; what is asked of a tenant's is the same in every database."""
    program, database, option, statement = words
    assert (program, option) == ("psql", "-c")
    with running.connect(database if database == ADMIN_DATABASE else "postgres") as session:
        session.execute(statement.encode())


def test_a_statement_with_a_mistake_would_be_seen(running: TemporaryServer, admin: Connection) -> None:
    with running.connect(ADMIN_DATABASE) as session, pytest.raises(psycopg.errors.UndefinedColumn):
        session.execute(b"SELECT kind_of FROM data_backup_records")


@pytest.mark.built
@pytest.mark.parametrize("program", ["kubectl", "pulumi"])
def test_other_programs_take_the_options(program: str) -> None:
    """With --help at its end a command is parsed and not run."""
    binary = Path(os.environ.get("TENANTRY_BIN", ROOT / ".local" / "built")) / program
    assert binary.exists(), f"{program} is not built: run `make build`"
    refused: list[str] = []
    for words in [*all_commands(program), [program, "get", "pods", "--no-such-option"]]:
        done = subprocess.run([binary, *words[1:], "--help"], capture_output=True, text=True, check=False)
        if done.returncode:
            refused.append(f"{' '.join(words)}: {done.stderr.splitlines()[0]}")
    assert len(refused) == 1, refused
    assert "--no-such-option" in refused[0]


def test_every_page_has_a_command_to_begin_with() -> None:
    assert min(len(page.commands) for page in pages()) >= 2
