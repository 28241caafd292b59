"""`tenantry admin-password CODE`: how a tenant's administrator signs in for the first time."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.cli.commands.stack.up import JsonOption, operation, refusals
from tenantry.cli.completion import codes
from tenantry.cli.options import CWD, STACK, CwdOption, StackOption
from tenantry.parsing.json_narrowing import mapping

if TYPE_CHECKING:
    from tenantry.engine.run.operations import Operation


def register(app: typer.Typer) -> None:
    app.command("admin-password")(admin_password)


def admin_password(
    code: Annotated[str, typer.Argument(autocompletion=codes, help="The tenant's code, such as k001.")],
    administrator: Annotated[
        str | None,
        typer.Option("--administrator", help="One of `administrators:`, by its id; not given, the tenant's contact."),
    ] = None,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
    cwd: CwdOption = CWD,
) -> None:
    """Print the first password of a tenant's administrator, in clear: for one person's eyes.

    It is of one use, as it must be changed at the first login; afterwards it opens nothing.
    """
    with refusals(as_json):
        from tenantry.database.history.model import Entry
        from tenantry.engine.run.recording import recorded

        run = operation(stack, cwd)
        journal = run.journal("admin-password")
        with recorded(journal):
            account = _administrator(run, code, administrator)
            journal.add(Entry(code, "administrator", "password", str(account["login"]), "read"))
    if as_json:
        typer.echo(json.dumps(account, ensure_ascii=False))
    else:
        typer.echo(f"login     {account['login']}\npassword  {account['password']}")


def _administrator(one: "Operation", code: str, person: str | None) -> dict[str, Any]:
    """From the state, where it lies encrypted and nowhere else."""
    from tenantry.engine.errors import CommandError
    from tenantry.engine.stack.urns import TENANT_TYPE, name_of, type_of

    answer = one.cli.ask("stack", "export", "--stack", one.stack, "--show-secrets")
    if answer.code:
        raise CommandError(
            f"the stack `{one.stack}` cannot be read: {answer.complaint}", "see its state's address and key"
        )
    for resource in json.loads(answer.out)["deployment"].get("resources", []):
        if type_of(resource["urn"]) == TENANT_TYPE and name_of(resource["urn"]) == code:
            account = _of(code, mapping(resource.get("outputs")), person)
            if not account or not account.get("password"):
                whose = f"the administrator {person} of {code}" if person else code
                raise CommandError(
                    f"{whose} has no first password",
                    "its administrator has signed in before, or `tenantry up` has not made one",
                )
            return account
    raise CommandError(f"the stack `{one.stack}` holds no tenant {code}", "`tenantry status` lists those it holds")


def _of(code: str, outputs: Mapping[str, Any], person: str | None) -> dict[str, Any]:
    """The login of the contact, or of one of the further administrators by the id in the tenant's file."""
    if person is None:
        return _plain(outputs.get("administrator"))
    people = _plain(outputs.get("administrators"))
    if person not in people:
        from tenantry.engine.errors import CommandError

        named = f"name one of {', '.join(sorted(people))}" if people else "its contact is the only one"
        raise CommandError(f"{code} has no administrator {person}", f"{named}; `tenantry up` makes those of its file")
    return people[person]


def _plain(secret: Any) -> dict[str, Any]:
    """A secret of the exported state: its value is JSON within."""
    text = mapping(secret).get("plaintext")
    return json.loads(text) if isinstance(text, str) else {}
