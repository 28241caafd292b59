"""The choice of tests of one run, their order and their company: the pytest plugin of this repository.

`@pytest.mark.sampled(N)` on a parametrised test: a run takes N of its rows, others each day; `--exhaustive` takes all.
Hypothesis finds its examples by the same seed, few of them; with `--exhaustive` many, and others in each run.
Tests that share an instance of the embedded default run in one worker, the longest such groups first.
"""

from collections.abc import Generator
from datetime import date
from typing import Any

import pytest
from hypothesis import settings

from tests.support.pytest_plugins.sampling import choose

# Places below tests/ that need built binaries; the first wait most, begin first, and the rest fills their gaps.
BUILT = (
    "e2e/whole", "e2e/test_life", "e2e", "provider/test_engine", "provider/test_database_engine", "local/kubernetes", "local/language_host",
    "components/guardrails", "local/test_go", "local/test_change", "tenantry/watch/alerts",
    "tenantry/watch/dashboards", "tenantry/watch/runbooks",
)  # fmt: skip

FEW_EXAMPLES, MANY_EXAMPLES = 30, 300  # of a test of hypothesis: the seed's, or all new ones


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tenantry")
    group.addoption(
        "--seed", type=int, default=None, help="which sample of the long lists to try; default: the day's number"
    )
    group.addoption("--exhaustive", action="store_true", help="try the long lists whole: every kill, every mutation")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Decided once, for all workers: a run may go on past midnight."""
    if config.option.seed is None:
        config.option.seed = date.today().toordinal()
    examples = MANY_EXAMPLES
    if not config.option.exhaustive:
        examples = FEW_EXAMPLES
        config.option.hypothesis_seed = config.option.hypothesis_seed or str(config.option.seed)
    # Without a deadline: how long an example takes says how busy the machine is.
    settings.register_profile("tests", deadline=None, max_examples=examples)
    settings.load_profile("tests")


def seed_of(config: pytest.Config) -> int | None:
    """The seed of the samples; None where everything is tried."""
    return None if config.option.exhaustive else config.option.seed


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int | None:
    """The seed of the samples; None where everything is tried."""
    return seed_of(pytestconfig)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what the seed does not choose, unless a test was asked for by its own name."""
    is_named = any("::" in argument for argument in config.args) or bool(config.option.keyword)
    left = [] if is_named else _left_out(items, seed_of(config))
    if left:
        config.hook.pytest_deselected(items=left)
    kept = [item for item in items if item not in left]
    for item in kept:
        if _rank(item.nodeid) < len(BUILT):
            item.add_marker("built")
    items[:] = sorted(kept, key=lambda item: _rank(item.nodeid))


def _left_out(items: list[pytest.Item], seed: int | None) -> set[pytest.Item]:
    rows: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("sampled"):
            rows.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left: set[pytest.Item] = set()
    for group in rows.values():
        marker = group[0].get_closest_marker("sampled")
        assert marker is not None
        left |= set(group) - set(choose(group, marker.args[0], seed, lambda item: item.nodeid))
    return left


def _rank(nodeid: str) -> int:
    return next((rank for rank, place in enumerate(BUILT) if nodeid.startswith(f"tests/{place}")), len(BUILT))


def group_of(nodeid: str) -> str:
    """The file, or the folder whose files share an instance or an API server."""
    path = nodeid.partition("::")[0]
    folder, _, _ = path.rpartition("/")
    return (
        folder if folder.startswith(("tests/e2e/", "tests/components/guardrails", "tests/local/kubernetes")) else path
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker takes all tests of a group, in their order; groups in the order of collection."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False
    return ByGroup(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Generator[None]:
    yield
    seed = seed_of(config)
    said = (
        "all of the long lists"
        if seed is None
        else f"the sample of seed {seed}; again with SEED={seed}, all with `make test-all`"
    )
    terminalreporter.write_line(f"tried {said}")
