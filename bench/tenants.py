"""Tenant files, as many as a measurement needs, all alike but for names."""

from pathlib import Path

import yaml

FIRST = 101
PLANS = ("basic", "standard", "premium", "enterprise")


def declare(folder: Path, numbers: range) -> list[str]:
    """Writes a file a number into the tenants' folder; returns the codes."""
    codes: list[str] = []
    for number in numbers:
        code = f"k{number:03}"
        spec = {
            "code": code,
            "name": f"测量幼儿园 {number}",
            "phone": f"139{number:08}",
            "plan": PLANS[number % 3],
            "status": "active",
            "contact": {"name": "园长办公室", "email": f"office@{code}.example.com"},
        }
        (folder / f"{code}.yaml").write_text(yaml.safe_dump(spec, allow_unicode=True, sort_keys=False))
        codes.append(code)
    return codes


def clear(folder: Path) -> None:
    """Leaves only the plans and services."""
    for file in folder.glob("k*.yaml"):
        file.unlink()
