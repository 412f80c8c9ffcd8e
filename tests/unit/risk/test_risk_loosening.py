"""What no table calls tighter is looser."""

from dataclasses import asdict, dataclass, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.risk.loosening import NO_DIRECTION, TIGHTER, no_looser


def test_every_limit_has_a_direction_or_none_on_purpose():
    names = {each.name for each in fields(RiskSettings)}
    assert names - TIGHTER.keys() - NO_DIRECTION == set()


@dataclass(frozen=True)
class Limits:
    max_order_dollars: float | None = 20.0
    min_cash_dollars: float = 5.0
    day_loss_ends_with_day: bool = False
    small_loss_dollars: float = 0.5
    unheard_of: float = 1.0


def loosened(before, after):
    """The limits in which ``after`` allows more than ``before``."""
    return tuple(
        name
        for name, value in before.items()
        if not no_looser(TIGHTER.get(name), value, after[name])
    )


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, ()),
        ({"max_order_dollars": 19.0}, ()),
        ({"max_order_dollars": 21.0}, ("max_order_dollars",)),
        ({"max_order_dollars": None}, ("max_order_dollars",)),
        ({"max_order_dollars": 20}, ()),
        ({"max_order_dollars": float("nan")}, ("max_order_dollars",)),
        ({"min_cash_dollars": 6.0}, ()),
        ({"min_cash_dollars": 4.0}, ("min_cash_dollars",)),
        ({"day_loss_ends_with_day": True}, ("day_loss_ends_with_day",)),
        ({"small_loss_dollars": 0.4}, ("small_loss_dollars",)),
        ({"unheard_of": 0.5}, ("unheard_of",)),
        ({"max_order_dollars": 10.0, "min_cash_dollars": 1.0}, ("min_cash_dollars",)),
    ],
)
def test_what_is_loosened(changes, found):
    assert loosened(asdict(Limits()), asdict(replace(Limits(), **changes))) == found


def test_a_switch_that_goes_back_to_tight_is_no_loosening():
    assert loosened(asdict(Limits(day_loss_ends_with_day=True)), asdict(Limits())) == ()


@given(st.floats(1, 100), st.floats(1, 100))
def test_two_settings_are_never_both_the_looser(one, other):
    first, second = Limits(max_order_dollars=one), Limits(max_order_dollars=other)
    assert bool(loosened(asdict(first), asdict(second))) is (other > one)
