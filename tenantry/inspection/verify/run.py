"""`verify`: from a live stack to a report."""

import time
from collections.abc import Collection
from typing import Final

from tenantry.inspection.verify.attacks.kubernetes.network import matrix
from tenantry.inspection.verify.catalogue import ATTACKS
from tenantry.inspection.verify.core.admission_tester import remove_testers
from tenantry.inspection.verify.core.attack import Attack, Result
from tenantry.inspection.verify.core.context import LIMIT_SECONDS, VerifyContext
from tenantry.inspection.verify.core.signals import deferred_sigint
from tenantry.inspection.verify.core.target import VerifyTarget
from tenantry.inspection.verify.report import Report
from tenantry.inspection.verify.runner import Interrupted, Say, run, to_stderr

NETWORK: Final = "network"
GATEWAY: Final = "gateway"


def chosen(only: Collection[str]) -> list[Attack]:
    """By id or by domain; all without any. Raises ValueError for what is neither."""
    known = {attack.id for attack in ATTACKS} | {attack.domain for attack in ATTACKS}
    if unknown := sorted(set(only) - known):
        raise ValueError(f"no such attack: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return [attack for attack in ATTACKS if not only or {attack.id, attack.domain} & set(only)]


def verify(
    target: VerifyTarget,
    tenants: Collection[str] = (),
    only: Collection[str] = (),
    say: Say = to_stderr,
    limit_s: float = LIMIT_SECONDS,
) -> Report:
    """Attacks; `tenants` (all without any) by and against everybody, `only` these attacks or domains.

    Raises ValueError for a tenant or an attack that there is not, or that cannot be tried here. Ctrl-C ends in a
    report that says so.
    """
    if unknown := sorted(set(tenants) - target.tenants.keys()):
        raise ValueError(f"the stack holds no {', '.join(unknown)}; it holds {', '.join(target.tenants)}")
    attacks = chosen(only)
    if target.endpoint is None and all(attack.domain == GATEWAY for attack in attacks):
        raise ValueError(
            "requests are sent in the embedded default alone, where somebody says what arrives: start it with its "
            "gateway (without TENANTRY_GATEWAY=off) and read .local/env again"
        )
    context = VerifyContext(target, frozenset(tenants or target.tenants), limit_s)
    started, interrupted = time.monotonic(), False
    results: list[Result] = []
    try:
        results = run(context, attacks, say, limit_s)
    except Interrupted as stopped:
        results, interrupted = stopped.results, True
    finally:
        with deferred_sigint():  # a second Ctrl-C must not leave what is being removed
            left = _removed(context)
    ways = _matrix(context) if any(attack.domain == NETWORK for attack in attacks) and not interrupted else []
    return Report(results, sorted(context.chosen), time.monotonic() - started, ways, interrupted, left)


def _matrix(context: VerifyContext) -> list[str]:
    try:
        return matrix(context)
    except Exception as error:  # the attempts on the network have failed in the same way, and say why
        return [f"unknown: {type(error).__name__}"]


def _removed(context: VerifyContext) -> list[str]:
    try:
        return remove_testers(context)
    except Exception as error:
        return [f"the attacking user's rights (tenantry-verify-{context.mark}): {type(error).__name__}"]
