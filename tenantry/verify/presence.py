"""What the stack's record holds of a tenant and the live systems must have: what is missing holds nothing."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from tenantry.engine.alidns import records_of
from tenantry.names import Names
from tenantry.verify.declared import Thing
from tenantry.verify.field import Field
from tenantry.verify.model import Attack, Trial, Verdict, broken, held, unclear


def where(thing: Thing) -> str:
    """The path of an object at the API server."""
    base = f"/{'apis' if '/' in thing.version else 'api'}/{thing.version}"
    space = f"/namespaces/{thing.namespace}" if thing.namespace else ""
    return f"{base}{space}/{plural(thing.kind)}/{thing.name}"


def plural(kind: str) -> str:
    """As the API server writes a kind in paths."""
    word = kind.lower()
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"


def _present(field: Field, names: Names) -> Verdict:
    things = field.at.declared.things.get(names.namespace, ())
    if not things:
        return broken("the stack's record holds nothing of it in the cluster")
    return _there(field, things)


def _there(field: Field, things: Sequence[Thing]) -> Verdict:
    missing: list[str] = []
    for thing in things:
        answer = field.admin.ask("GET", where(thing))
        if answer.status == 404:
            missing.append(f"{thing.kind} {thing.name}")
        elif answer.status != 200:
            return unclear(answer.said)
    return broken(f"missing: {', '.join(missing)}") if missing else held()


def _record(field: Field, names: Names) -> Verdict:
    """Whether the tenant's own record is among those of its name; whose the others are is another question."""
    wanted = field.at.declared.records.get(names.domain)
    if wanted is None:
        return broken(f"the stack's record holds no A record of {names.domain}")
    keys = {
        "ALICLOUD_ACCESS_KEY": field.at.provisioner.identity,
        "ALICLOUD_SECRET_KEY": field.at.provisioner.secret,
        **({"TENANTRY_ALIBABA_PROXY": field.at.proxy} if field.at.proxy else {}),
    }
    same = [one for one in records_of(wanted, keys) if str(one.get("Status")).upper() != "DISABLE"]
    if not same:
        return broken(f"{names.domain} has no A record: nobody reaches it")
    if all(one.get("Value") != wanted.get("value") for one in same):
        values = ", ".join(sorted(str(one.get("Value")) for one in same))
        return broken(f"{names.domain} leads to {values}, not to {wanted.get('value')}")
    return held()


def _objects(field: Field) -> Iterator[Trial]:
    """Of each tenant, and of what all share: without its CronJob nobody is backed up."""
    for names in field.spaces:
        yield Trial("", names.code, partial(_present, field, names))
    tenants = {names.namespace for names in field.all}
    shared = [one for space, things in field.at.declared.things.items() if space not in tenants for one in things]
    if shared:  # a stack of one cell stands on another's platform
        yield Trial("", "platform", partial(_there, field, shared))


def _each(judge: Callable[[Field, Names], Verdict]) -> Callable[[Field], Iterator[Trial]]:
    return lambda field: (Trial("", names.code, partial(judge, field, names)) for names in field.spaces)


ATTACKS: Final = (
    Attack("present.objects", "what was declared is there", "look for an object that is missing in the cluster",
           _objects),
    Attack("present.record", "what was declared is there", "ask AliDNS for the A record", _each(_record)),
)  # fmt: skip
