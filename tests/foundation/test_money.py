"""Money: whole minor units, exact arithmetic, and the locale's own spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.money import Money, total
from foundation.refusals import Invalid


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**4))
def test_a_share_is_rounded_half_away_from_zero(amount: int, basis_points: int) -> None:
    share = Money(amount, "CNY").times(basis_points, 10000).amount
    assert abs(share * 10000 - amount * basis_points) * 2 <= 10000
    assert Money(-amount, "CNY").times(basis_points, 10000).amount == -share


def test_floats_and_mixed_currencies_are_refused() -> None:
    with pytest.raises(Invalid):
        Money(1.5, "CNY")  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        Money(1, "cny")
    with pytest.raises(Invalid):
        Money(1, "CNY") + Money(1, "EUR")


def test_each_currency_has_its_own_exponent() -> None:
    assert Money(123456, "CNY").text("zh_CN") == "¥1,234.56"
    assert Money(-5, "CNY").text("zh_CN") == "-¥0.05"
    assert Money(1234, "JPY").text("en").endswith("1,234")
    assert Money(1234, "KWD").text("en").endswith("1.234")


def test_a_total_of_nothing_is_zero() -> None:
    assert total([], "CNY") == Money(0, "CNY")
    assert total([Money(1, "CNY"), Money(2, "CNY")], "CNY") == Money(3, "CNY")
