"""Rows that stand beside the tests of an attack, in tests/tenantry/inspection/verify/attacks: found, not listed.

A module may have TAKEN_AWAY (what is taken away -> attacks of which one must find it, and how) and UNTOUCHED (control
-> why it cannot be taken away alone), as the tables of test_mutations.py.
"""

import importlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
ATTACKS = ROOT / "tests" / "tenantry" / "inspection" / "verify" / "attacks"


def rows(table: str) -> dict[str, Any]:
    """The rows of all tables of this name."""
    files = sorted(ATTACKS.rglob("test_*.py"))
    modules = [importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts)) for file in files]
    return {what: row for module in modules for what, row in getattr(module, table, {}).items()}
