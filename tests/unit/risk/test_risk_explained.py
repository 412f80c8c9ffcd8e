"""What is explained is what is in force: every setting, every breaker, and the gate's own word."""

from dataclasses import fields

import pytest

from kalshi_assistant.risk.breakers import BREAKERS
from kalshi_assistant.risk.explained import (
    breakers_explained,
    limits_explained,
    preview,
)
from kalshi_assistant.risk.limits import RiskSettings
from tests.support.risk import BROKER, DIRECT

BANKROLL = 1_000_000_000
PLAIN = RiskSettings()


def test_every_setting_and_every_breaker_is_explained():
    rows = limits_explained(PLAIN, BANKROLL)
    assert [row.name for row in rows] == [spec.name for spec in fields(RiskSettings)]
    assert all(row.about and row.means for row in rows)
    breakers = breakers_explained(PLAIN)
    assert [row.name for row in breakers] == [breaker.name for breaker in BREAKERS]
    assert {row.name for row in breakers if not row.halt} == {
        "losses_in_a_row",
        "errors",
        "stale_data",
    }


def test_limits_are_told_in_dollars_of_the_bankroll():
    told = {row.name: (row.value, row.means) for row in limits_explained(PLAIN, BANKROLL)}
    assert told["max_order_dollars"] == ("20", "$20.00 is 2% of $1000.00")
    assert told["max_drawdown_percent"][1] == "from a peak of $1000.00 down to $800.00"
    assert told["day_loss_ends_with_day"] == ("no", "a person clears it")
    assert told["canary_share"][1] == "orders $2.00, windows $4.00 at most"


def test_the_preview_is_what_the_gate_lets_through():
    full = preview(PLAIN, BANKROLL, DIRECT, canary=False)
    # 0.52c a hundredth: 3846 of them are $19.9992; five of those are $99.996
    assert (full.quantity, full.cost, full.bound_by) == (3_846, 19_999_200, "max_order_dollars")
    assert (full.trades, full.lost) == (5, 99_996_000)
    assert (full.stopped_by, full.pauses) == ("max_day_loss_dollars", 1)
    small = preview(PLAIN, BANKROLL, DIRECT, canary=True)
    assert (small.quantity, small.trades, small.pauses) == (384, 50, 10)


def test_a_broker_s_rounding_halves_the_size():
    assert preview(PLAIN, BANKROLL, BROKER, canary=False).quantity == 2_000


@pytest.mark.parametrize(
    ("settings", "bankroll", "bound_by", "stopped_by"),
    [
        (
            RiskSettings(max_window_dollars=15),
            BANKROLL,
            "max_window_dollars",
            "max_day_loss_dollars",
        ),
        (RiskSettings(max_open_dollars=15), BANKROLL, "max_open_dollars", "max_day_loss_dollars"),
        (RiskSettings(max_day_loss_dollars=9), BANKROLL, "max_day_loss_dollars", None),
        (PLAIN, 15_000_000, "min_cash_dollars", "drawdown"),
        (RiskSettings(max_drawdown_percent=5), BANKROLL, "max_order_dollars", "drawdown"),
        (PLAIN, 4_000_000, "min_cash_dollars", "order"),
    ],
)
def test_the_limit_that_binds_is_named(settings, bankroll, bound_by, stopped_by):
    found = preview(settings, bankroll, DIRECT, canary=False)
    assert found.bound_by == bound_by
    if stopped_by is not None:
        assert found.stopped_by == stopped_by
    assert found.lost <= settings.max_day_loss_dollars * 1_000_000
