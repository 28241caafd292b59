"""The model by itself: strict, closed, unchanging. How it words its refusals: test_malformed."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from tenantry.spec.tenant import FEATURE_NAMES, TenantSpec, Tombstone

FIELDS: dict[str, Any] = {
    "code": "k001",
    "name": "示例幼儿园",
    "phone": "13800138001",
    "plan": "basic",
    "status": "active",
    "contact": {"name": "张三", "email": "zhangsan@example.com"},
}


def test_what_a_short_file_leaves_out() -> None:
    spec = TenantSpec.model_validate(FIELDS)
    assert spec.cell == "main"
    assert spec.credentials.rotation == 1
    assert not spec.hibernated
    assert spec.enabled_services == ()
    assert spec.limits.max_users is None
    assert spec.features.model_dump(exclude_none=True) == {}


def test_nothing_changes_afterwards() -> None:
    spec = TenantSpec.model_validate(FIELDS)
    with pytest.raises(ValidationError):
        spec.status = "deleted"  # pyright: ignore[reportAttributeAccessIssue]  (that is the test)


@pytest.mark.parametrize(
    "changes",
    [
        {"hibernated": 1},
        {"hibernated": "true"},
        {"limits": {"max_users": "5"}},
        {"limits": {"max_users": 5.0}},
        {"phone": 13800138001},
        {"credentials": {"rotation": True}},
        {"more": 1},
        {"contact": {"name": "张三", "email": "zhangsan@example.com", "more": 1}},
    ],
)
def test_nothing_is_coerced_and_nothing_unknown_taken(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TenantSpec.model_validate(FIELDS | changes)


def test_a_refusal_does_not_repeat_what_it_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        TenantSpec.model_validate(FIELDS | {"password": "hunter2", "credentials": {"rotation": "hunter2"}})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "deleted", "proof", "fine"),
    [
        ("active", False, False, True),
        ("active", True, False, False),
        ("active", False, True, False),
        ("inactive", True, False, False),
        ("suspended", True, False, False),
        ("deleted", False, False, False),
        ("deleted", True, False, True),
        ("deleted", True, True, False),
        ("purged", False, False, False),
        ("purged", False, True, True),
        ("purged", True, True, True),
    ],
)
def test_status_date_and_proof_agree(status: str, deleted: bool, proof: bool, fine: bool) -> None:
    changes: dict[str, Any] = {"status": status}
    changes |= {"deleted_at": date(2026, 10, 1)} if deleted else {}
    changes |= {"proof": "backup-1"} if proof else {}
    if fine:
        assert TenantSpec.model_validate(FIELDS | changes).status == status
    else:
        with pytest.raises(ValidationError):
            TenantSpec.model_validate(FIELDS | changes)


def test_dates_may_be_quoted() -> None:
    spec = TenantSpec.model_validate(FIELDS | {"expires_at": "2026-10-01"})
    assert spec.expires_at == date(2026, 10, 1)


def test_a_tombstone_needs_only_code_and_proof() -> None:
    tombstone = Tombstone.model_validate({"code": "k001", "status": "purged", "proof": "backup-1"})
    assert tombstone.phone is None
    with pytest.raises(ValidationError):
        Tombstone.model_validate({"code": "k001", "status": "deleted", "proof": "backup-1"})


def test_the_eight_features() -> None:
    assert len(FEATURE_NAMES) == 8
