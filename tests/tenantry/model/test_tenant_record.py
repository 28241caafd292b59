"""The stack's record of a tenant goes through the engine's outputs and comes back as it was."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.model.previous_run import PreviousRun
from tenantry.model.tenant_record import NAMES, TenantRecord, UnreadableRecordError, tenant_records

TEXT = st.text(min_size=1, max_size=8)
PLANS = st.sampled_from(["basic", "standard"])
GIVEN = st.builds(
    PreviousRun,
    rotations=st.dictionaries(TEXT, st.tuples(st.integers(1, 9), st.dates())),
    plan=PLANS,
    services=st.lists(TEXT).map(tuple),
    scaled=st.booleans(),
) | st.just(PreviousRun())
RECORDS = st.builds(
    TenantRecord,
    phase=TEXT,
    cell=TEXT,
    deletion_seen=st.none() | st.dates(),
    given=GIVEN,
    buried=st.none() | st.text(max_size=8),
    opening=st.booleans(),
    **{name: st.none() | TEXT for name in NAMES},
)


@given(RECORDS)
def test_a_record_comes_back_as_it_was_written(record: TenantRecord) -> None:
    output = json.loads(json.dumps(record.to_output()))
    assert TenantRecord.from_output(output) == record
    assert None not in output.values()


def test_what_another_version_wrote_beside_goes_on() -> None:
    output = {"phase": "active", "cell": "main", "queue": {"vhost": "k001"}}
    assert TenantRecord.from_output(output).to_output() == output


@pytest.mark.parametrize(
    "output",
    [
        ["k001"],
        "k001",
        7,
        {"k001": None},
        {"k001": {"phase": "active"}},
        {"k001": {"cell": "main"}},
        {"k001": {"phase": "active", "cell": "main", "deletionSeen": "soon"}},
        {"k001": {"phase": "active", "cell": "main", "rotations": [["credentials", "x", "2026-10-01"]]}},
        {"k001": {"phase": "active", "cell": "main", "rotations": {"credentials": 2}}},
    ],
)
def test_an_output_of_another_shape_is_refused(output: Any) -> None:
    with pytest.raises(UnreadableRecordError):
        tenant_records(output, TenantRecord)


def test_the_first_run_has_none() -> None:
    assert tenant_records(None, TenantRecord) == {}
    first = TenantRecord("active", "main", date(2026, 10, 1))
    assert tenant_records({"k001": first.to_output()}, TenantRecord) == {"k001": first}
