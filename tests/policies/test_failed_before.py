"""Inputs of a resource behind one that failed: the engine drops every input that comes from there.

It still shows the rest to the provider's Check and to the policy pack before it leaves the resource out. What the one
or the other objects to then ends the run of all tenants, and names the wrong cause.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2

from provider.provider import StepsProvider
from provider.server import faults
from tests.policies.conftest import (
    ENVIRONMENT,
    SECRET,
    SERVICES,
    SIGNATURE,
    TODAY,
    UNKNOWN,
    Wires,
    recorded,
    rules_broken,
)

PASSWORD = "random:index/randomPassword:RandomPassword"
_known: dict[str, Wires] = {}


@pytest.fixture
def failing(record, secret_type, monkeypatch, tmp_path) -> Callable[[str], Wires]:
    """The program over four tenants, where the engine answers that every resource has failed but those of a type."""
    real = MockMonitor.RegisterResource

    def program(spared: str) -> Wires:
        def fails(self: MockMonitor, request: Any) -> Any:
            answer = real(self, request)
            if request.custom and not request.type.startswith("pulumi:") and request.type != spared:
                answer.result = resource_pb2.Result.FAIL
            return answer

        if spared not in _known:
            for name, value in ENVIRONMENT.items():
                monkeypatch.setenv(name, value)
            monkeypatch.setattr(MockMonitor, "RegisterResource", fails)
            egress = ["tenantry-platform:4001", "10.0.0.5/32:5432"]
            changes = {"today": TODAY.isoformat(), "egress": egress, "databaseCa": "-----BEGIN CERTIFICATE-----"}
            _known[spared] = recorded(record, secret_type, tmp_path, changes, services=SERVICES)
        return dict(_known[spared])

    return program


@pytest.fixture
def failed(failing) -> Wires:
    return failing("")


def dropped(value: Any) -> Any:
    """The inputs that the engine hands on in an update: without what is not known, in mappings and in lists."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return {**value, "value": dropped(value["value"])}
        return {key: dropped(inner) for key, inner in value.items() if not _is_unknown(inner)}
    if isinstance(value, list):
        return [dropped(entry) for entry in value if not _is_unknown(entry)]
    return value


def _is_unknown(value: Any) -> bool:
    return value == UNKNOWN or (isinstance(value, dict) and value.get("value") == UNKNOWN)


def missing(before: Any, after: Any, path: str = "") -> Iterator[str]:
    if isinstance(before, dict):
        yield from (f"{path}.{key}" for key in before.keys() - after.keys())
        for key in after:
            yield from missing(before[key], after[key], f"{path}.{key}")
    elif isinstance(before, list):
        if len(before) != len(after):
            yield path
        else:
            for old, new in zip(before, after, strict=True):
                yield from missing(old, new, path)


@pytest.fixture
def handed_on(failed: Wires) -> Wires:
    return {name: replace(wire, props=dropped(wire.props)) for name, wire in failed.items()}


# Kind and place: secrets that are made by a resource of their own, and known by nobody without it.
MAY_BE_MISSING = (
    "CloneRights .passwords",
    "Role .password",
    "Secret .data.*",
    "TenantRow .settings.tokens.*.sha256",
)


def test_only_secrets_are_taken_from_other_resources(failed: Wires, handed_on: Wires) -> None:
    places = {
        f"{wire.type.rpartition(':')[2]} {path}"
        for name, wire in failed.items()
        for path in missing(wire.props, handed_on[name].props)
    }
    assert places
    assert [place for place in sorted(places) if not any(fnmatchcase(place, known) for known in MAY_BE_MISSING)] == []


def test_a_secret_that_was_made_is_known_whatever_failed_after_it(failing) -> None:
    """One with nothing in it the engine calls a "malformed RPC secret", of a resource that is as it should be."""
    wires = failing(PASSWORD)
    assert {wire.urn: place for wire in wires.values() for place in missing(wire.props, dropped(wire.props))} == {}


def test_no_policy_is_broken_by_what_is_missing(handed_on: Wires) -> None:
    assert [str(violation) for violation in rules_broken(handed_on).broken] == []


def test_our_own_provider_takes_it_too(handed_on: Wires) -> None:
    ours = [wire for wire in handed_on.values() if wire.type.startswith("tenantry:index:")]
    assert len(ours) > 10
    for wire in ours:
        given = struct_pb2.Struct()
        given.update({key: value for key, value in wire.props.items() if value is not None})
        resource = StepsProvider().resource(wire.urn)
        assert [f"{wire.urn}: {fault.property} {fault.reason}" for fault in faults(resource, given.fields)] == []
