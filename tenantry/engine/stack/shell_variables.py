"""Variables of a shell that decide which systems a command with a stack talks to: docs/decisions/0026.

Libraries, plugins and the engine read many by themselves, beside all that they are told. What is not listed here, such
as PGSSLROOTCERT, HTTPS_PROXY, PULUMI_BACKEND_URL or the passphrase, is this machine's own and stays.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import Final

from tenantry.engine.stack.embedded import counts

# What the program reads where the environment's systems are the stack's: stacks/config.py,
# local/instances/environment.py.
READ: Final = frozenset(
    {
        *("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGSSLMODE"),
        *("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_SECURITY_TOKEN", "ALICLOUD_ACCOUNT_ID"),
        *("KUBECONFIG", "TENANTRY_ALIBABA_PROXY"),
    }
)
# libpq's: an address beside the host's name, a service, a password file, settings of the session (PGTZ).
_LIBPQ: Final = re.compile(r"PG(?!SSL)[A-Z_]+")
# Of the plugins: another account, profile, region or endpoint; a cluster whose resources count as gone.
_PLUGINS: Final = re.compile(
    r"ALICLOUD_\w+|ALIBABA_?CLOUD_\w+|(?:OSS|RAM|STS|IMS|ALIDNS|DNS|LOCATION)_ENDPOINT|TF_ENDPOINT_PATH|PULUMI_K8S_\w+",
    re.IGNORECASE,
)
# Of the engine: PULUMI_OPTION_TARGET and its like are options of every command line; other plugins, another key. The
# last says which tenants a preview leaves out (tenantry.engine.stack.environment), for the run itself to say.
_ENGINE: Final = re.compile(
    r"PULUMI_OPTION_\w+|PULUMI_STACK|PULUMI_CONFIG|PULUMI_DEBUG_(?:PROVIDERS|LANGUAGES)|PULUMI_CLOUD_SECRET_OVERRIDE"
    r"|PULUMI_SKIP_CHECKPOINTS|PULUMI_RUN_PROGRAM|PULUMI_CONTINUE_ON_ERROR|TENANTRY_LEAVE_OUT"
)


def leads_elsewhere(name: str) -> bool:
    """Tells whether a variable of this name may change what is talked to, or what a command does there."""
    return name in READ or any(pattern.fullmatch(name) for pattern in (_LIBPQ, _PLUGINS, _ENGINE))


def without_others(environment: Mapping[str, str], stack: str) -> dict[str, str]:
    """The environment without what names the systems of others, and without what nobody reads but libraries."""
    read = READ if counts(environment, stack) else frozenset[str]()
    return {name: value for name, value in environment.items() if name in read or not leads_elsewhere(name)}


def forget_libpq(environment: MutableMapping[str, str]) -> None:
    """Takes out what libpq would go by in this process: our sessions say all of it themselves."""
    for name in [name for name in environment if _LIBPQ.fullmatch(name) and name not in READ]:
        del environment[name]
