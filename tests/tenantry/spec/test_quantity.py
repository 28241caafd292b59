"""Amounts are read whole or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.spec.quantity import bytes_of, format_bytes, millicores_of


@pytest.mark.parametrize(("text", "amount"), [("1Mi", 2**20), ("50Gi", 50 * 2**30), ("2Ti", 2**41)])
def test_bytes(text: str, amount: int) -> None:
    assert bytes_of(text) == amount


@pytest.mark.parametrize(
    "text", ["", "50", "50G", "50GiB", "0Gi", "-1Gi", "1.5Gi", "５０Gi", "50Gi\n", "1 Gi", "1234567Gi"]
)
def test_what_is_no_amount_of_bytes(text: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        bytes_of(text)


@pytest.mark.parametrize(("text", "amount"), [("500m", 500), ("1000m", 1000), ("2", 2000)])
def test_cpu(text: str, amount: int) -> None:
    assert millicores_of(text) == amount


@pytest.mark.parametrize("text", ["", "0", "0m", "0.5", "1 m", "m", "１", "1\n"])
def test_what_is_no_amount_of_cpu(text: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        millicores_of(text)


@given(st.integers(1, 999_999), st.sampled_from(["Mi", "Gi", "Ti"]))
def test_written_amounts_read_back(number: int, unit: str) -> None:
    amount = bytes_of(f"{number}{unit}")
    assert bytes_of(format_bytes(amount)) == amount


def test_odd_amounts_are_written_in_bytes() -> None:
    assert format_bytes(2**20 + 1) == "1048577 bytes"
    assert format_bytes(0) == "0 bytes"
