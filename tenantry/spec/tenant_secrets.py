"""Checks of the secrets that tenants' files refer to, against the names that a stack's encrypted configuration holds.

Names alone: no value ever comes here. What is wrong with one is said by who may look at it (stacks/tenant_secrets.py).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from tenantry.parsing.faults import Fault
from tenantry.spec.setting_keys import SECRETS, set_secret

if TYPE_CHECKING:
    from tenantry.spec.loader import Source
    from tenantry.spec.tenant import TenantSpec

FILE_SUFFIX: Final = "_FILE"  # of the variable that names the file with the same value
# Variables of the platform, of the system, and those by which language runtimes and loaders are told what to run.
_PLATFORMS: Final = re.compile(
    r"(?:DB|OSS|ALIBABA|ALICLOUD|JWT|REDIS|KUBERNETES|TENANT|TENANTRY|AI|UNIFIED|GATEWAY|ADMIN|CREDENTIALS|SERVICE"
    r"|REQUIRED|LD|GLIBC|NODE|NPM|JAVA|JDK|GIT|SSL|BASH|XDG|LC)_.*|PG[A-Z]*|PYTHON[A-Z]*|RUBY(?:OPT|LIB)|PERL5[A-Z]*"
    r"|GO(?:DEBUG|TRACEBACK|GC)|USER(?:_ID)?|LOGNAME|PORT|HOST|HOSTNAME|PATH|HOME|PWD|SHELL|TERM|LANG|TZ|IFS|ENV"
    r"|TMPDIR|(?:HTTPS?|ALL|NO)_PROXY"
)


@dataclass(frozen=True, slots=True)
class StackSecrets:
    """Secrets for tenants in one stack's configuration."""

    stack: str
    keys: Mapping[str, str]  # CODE.KEY -> what is wrong with its value; nothing where that is fine or not known
    cells: frozenset[str] | None = None  # that the stack holds; None: all of them

    def holds(self, cell: str) -> bool:
        """Tells whether tenants of this cell get their secrets from this stack."""
        return self.cells is None or cell in self.cells

    def unused(self, specs: "Iterable[TenantSpec]") -> Iterator[tuple[str, str, str]]:
        """Full key, what is wrong and what to do, of each secret that no file of these tenants refers to."""
        used = {secret.key for spec in specs if self.holds(spec.cell) for secret in spec.secrets}
        for key in sorted(self.keys.keys() - used):
            refer = f"write from: config:{key} under `secrets:` of {key.partition('.')[0]}.yaml"
            remove = f"`pulumi config rm {SECRETS}:{key} --stack {self.stack}`"
            yield f"{SECRETS}:{key}", "no tenant's file refers to it", f"{refer}, or run {remove}"


def variable(name: str) -> str:
    """The environment variable of a secret's name: wechat-pay-key is WECHAT_PAY_KEY."""
    return name.upper().replace("-", "_")


def secret_faults(
    source: "Source", spec: "TenantSpec", stack: StackSecrets | None, *, is_handed: bool
) -> Iterator[Fault]:
    """`is_handed`: the tenant is in a phase in which it gets its secrets. Without a stack the file alone is checked."""
    for place, secret in enumerate(spec.secrets):
        if (taken := _taken(variable(secret.name))) is not None:
            yield source.fault(("secrets", place, "name"), taken, "choose another name")
        code, _, key = secret.key.partition(".")
        problem = None
        if code != spec.code:
            remedy = f"write config:{spec.code}.{key} and run `{set_secret(f'{spec.code}.{key}', _of(stack))}`"
            problem = (f"refers to a secret of {code}", remedy)
        elif is_handed and stack is not None and stack.holds(spec.cell):
            problem = _wrong_in(stack, secret.key)
        if problem is not None:
            yield source.fault(("secrets", place, "from"), *problem)


def _wrong_in(stack: StackSecrets, key: str) -> tuple[str, str] | None:
    command = f"run `{set_secret(key, stack.stack)}`, which asks for the value"
    if key not in stack.keys:
        code = key.partition(".")[0]
        others = [known for known in stack.keys if known.startswith(f"{code}.")]
        near = get_close_matches(key, others, n=1, cutoff=0.75)
        meant = f", or write config:{near[0]}, which is there" if near else ""
        return f"is not in the configuration of the stack {stack.stack}", command + meant
    problem = stack.keys[key]
    return (f"{SECRETS}:{key} of the stack {stack.stack} {problem}", command) if problem else None


def _of(stack: StackSecrets | None) -> str:
    return stack.stack if stack is not None else "STACK"


def _taken(variable: str) -> str | None:
    if variable.endswith(FILE_SUFFIX):
        return f"would be the variable {variable}, and {FILE_SUFFIX} says where the file of a secret is"
    if _PLATFORMS.fullmatch(variable):
        return f"would be the variable {variable}, which is the platform's or the system's"
    return None
