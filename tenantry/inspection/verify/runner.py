"""Makes the attempts: in parallel, each bounded, and removes what was written however it ends."""

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from tenantry.inspection.verify.core.attack import Attack, Attempt, Result, Verdict, inconclusive
from tenantry.inspection.verify.core.context import LIMIT_SECONDS, VerifyContext
from tenantry.inspection.verify.core.signals import deferred_sigint

WORKERS: Final = 8
NOT_TRIED: Final = "not tried: the time was over"
EVERY_SECONDS: Final = 2.0
GLANCE_SECONDS: Final = 0.05
Say = Callable[[str], None]


def to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def made(attack: Attack, trial: Attempt) -> Result:
    """An attempt that fails in a way nobody expected proves nothing."""
    started = time.monotonic()
    try:
        verdict = trial.run()
    except Exception as error:
        verdict = _failed(error)
    return Result(attack, trial.tenant, trial.target, verdict, time.monotonic() - started)


def _failed(error: Exception) -> Verdict:
    text = str(error).strip()
    return inconclusive(f"{type(error).__name__}: {text.splitlines()[0][:300] if text else 'no words'}")


def prepared(context: VerifyContext, attack: Attack) -> list[Attempt]:
    """Without a single trial where there is nobody to attack: a tenant alone has no neighbours."""
    try:
        return list(attack.trials(context))
    except Exception as error:
        verdict = _failed(error)
        return [Attempt("", "preparing", lambda: verdict)]


def run(
    context: VerifyContext, attacks: Sequence[Attack], say: Say = to_stderr, limit_s: float = LIMIT_SECONDS
) -> list[Result]:
    """All results in the order of the attacks; what has not begun after `limit_s` is unclear.

    After Ctrl-C nothing more is begun, and Interrupted carries those that there are: what runs takes away again what it
    wrote, each within its own time limits.
    """
    started = time.monotonic()
    work: list[tuple[Attack, Attempt]] = []
    with deferred_sigint() as interrupted:
        for attack in attacks:
            work += [(attack, trial) for trial in prepared(context, attack)]
            if interrupted():
                raise Interrupted([])
        say(f"{len(work)} attempts of {len(attacks)} kinds")
        pool = ThreadPoolExecutor(WORKERS)
        futures = [pool.submit(made, attack, trial) for attack, trial in work]
        _watch(futures, started + limit_s, say, interrupted)
        pool.shutdown(wait=True, cancel_futures=True)
        results = [_result(*attempt, future) for attempt, future in zip(work, futures, strict=True)]
        if interrupted():
            raise Interrupted([result for result in results if result.seconds > 0])
    return results


class Interrupted(Exception):
    """Ctrl-C; with what was found until then."""

    def __init__(self, results: list[Result]) -> None:
        super().__init__("interrupted")
        self.results = results


def _watch(futures: Sequence[Future[Result]], until: float, say: Say, interrupted: Callable[[], bool]) -> None:
    """Until all have ended, the time is over, or somebody wants it to end."""
    ended: list[Future[Result]] = []
    for future in futures:
        future.add_done_callback(ended.append)
    reported, bad, started = 0, 0, time.monotonic()
    while reported < len(futures) and not interrupted() and time.monotonic() < until:
        due = min(until, time.monotonic() + EVERY_SECONDS)
        while len(ended) < len(futures) and not interrupted() and time.monotonic() < due:
            time.sleep(GLANCE_SECONDS)
        fresh = ended[reported:]
        reported += len(fresh)
        bad += sum(1 for future in fresh if future.result().verdict.state != "held")
        say(f"[{time.monotonic() - started:4.0f} s] {reported}/{len(futures)} tried, {bad} not held")


def _result(attack: Attack, trial: Attempt, future: Future[Result]) -> Result:
    if future.done() and not future.cancelled():
        return future.result()
    return Result(attack, trial.tenant, trial.target, inconclusive(NOT_TRIED), 0.0)
