"""Examples that `--help` shows below each command's options."""

from collections.abc import Mapping
from typing import Final

import typer

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "new": (
        "tenantry new",
        "tenantry new --name 晨光幼儿园 --phone 13800138023 --plan standard --contact 张老师 --email a@example.com",
    ),
    "validate": (
        "tenantry validate",
        "tenantry validate --base origin/main",
        "tenantry validate --base origin/main --format github",
        "tenantry validate --base origin/main --usage usage.json",
    ),
    "list": (
        "tenantry list",
        "tenantry list --plan premium --phase suspended",
        "tenantry list --cell main --json",
        "tenantry list --label region=south",
    ),
    "show": ("tenantry show k001", "tenantry show k001 --applied --stack prod", "tenantry show k001 --json"),
    "plan diff": ("tenantry plan diff", "tenantry plan diff --against origin/main"),
    "up": (
        "tenantry up",
        "tenantry up --stack prod --refresh",
        "tenantry up --stack prod --approved prod.json",
        "tenantry up --stack prod --all-stacks --wave 8",
    ),
    "preview": (
        "tenantry preview",
        "tenantry preview --stack prod --refresh",
        "tenantry preview --stack prod --base origin/main --format json",
    ),
    "affected": (
        "tenantry affected --base origin/main",
        "tenantry affected --base origin/main --stack prod --matrix",
        'tenantry affected --base auto --stacks \'["prod", "prod-c01"]\' --format github',
    ),
    "report render": (
        "tenantry report render prod-c01.json prod-c02.json",
        "tenantry report render prod.json --format text",
    ),
    "report post": ("tenantry report post prod-c01.json prod-c02.json", "tenantry report post prod.json --number 17"),
    "report drift": ("tenantry report drift drift-*.json", "tenantry report drift drift.json --forge gitlab"),
    "report compare": (
        "tenantry report compare approved.json now.json",
        "tenantry report compare 17.json 18.json now.json",
    ),
    "report approved": ("tenantry report approved --stack prod --since auto --output approved",),
    "report collect": ("tenantry report collect --number 17 --head COMMIT --output reports",),
    "report due": ("tenantry report due --stack prod --output due.json",),
    "drift": (
        "tenantry drift",
        "tenantry drift --stack prod-c01 --format json",
        "tenantry drift --stack prod-c01 --repair",
    ),
    "rehearse": (
        "tenantry rehearse --base origin/main",
        "tenantry rehearse --base origin/main --stack prod --format json",
        "tenantry rehearse --base origin/main --tenant k007 --keep",
    ),
    "status": ("tenantry status", "tenantry status --stack prod --json"),
    "history": (
        "tenantry history",
        "tenantry history k001 --since 30d --changes",
        "tenantry history --since 2026-11-01 --json",
    ),
    "overview": ("tenantry overview --html fleet.html", "tenantry overview --html fleet.html --stack prod"),
    "usage": (
        "tenantry usage",
        "tenantry usage k001",
        "tenantry usage --reached 90",
        "tenantry usage --measure --json",
    ),
    "exporter": ("tenantry exporter --once", "tenantry exporter --stack prod --host :: --port 9794"),
    "destroy": ("tenantry destroy --stack local --yes-destroy local",),
    "migrate": ("tenantry migrate --list", "tenantry migrate --only k001", "tenantry migrate --wave 20 --pause 60"),
    "admin-password": ("tenantry admin-password k001", "tenantry admin-password k001 --administrator deputy"),
    "backup": ("tenantry backup", "tenantry backup k001 k002", "tenantry backup k001 --list"),
    "restore": (
        "tenantry restore k009 --from k009-20261101T000000Z-0123456789abcdef",
        "tenantry restore k009 --from k009-20261101T000000Z-0123456789abcdef --as k030",
    ),
    "purge": ("tenantry purge --within 7d", "tenantry purge --dry-run", "tenantry purge k009 --commit"),
    "doctor": ("tenantry doctor --stack prod", "tenantry doctor --stack prod --all", "tenantry doctor --json"),
    "verify": ("tenantry verify", "tenantry verify k003 --only storage", "tenantry verify --list"),
}


def add_examples(app: typer.Typer, above: str = "") -> None:
    """Give every registered command its examples. A command without any is a KeyError, so that none is forgotten."""
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        lines = EXAMPLES[f"{above}{name}"]
        command.epilog = "\n\n".join(("Example:" if len(lines) == 1 else "Examples:", *lines))
    for group in app.registered_groups:
        if group.typer_instance is not None:
            name = group.typer_instance.info.name
            add_examples(group.typer_instance, f"{above}{name} ")
