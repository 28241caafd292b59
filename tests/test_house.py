"""The source keeps to the bounds of the house: entries of a level, first words of docstrings, loop variables."""

import ast

from bench.house import CROWDED, MOST_ENTRIES, Figures, faults, figures, levels, rooms

NONE = Figures(docstrings=100, clauses=0, loops=10, loops_over_one=0)
FULL = dict.fromkeys(CROWDED, MOST_ENTRIES + 1)
SOURCE = '''"""What is counted."""
for one in (1, 2):
    print([one for thing in (one,) for one, other in ((thing, one),)])
def plain(told, more):
    """Counts."""
    found = [called for called in more]
    print(found, more.mine)
    async def inner():
        """`Whose` it is."""
        async for one in anything: pass
'''


def test_the_figures_count_clause_words_and_loops() -> None:
    counted = figures([ast.parse(SOURCE)])
    assert (counted.docstrings, counted.clauses) == (3, 2)
    assert (counted.loops, counted.loops_over_one) == (5, 3)
    assert round(counted.clause_share) == 67
    assert counted.private_names == 3


def test_the_source_keeps_to_its_bounds() -> None:
    """The message says what to do; `python -m bench.house --clauses` lists the docstrings."""
    assert list(faults(levels(), rooms())) == []


def test_a_level_counts_what_lies_on_it_alone() -> None:
    counted = levels()
    assert counted["bench"] >= 5
    assert counted["docs/decisions"] > 40
    assert counted["tests/support"] <= MOST_ENTRIES
    assert not any(".venv" in folder for folder in counted)


def test_what_is_beyond_is_told() -> None:
    assert list(faults(FULL, {"a": NONE})) == []
    assert "b/ has 16 entries" in next(faults({**FULL, "b": 16}, {"a": NONE}))
    assert "docs/ is not crowded any more" in next(faults({**FULL, "docs": 15}, {"a": NONE}))
    assert "6 of 200 docstrings" not in str(list(faults(FULL, {"a": NONE, "b": Figures(100, 6, 1, 0)})))
    assert "7 of 200 docstrings" in next(faults(FULL, {"a": NONE, "b": Figures(100, 7, 1, 0)}))
    assert list(faults(FULL, {"tests": Figures(100, 0, 1, 0, 99), "a": Figures(100, 0, 1, 0, 10)})) == []
    assert "11 names are called, found" in next(faults(FULL, {"a": Figures(100, 0, 1, 0, 11)}))
    assert "b/ has 1 loops over `one`" in next(faults(FULL, {"b": Figures(100, 0, 1, 1)}))
