"""Commands that are pasted from the pages at 3 in the morning run: each that only looks, on a living instance.

First of its folder: the tenants are there, and nothing is wrong with them yet.
"""

from typing import Any

from local.instances.throwaway import World
from tests.support.monitoring.runbooks import all_commands

# Commands that only look: first words, and options without which they do more. `drift`, `verify` and `doctor` have tests
# of their own; a preview is in each; `plan diff` needs a git checkout.
LOOKS: dict[tuple[str, ...], str] = {
    ("backup",): "--list",
    ("exporter",): "--once",
    ("history",): "",
    ("list",): "",
    ("migrate",): "--list",
    ("purge",): "--within",
    ("show",): "",
    ("status",): "",
    ("validate",): "",
}
NO_BACKUP = "no backup of k001 is on record"  # as it is: nobody has taken one yet
NOWHERE = ("certificates,certificaterequests,orders,challenges", "wildcard-tls")  # of cert-manager, which is not there
RUNNERS = ("logs", "rollout", "delete")  # pods of the embedded default run no program; the others change something


def of_local(words: list[str]) -> list[str]:
    return ["local" if word.startswith("prod") else word for word in words]


def looks(words: list[str]) -> bool:
    return any(tuple(words[1 : 1 + len(head)]) == head and option in [*words, ""] for head, option in LOOKS.items())


def test_commands_that_look_run(world: World, life: Any) -> None:
    commands = [of_local(words) for words in all_commands("tenantry") if looks(words)]
    assert len(commands) > 12
    refused: list[str] = []
    for words in commands:
        done = world.run(*words, ok=None)
        if done.returncode and NO_BACKUP not in done.stderr:
            refused.append(f"{' '.join(words)}: {done.returncode} {done.stdout[-300:]}{done.stderr[-300:]}")
    assert refused == []


def test_kubectl_finds_what_the_pages_name(world: World, life: Any) -> None:
    commands = [words for words in all_commands("kubectl") if words[1] not in RUNNERS and not set(NOWHERE) & set(words)]
    assert len(commands) > 8
    refused = [" ".join(words) for words in commands if world.run(*words, ok=None).returncode]
    assert refused == []


def test_statements_of_the_pages_run_in_the_databases_that_they_name(world: World, life: Any) -> None:
    commands = [words for words in all_commands("psql") if "pg_terminate_backend" not in words[-1]]
    refused = [words[-1] for words in commands if world.run(*words, ok=None).returncode]
    assert refused == []


def test_the_alerts_and_dashboards_are_in_the_cluster(world: World, life: Any) -> None:
    document = world.kubectl("get", "prometheusrule", "tenantry", "-n", "tenantry-platform")
    assert {entry["alert"] for entry in document["spec"]["groups"][0]["rules"] if "alert" in entry} >= {
        "TenantQuotaUsed"
    }
    maps = world.kubectl("get", "configmaps", "-n", "tenantry-platform", "-l", "grafana_dashboard=1")
    assert len(maps["items"]) == 3
