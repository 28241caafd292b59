"""Changes made by hand in every system, all at once: each is found and rightly classified, and what is safe is mended.

One look for all of them; then one repair, after which nothing is left but what is a person's to decide, and no row and
no object has changed.
"""

import json
from typing import Any, Final

import pytest

from local.instances.throwaway import World
from tests.e2e.conftest import Life
from tests.support.drift.by_hand import sql
from tests.support.drift.changes import CHANGES, DATA, PERSON, findings, matches
from tests.support.drift.systems import systems

OWNED: Final = """
ALTER TABLE mine OWNER TO rent001;
DO 'BEGIN EXECUTE (SELECT string_agg(format($q$ALTER LARGE OBJECT %s OWNER TO rent001$q$, oid), $q$;$q$)
    FROM pg_largeobject_metadata); END'
"""


def look(world: World, *options: str) -> tuple[int, Any]:
    done = world.run("tenantry", "drift", "--stack", "local", "--format", "json", *options, ok=None)
    assert done.stdout.startswith("{"), done.stderr
    print(done.stderr)  # shown where a test fails
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def changed(life: Life) -> tuple[Any, int, Any]:
    """The data before, and what one look finds once all is changed."""
    sql(OWNED, life.database)(life)  # the test's rows were written by the administrator
    code, document = look(life.world)
    assert (code, findings(document), document["unseen"]) == (0, [], []), "nothing has been changed yet"
    before = life.data(), systems(life)
    for change in CHANGES.values():
        change.do(life)
    return before, *look(life.world)


def test_nothing_but_what_was_changed_is_found(changed: tuple[Any, int, Any]) -> None:
    _, code, document = changed
    assert (code, document["worst"], document["unseen"]) == (7, DATA, [])
    # Said twice, of whom it is done to and of whom it is a member; of the database, and of its limit.
    expected = ("roles", "connectionLimit 60 -> 500")
    others = [
        f"{finding['tenant']} {finding['subject']}: {finding['said']}"
        for finding in findings(document)
        if not any(matches(change, finding) for change in CHANGES.values())
        and not any(words in finding["said"] for words in expected)
    ]
    assert others == []


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_found_and_classified(changed: tuple[Any, int, Any], name: str) -> None:
    change, document = CHANGES[name], changed[2]
    findings_ = [finding for finding in findings(document) if matches(change, finding)]
    assert [(finding["class"], finding["mending"]) for finding in findings_] == [(change.kind, change.mending)], (
        document
    )


def test_a_repair_leaves_what_a_person_decides_and_no_data_changes(changed: tuple[Any, int, Any], life: Life) -> None:
    code, document = look(life.world, "--repair")
    left = findings(document)
    wanted = {name for name, change in CHANGES.items() if change.mending == PERSON}
    assert {name for name in wanted if any(matches(CHANGES[name], finding) for finding in left)} == wanted
    assert [finding for finding in left if finding["mending"] != PERSON] == []
    assert (code, len(left)) == (7, len(wanted))
    assert len(document["mended"]) >= len(CHANGES) - len(wanted)
    assert life.data() == changed[0][0]
    assert life.may_log_in()


def test_then_nothing_is_left(changed: tuple[Any, int, Any], life: Life) -> None:
    for change in CHANGES.values():
        if change.undo is not None:
            change.undo(life)
    code, document = look(life.world)
    assert (code, findings(document), document["unseen"]) == (0, [], [])
    assert systems(life) == changed[0][1], "clean is what the systems are, and not only the record"
    said = life.world.run("tenantry", "status", "--stack", "local").stdout
    assert "drift" not in said, "it was looked at a moment ago"
    sql("DROP ROLE by_hand")(life)
