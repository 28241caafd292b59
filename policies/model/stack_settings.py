"""The stack's own configuration, in the words of the rules: their only source on the installation.

The engine hands the configuration to the pack as it does to the program. Said once more in the pack's own settings, it
would part from the stack's sooner or later, and every remedy would then name the wrong cause.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tenantry.names import TENANTS_FOLDER

ROOT: Final = Path(__file__).resolve().parents[2]
NAMESPACE: Final = "tenantry"
Configuration = Mapping[str, str]  # setting -> its value as text; lists and truths in JSON


def _same(name: str) -> Callable[[Configuration], Any]:
    return lambda config: config.get(name)


def _buckets(config: Configuration) -> Any:
    named = [config.get("systemBucket"), config.get("photoBucket")]
    return named if all(named) else None


def _keys(config: Configuration) -> Any:
    """The keys that encrypt the tenants' buckets, as RAM names them."""
    account = config.get("accountId")
    return [
        f"acs:kms:{config.get(f'{bucket}Region')}:{account}:key/{key}"
        for bucket in ("system", "photo", "backup")
        if account and (key := config.get(f"{bucket}KmsKey"))
    ]


def _gateway(config: Configuration) -> Any:
    namespace, name = config.get("gatewayNamespace"), config.get("gatewayName")
    return f"{namespace}/{name}" if namespace and name else None


def _truth(name: str) -> Callable[[Configuration], Any]:
    return lambda config: _read(config[name]) if config.get(name) else None


# Policy -> property -> how it follows from the configuration. These are no settings of the pack.
FACTS: Final[Mapping[str, Mapping[str, Callable[[Configuration], Any]]]] = {
    "storage": {
        "buckets": _buckets,
        "account": _same("accountId"),
        "issuer": _same("oidcIssuer"),
        "audience": _same("oidcAudience"),
        "provider": _same("oidcProvider"),
        "keys": _keys,
    },
    "dns": {"zone": _same("zone"), "gateway": _gateway},
    "network": {
        "gatewayProxyNamespace": lambda config: config.get("gatewayProxyNamespace") or config.get("gatewayNamespace"),
        "monitoringNamespace": _same("monitoringNamespace"),
    },
    "together": {"gatewayLimits": _truth("gatewayPolicies")},
}
# The same of what the pack may be told besides, to hold the stack's configuration itself against it.
BOUNDS: Final[Mapping[str, Mapping[str, Callable[[Configuration], Any]]]] = {
    "workload": {"digest": _truth("imageDigest")},
}


def of_engine(config: Mapping[str, str]) -> dict[str, str]:
    """The stack's settings out of all that the engine hands over."""
    return {
        key.removeprefix(f"{NAMESPACE}:"): value for key, value in config.items() if key.startswith(f"{NAMESPACE}:")
    }


def settled(policy: str, given: Mapping[str, Any], config: Configuration) -> dict[str, Any]:
    """The settings of one policy: bounds as the pack was told, else as the stack says; facts as the stack says."""
    bounds = {name: derive(config) for name, derive in BOUNDS.get(policy, {}).items()}
    facts = {name: derive(config) for name, derive in FACTS.get(policy, {}).items()}
    known = {name: value for name, value in given.items() if name not in facts}
    return _present(bounds) | known | _present(facts)


def tenants(config: Configuration, root: Path = ROOT) -> Path:
    """The folder of the stack's tenants."""
    return root / (config.get("tenants") or TENANTS_FOLDER)


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _read(written: str) -> bool | None:
    try:
        value = json.loads(written.lower())
    except ValueError:
        return None
    return value if isinstance(value, bool) else None
