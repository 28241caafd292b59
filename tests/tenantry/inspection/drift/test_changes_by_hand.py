"""The changes that the end-to-end test makes by hand: enough of them, in every system and of every class."""

from collections import Counter

from tests.support.drift.changes import ACCESS, CHANGES, DATA, HARMLESS, ISOLATION, LIMIT, PERSON

LEAST = 25


def test_every_system_and_class_is_among_them() -> None:
    assert len(CHANGES) >= LEAST
    assert Counter(change.system for change in CHANGES.values()).keys() == {
        "PostgreSQL",
        "Kubernetes",
        "RAM",
        "OSS",
        "DNS",
    }
    assert {change.kind for change in CHANGES.values()} == {DATA, ISOLATION, ACCESS, LIMIT, HARMLESS}


def test_what_a_person_decides_can_be_undone_by_the_test() -> None:
    """Or `drift` would not be clean in the end."""
    assert [name for name, change in CHANGES.items() if (change.mending == PERSON) != (change.undo is not None)] == []
