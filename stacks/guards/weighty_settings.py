"""Settings that move or replace data or everybody's workload: a change of one is asked for twice, as destroy is.

What the stack was last brought to stands in its own output, and the next run compares before it makes a single call.
Every key that a stack's configuration can have, those of the foundation's document included
(stacks/guards/weighty_foundation.py), is either weighty or harmless; a test keeps the two lists complete.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pulumi

from components.foundation.settings import FoundationSettings
from stacks.guards import weighty_foundation
from stacks.settings import PROJECT, Settings
from tenantry.engine.stack.stack_file import lines
from tenantry.model.resources.catalogue import SETTINGS
from tenantry.model.resources.stack_settings import IN_PLACE, Weighty, weights
from tenantry.spec.setting_keys import FOUNDATION

ALLOW: Final = "allowChange"
_SERVER: Final = "the tenants' databases are looked for on another server, and what is on this one is not taken along"
_PODS: Final = "every tenant's pods start anew and connect to another server; no data is taken along"
_GATEWAY: Final = "the Gateway is replaced, and every tenant's route with it: nobody is reached meanwhile"

_WEIGHTS: Final = dict(weights(SETTINGS))
_SETTINGS: Final[Mapping[str, str]] = {
    "holds": "what is taken out is removed: the foundation, the platform with its buckets and databases, or a cell",
    "zone": "every tenant's DNS record is replaced and its pods start anew: the addresses that people know end",
    "gatewayAddress": "every tenant's DNS record is updated: all visitors are sent to another address",
    "gatewayNamespace": _GATEWAY,
    "gatewayName": _GATEWAY,
    "gatewayClass": "another controller takes the Gateway over, at an address of its own: nobody is reached meanwhile",
    "gatewayController": "the GatewayClass is replaced: another controller takes over every tenant's requests",
    "databaseHost": _SERVER,
    "databasePort": _SERVER,
    "appDatabaseHost": _PODS,
    "appDatabasePort": _PODS,
    "clusterName": "everything in the cluster is replaced: every namespace is deleted and made anew, with all pods",
    "accountId": "buckets, roles and DNS records are looked for in another account, and every role's trust is updated",
    "systemBucket": "the bucket of the tenants' files is replaced by an empty one; no file is taken along",
    "systemRegion": "the bucket of the tenants' files is looked for in another region, where it is not, and every "
    "tenant's configuration is updated: their pods start anew; no file is taken along",
    "photoBucket": "the bucket of the tenants' photos is replaced by an empty one; no photo is taken along",
    "photoRegion": "the bucket of the tenants' photos is looked for in another region, where it is not; no photo is "
    "taken along",
    "backupBucket": "the bucket of the backups is replaced by an empty one; no backup is taken along",
    "backupRegion": "the bucket of the backups is looked for in another region, where it is not; no backup is taken "
    "along",
    "oidcIssuer": "the identity provider is replaced and every tenant's role updated: no pod reaches its files "
    "meanwhile",
    "oidcProvider": "the identity provider is replaced by one of another name and every tenant's role updated: no pod "
    "reaches its files meanwhile",
    "systemKmsKey": "what is written from now on is encrypted with another key; what was written before needs the old "
    "one, and every tenant's right to it is taken away",
    "photoKmsKey": "photos that are written from now on are encrypted with another key; those written before need the "
    "old one, and every tenant's right to it is taken away",
    "backupKmsKey": "backups are encrypted with another key from now on; those taken before need the old one",
    **{key: weight.consequence for key, weight in _WEIGHTS.items() if isinstance(weight, Weighty)},
}
# Weighty: setting -> what happens when it changes.
WEIGHTY: Final[Mapping[str, str]] = {**_SETTINGS, **weighty_foundation.WEIGHTY}
# Harmless: setting -> why. What changes in place and can be taken back as easily, or is guarded elsewhere.
_ROLLS: Final = "pods are renewed one after the other, as with every release"
_ACCESS: Final = "how something is reached, not what is reached"
HARMLESS: Final[Mapping[str, str]] = {
    "platformStack": "another installation's platform is refused by itself",
    "canary": "the order of runs over several stacks, not what one of them makes",
    "tenants": "a tenant that the new folder has not is refused by itself",
    "today": "refused outside local and test stacks",
    "allowDestroy": "the first of the two times that destroy is asked for",
    ALLOW: "the second time that a change is asked for",
    "image": _ROLLS,
    "registries": IN_PLACE,
    "imageDigest": IN_PLACE,
    "healthPath": _ROLLS,
    "unifiedTenantApiUrl": _ROLLS,
    "adminServiceUrl": _ROLLS,
    "aiBridgeUrl": _ROLLS,
    "gatewayUrl": _ROLLS,
    "redisUrls": _ROLLS,
    "egress": IN_PLACE,
    "gatewayProxyNamespace": IN_PLACE,
    "gatewayTlsSecret": IN_PLACE,
    "gatewayPolicies": IN_PLACE,
    "gatewaySharedLimits": IN_PLACE,
    "keda": IN_PLACE,
    "kedaAccount": IN_PLACE,
    "prometheusUrl": IN_PLACE,
    "databaseUser": _ACCESS,
    "databasePassword": _ACCESS,
    "databaseSslmode": _ACCESS,
    "databaseCa": _ACCESS,
    "databaseSuperuser": _ACCESS,
    "databaseClosedByHba": "opens or closes to PUBLIC what the provisioner may, and the policy pack looks at pg_hba",
    "kubeconfig": _ACCESS,
    "alibabaAccessKey": _ACCESS,
    "alibabaSecretKey": _ACCESS,
    "backupImage": IN_PLACE,
    "backupSchedule": IN_PLACE,
    "backupLimitMinutes": IN_PLACE,
    "oidcAudience": _ROLLS,
    "oidcProviderAdopted": "a provider that was made here is protected: a run that would remove it is refused",
    "oidcFingerprints": IN_PLACE,
    "redisUrl": "refused: a cache is one tenant's own",
    **{key: weight.reason for key, weight in _WEIGHTS.items() if not isinstance(weight, Weighty)},
    **weighty_foundation.HARMLESS,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One weighty setting that is not what the stack was last brought to."""

    name: str
    before: str
    now: str


def values_of(settings: Settings, foundation: FoundationSettings | None = None) -> dict[str, str]:
    """Weighty setting -> its value as text, a list with commas; empty where it is not set.

    `foundation` counts where the stack holds one: of a part that is taken out `holds` itself tells.
    """
    fields = {str(field.alias): name for name, field in Settings.model_fields.items()}
    own = {name: _text(getattr(settings, fields[name])) for name in _SETTINGS}
    return own | (weighty_foundation.values_of(foundation) if FOUNDATION in settings.holds else {})


def changes(now: Mapping[str, str], before: Mapping[str, str]) -> list[Change]:
    """The settings that differ; of a list, only what was taken out counts. A setting that is not remembered has not
    changed.
    """
    return [
        Change(name, before[name], value)
        for name, value in now.items()
        if name in before and _differs(name, before[name], value)
    ]


def recorded_settings(now: Mapping[str, str], before: Mapping[str, str], begun: list[Change]) -> dict[str, str]:
    """The settings to compare with until this run has come to its end: a change that has begun is not done."""
    return {**now, **{change.name: before[change.name] for change in begun}}


def allowed(text: str | None) -> dict[str, str]:
    """Setting -> the value that may be changed to, of `NAME=VALUE` with spaces between several.

    Raises RunError for what is no change of a weighty setting.
    """
    values: dict[str, str] = {}
    for part in (text or "").split():
        name, equals, value = part.partition("=")
        if not equals or name not in WEIGHTY:
            raise pulumi.RunError(
                f"{PROJECT}:{ALLOW}: `{part}` allows nothing: write NAME=VALUE, with NAME one of the settings that "
                "docs/stack-settings.md names"
            )
        values[name] = value
    return values


def refuse_unasked(changed: list[Change], now: Mapping[str, str], allow: str | None, stack: str, root: Path) -> None:
    """Warns of each change. Raises RunError, outside previews, for those that tenantry:allowChange does not name."""
    allowed_values = allowed(allow)
    for change in changed:
        if allowed_values.get(change.name) == change.now:
            pulumi.log.warn(f"as {PROJECT}:{ALLOW} says: {_line(change, stack, root)}")
    changing = {change.name for change in changed}
    for name in sorted(
        name for name, value in allowed_values.items() if name not in changing and now.get(name) == value
    ):
        pulumi.log.warn(
            f"{place_of(ALLOW, stack, root)}: {name} is {now[name]} already: take it out, or the same change passes "
            "another time"
        )
    unasked = [change for change in changed if allowed_values.get(change.name) != change.now]
    if not unasked:
        return
    body = list(_refusal(unasked, allowed_values, stack, root))
    if not pulumi.runtime.is_dry_run():
        raise pulumi.RunError("\n".join(["nothing was changed:", *body]))
    pulumi.log.warn("\n".join(["`up` will refuse this:", *body]))


def _refusal(unasked: list[Change], allowed_values: Mapping[str, str], stack: str, root: Path) -> Iterator[str]:
    for change in unasked:
        yield _line(change, stack, root)
    wanted = {**allowed_values, **{change.name: change.now for change in unasked}}
    entry = " ".join(f"{name}={value}" for name, value in wanted.items())
    back = ", ".join(f"`{change.name}: {change.before}`" for change in unasked)
    yield (
        f"put back {back}; where the change is meant, ask for it a second time and run again: "
        f"`pulumi config set {PROJECT}:{ALLOW} '{entry}' --stack {stack}`"
    )


def _line(change: Change, stack: str, root: Path) -> str:
    return (
        f"{place_of(change.name, stack, root)}: was {change.before or 'not set'}, is {change.now or 'not set'}: "
        f"{WEIGHTY[change.name]}"
    )


def place_of(name: str, stack: str, root: Path) -> str:
    """`FILE:LINE: KEY`, of the stack's own file, else of Pulumi.yaml, whose default counts then.

    Of a field of a document that is not written there, the line of what it would stand below.
    """
    own = root / f"Pulumi.{stack}.yaml"
    parts = name.split(".")
    places = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    written = [key for place in places for key in (f"{PROJECT}:{place}", place)]
    for file, section in ((own, written), (root / "Pulumi.yaml", places)):
        numbers = lines(file) if file.is_file() else {}
        if line := next((numbers[key] for key in section if key in numbers), None):
            return f"{file.name}:{line}: {PROJECT}:{name}"
    return f"{own.name}: {PROJECT}:{name}"


def _differs(name: str, before: str, now: str) -> bool:
    if name == "holds":
        return bool(set(before.split(",")) - set(now.split(",")))
    if name == FOUNDATION:
        return now == ""
    if name in weighty_foundation.ONLY_LESS and before and now:
        return int(now) < int(before)
    return before != now


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ",".join(value) if isinstance(value, tuple) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - any field's value
