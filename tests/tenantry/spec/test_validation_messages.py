"""A field that nobody knows: its fault names those that exist in the very place where it stands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tenantry.parsing.faults import Fault

Faults = Callable[..., tuple[Fault, ...]]


def unknown(faults: tuple[Fault, ...]) -> dict[str, str]:
    return {fault.field: fault.remedy for fault in faults if fault.problem == "is no field here"}


@pytest.mark.parametrize(
    ("file", "entry", "field", "remedy"),
    [
        ("services.yaml", "services: {enrollment: {foo: 1}}", "services.enrollment.foo", "the fields are compute,"),
        ("services.yaml", "services: {enrollment: {ports: 1}}", "services.enrollment.ports", "write `port`"),
        ("services.yaml", "services: {a: {compute: {memry: 1}}}", "services.a.compute.memry", "write `memory`"),
        ("services.yaml", "services: {port: {foo: 1}}", "services.port.foo", "the fields are compute,"),
        ("models.yaml", "models: {qwen-max: {kind: text}}", "models.qwen-max.kind", "are display_name, provider, type"),
    ],
)
def test_below_a_name_that_the_file_chooses(
    write: Callable[..., Path], faults_of: Faults, file: str, entry: str, field: str, remedy: str
) -> None:
    write(file, content=f"{entry}\n")
    assert remedy in unknown(faults_of())[field]


@pytest.mark.parametrize(
    ("awake", "unknown_field", "remedy"),
    [
        ('{from: "06:30", to: "19:00", until: "1"}', "until", "remove it; the fields are from, timezone, to"),
        ('{from_: "06:30", to: "19:00"}', "from_", "write `from` or remove it"),
    ],
)
def test_a_field_is_offered_as_files_write_it(
    write: Callable[..., Path], faults_of: Faults, awake: str, unknown_field: str, remedy: str
) -> None:
    write(sleep=f"{{awake: {awake}}}")
    assert unknown(faults_of()) == {f"sleep.awake.{unknown_field}": remedy}


def test_in_an_entry_of_a_list(write: Callable[..., Path], faults_of: Faults) -> None:
    write(api_keys="[{name: a, scopes: [read], expires_at: 2027-01-01, scope: 1}]")
    assert unknown(faults_of()) == {"api_keys[0].scope": "write `scopes` or remove it"}
