"""Checks of the stack's own configuration and of the tools on this machine: nothing is asked over the network."""

import json
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from tenantry.inspection.doctor.facts import Facts, Postgresql
from tenantry.inspection.doctor.model import Check, Problem, State

SECRETS: Final = ("databasePassword", "kubeconfig", "alibabaAccessKey", "alibabaSecretKey")
WIDEST: Final = 8  # prefix length, as the policy pack has it


def _set(facts: Facts, key: str, value: str) -> str:
    return f"`pulumi config set tenantry:{key} {value} --stack {facts.stack}`"


def _placeholders(facts: Facts) -> Iterator[Problem]:
    for place in facts.placeholders:
        yield Problem(f"{place} is a placeholder", "write your own value there (docs/production.md)")


def _secrets(facts: Facts) -> Iterator[Problem]:
    if facts.embedded:
        return
    for key in SECRETS:
        if key not in facts.secrets:
            remedy = f"`pulumi config set --secret tenantry:{key} --stack {facts.stack}`"
            yield Problem(f"tenantry:{key} is not set", remedy)


def _regions(facts: Facts) -> Iterator[Problem]:
    own = facts.settings.get("backupRegion", "")
    if own in (facts.settings.get("systemRegion"), facts.settings.get("photoRegion")):
        remedy = _set(facts, "backupRegion", "ANOTHER")
        yield Problem(f"backups lie in {own}, where the tenants' files are: one region's loss takes both", remedy)


def _tls(facts: Facts) -> Iterator[Problem]:
    if facts.embedded:
        yield Problem(
            "PostgreSQL is spoken to in clear: its wheel is built without TLS",
            "nothing to do: only loopback is reached",
            State.NOT_REAL,
        )
        return
    mode = facts.settings.get("databaseSslmode", "")
    if mode != "verify-full":
        yield Problem(f"tenantry:databaseSslmode is {mode}", _set(facts, "databaseSslmode", "verify-full"))
    if not facts.settings.get("databaseCa"):
        remedy = f"`pulumi config set tenantry:databaseCa --stack {facts.stack} < ca.pem`"
        yield Problem("tenantry:databaseCa is not set: tenants' pods have nothing to check the server by", remedy)


def _images(facts: Facts) -> Iterator[Problem]:
    if facts.embedded:
        return
    if facts.settings.get("imageDigest") != "true":
        yield Problem("tenants' images may move: tenantry:imageDigest is off", _set(facts, "imageDigest", "true"))
    for key in ("image", "backupImage"):
        if "@sha256:" not in facts.settings.get(key, ""):
            yield Problem(f"tenantry:{key} names no digest", _set(facts, key, "IMAGE@sha256:DIGEST"))


def _egress(facts: Facts) -> Iterator[Problem]:
    openings = [str(load) for load in json.loads(facts.settings.get("egress") or "[]")]
    database = facts.settings.get("databasePort", "5432")
    for opening in openings:
        where = opening.rpartition(":")[0]
        if "/" in where and ip_network(where, strict=False).prefixlen < WIDEST:
            yield Problem(f"tenants' pods may connect to {opening}", "name a narrower range in tenantry:egress")
    if not facts.embedded and not any(opening.endswith(f":{database}") for opening in openings):
        yield Problem(
            f"tenants' pods reach no port {database}: no application finds its database",
            f"add CIDR:{database} of the database's switches to tenantry:egress",
        )


def _engine(facts: Facts) -> Iterator[Problem]:
    if facts.tools.engine is None:
        yield Problem("there is no `pulumi` on PATH", "`make up` once, or install Pulumi 3 (README)")
    if facts.tools.pack_fault is not None:
        yield Problem(f"the policy pack does not load: {facts.tools.pack_fault}", "`make .venv/.synced`")


def _dump(facts: Facts) -> Iterator[Problem]:
    server = facts.postgresql
    if facts.tools.dump is None:
        remedy = "install the client programs of the server's release; the backups' image has its own"
        yield Problem("there is no `pg_dump` on PATH: no backup or restore from here", remedy, State.WARNING)
    elif isinstance(server, Postgresql) and facts.tools.dump < server.version:
        yield Problem(
            f"`pg_dump` is of release {facts.tools.dump}, the server of {server.version}: it refuses to dump",
            f"install the client programs of release {server.version}",
        )


CHECKS: Final = (
    Check("configuration.placeholders", "no placeholder is left", _placeholders),
    Check("configuration.secrets", "every secret is set", _secrets),
    Check("configuration.regions", "backups lie in another region", _regions),
    Check("configuration.tls", "the database server's certificate is checked", _tls),
    Check("configuration.images", "images are named by digest", _images),
    Check("configuration.egress", "pods reach the database, and no wide range", _egress),
    Check("tools.engine", "the engine and the policy pack are there", _engine),
    Check("tools.dump", "pg_dump is as new as the server", _dump),
)
