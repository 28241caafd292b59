"""Six requests to be rehearsed, each a change of a repository: what people fear of a request, one of each kind."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

Edit = Callable[[Path], None]

NEW: Final = """\
code: k023
name: 晨光幼儿园
phone: "13800138123"
plan: standard
status: active
cell: main
contact: {name: 张老师, email: zhang@example.com}
"""
NO_EMPTY_MAIL: Final = "ALTER TABLE parents ALTER COLUMN email SET NOT NULL;\n"


def replace(name: str, *pairs: str) -> Edit:
    """`pairs`: a text that is in the file once, and the one that takes its place, and so on."""

    def edit(root: Path) -> None:
        file = root / name
        text = file.read_text(encoding="utf-8")
        for old, new in zip(pairs[::2], pairs[1::2], strict=True):
            assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}"
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")

    return edit


def write(name: str, text: str) -> Edit:
    def edit(root: Path) -> None:
        (root / name).write_text(text, encoding="utf-8")

    return edit


REQUESTS: Final[Mapping[str, Edit]] = {
    "new-tenant": write("tenants/k023.yaml", NEW),
    "plan-change": replace("tenants/k002.yaml", "plan: basic", "plan: standard"),
    # Only tenants whose parents have no mail address are in its way.
    "migration-fails": write("provider/migrations/template/0001_parents_mail.sql", NO_EMPTY_MAIL),
    # What a database was born with differs, and nothing says any more that this is to be left alone.
    "database-replaced": replace(
        "components/parts/database.py",
        'ignore_changes=[*IMMUTABLE_AFTER_CREATE, "allowConnections"]',
        'ignore_changes=["allowConnections"]',
        "template=args.template,\n            connection_limit",
        'template=args.template,\n            lc_collate="C",\n            connection_limit',
    ),
    "wall-loosened": replace(
        "components/manifests/network_policy.py",
        'return {"podSelector": {}, "policyTypes": list(BOTH_WAYS)}',
        'return {"podSelector": {}, "policyTypes": ["Ingress"]}',
    ),
    # To the engine another name is another resource: the same attachment is made, and then the "old" one removed.
    "renamed-resource": replace("components/parts/storage.py", 'f"{name}-attachment"', 'f"{name}-policy-attachment"'),
}
