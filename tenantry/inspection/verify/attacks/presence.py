"""Objects of the stack's record that the live systems must have: a control that is missing holds nothing."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from tenantry.engine.clients.dns_records import records_of
from tenantry.inspection.verify.core.attack import Attack, Attempt, Verdict, broken, inconclusive, passed
from tenantry.inspection.verify.core.context import VerifyContext
from tenantry.inspection.verify.core.declared import Thing
from tenantry.names import Names


def where(thing: Thing) -> str:
    """The path of an object at the API server."""
    base = f"/{'apis' if '/' in thing.version else 'api'}/{thing.version}"
    space = f"/namespaces/{thing.namespace}" if thing.namespace else ""
    return f"{base}{space}/{plural(thing.kind)}/{thing.name}"


def plural(kind: str) -> str:
    """The plural of a kind as the API server writes it in paths."""
    word = kind.lower()
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"


def _present(context: VerifyContext, names: Names) -> Verdict:
    things = context.target.declared.things.get(names.namespace, ())
    if not things:
        return broken("the stack's record holds nothing of it in the cluster")
    return _there(context, things)


def _there(context: VerifyContext, things: Sequence[Thing]) -> Verdict:
    missing: list[str] = []
    for thing in things:
        answer = context.admin.ask("GET", where(thing))
        if answer.status == 404:
            missing.append(f"{thing.kind} {thing.name}")
        elif answer.status != 200:
            return inconclusive(answer.said)
    return broken(f"missing: {', '.join(missing)}") if missing else passed()


def _record(context: VerifyContext, names: Names) -> Verdict:
    """Tells whether the tenant's own record is among those of its name; whose the others are is another question."""
    wanted = context.target.declared.records.get(names.domain)
    if wanted is None:
        return broken(f"the stack's record holds no A record of {names.domain}")
    keys = {
        "ALICLOUD_ACCESS_KEY": context.target.provisioner.identity,
        "ALICLOUD_SECRET_KEY": context.target.provisioner.secret,
        **({"TENANTRY_ALIBABA_PROXY": context.target.proxy} if context.target.proxy else {}),
    }
    same = [record for record in records_of(wanted, keys) if str(record.get("Status")).upper() != "DISABLE"]
    if not same:
        return broken(f"{names.domain} has no A record: nobody reaches it")
    if all(record.get("Value") != wanted.get("value") for record in same):
        values = ", ".join(sorted(str(record.get("Value")) for record in same))
        return broken(f"{names.domain} leads to {values}, not to {wanted.get('value')}")
    return passed()


def _objects(context: VerifyContext) -> Iterator[Attempt]:
    """Objects of each tenant, and of the platform: without its CronJob nobody is backed up."""
    for names in context.with_namespace:
        yield Attempt("", names.code, partial(_present, context, names))
    tenants = {names.namespace for names in context.all}
    shared = [
        thing for space, things in context.target.declared.things.items() if space not in tenants for thing in things
    ]
    if shared:  # a stack of one cell stands on another's platform
        yield Attempt("", "platform", partial(_there, context, shared))


def _each(judge: Callable[[VerifyContext, Names], Verdict]) -> Callable[[VerifyContext], Iterator[Attempt]]:
    return lambda context: (Attempt("", names.code, partial(judge, context, names)) for names in context.with_namespace)


ATTACKS: Final = (
    Attack("present.objects", "what was declared is there", "look for an object that is missing in the cluster",
           _objects),
    Attack("present.record", "what was declared is there", "ask AliDNS for the A record", _each(_record)),
)  # fmt: skip
