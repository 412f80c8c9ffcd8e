"""Each limit refuses what is beyond it and nothing that is on it, naming both numbers."""

from fractions import Fraction

import pytest

from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.risk.breakers import Breakers
from kalshi_assistant.risk.exposure import Exposure
from kalshi_assistant.risk.gate import approve
from kalshi_assistant.risk.limits import (
    ENTRY,
    EXIT,
    FIRST,
    RiskSettings,
    dollars,
    share,
)
from tests.support.risk import CLOSE, NOON, entry, exit_order, look, take_profit

SETTINGS = RiskSettings(
    max_order_dollars=10,
    max_window_dollars=12,
    max_open_dollars=15,
    max_day_loss_dollars=30,
    min_cash_dollars=5,
)
COST = 5_200_000
"""What 10 contracts at 50c can cost: 0.52c a hundredth, the fee of each rounded up."""
HELD = {"position": 1_000, "window": Exposure(-5_000_000, 5_000_000)}


def answer(order, seen, now=NOON, settings=SETTINGS):
    found = approve(order, seen, Breakers(settings), settings, now)
    return None if isinstance(found, Approved) else (found.name, found.reason)


def name(order, seen, now=NOON, settings=SETTINGS):
    return (answer(order, seen, now, settings) or (None,))[0]


@pytest.mark.parametrize("order", [entry(), exit_order(1), take_profit(1)])
def test_a_price_that_the_market_does_not_take_is_refused_by_name(order):
    held = look(on_grid=False, **HELD)
    assert answer(order, held)[0] == "off_grid"
    assert "no step of the market's price grid" in answer(order, held)[1]


def test_the_order_of_the_checks_is_fixed():
    assert [each for each, _ in (*FIRST, *ENTRY)] == [
        "order",
        "not_armed",
        "off_grid",
        "market_closed",
        "fees_unknown",
        "min_cash_dollars",
        "collar_cents",
        "max_orders_per_minute",
        "max_order_dollars",
        "max_window_dollars",
        "max_open_dollars",
        "group_contracts_per_dollar",
        "max_day_loss_dollars",
        "max_drawdown_percent",
    ]
    assert [each for each, _ in EXIT] == [
        "market_closed",
        "max_orders_per_minute",
        "more_than_held",
        "more_risk",
    ]


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"window": Exposure(0, 12_000_000 - COST)}, None),
        ({"window": Exposure(0, 12_000_001 - COST)}, "max_window_dollars"),
        ({"window": Exposure(12_000_000, 0)}, None),
        ({"window_realized": COST - 12_000_000}, None),
        ({"window_realized": COST - 12_000_001}, "max_window_dollars"),
        ({"window_realized": 9_000_000}, None),
        ({"others_worst": 15_000_000 - COST}, None),
        ({"others_worst": 15_000_001 - COST}, "max_open_dollars"),
        ({"day_realized": COST - 30_000_000}, None),
        ({"day_realized": COST - 30_000_001}, "max_day_loss_dollars"),
        ({"day_pnl": -29_999_999}, None),
        ({"day_pnl": -30_000_000}, "max_day_loss_dollars"),
        ({"equity": 800_000_001}, None),
        ({"equity": 800_000_000}, "max_drawdown_percent"),
        ({"cash": COST + 5_000_000}, None),
        ({"cash": COST + 4_999_999}, "min_cash_dollars"),
        ({"reserved": 995_000_000 - COST}, None),
        ({"reserved": 995_000_001 - COST}, "min_cash_dollars"),
        ({"orders_last_minute": 19}, None),
        ({"orders_last_minute": 20}, "max_orders_per_minute"),
        ({"best": 4_700}, None),
        ({"best": 4_699}, "collar_cents"),
        ({"best": None}, "collar_cents"),
        ({"charges": None}, "fees_unknown"),
        ({"close_time": NOON + 1}, None),
        ({"close_time": NOON}, "market_closed"),
    ],
)
def test_an_entry_on_a_limit_passes_and_beyond_it_does_not(change, refused):
    assert name(entry(), look(**change)) == refused


def test_an_order_s_own_limit():
    assert name(entry(quantity=1_923), look()) is None
    assert name(entry(quantity=1_924), look()) == "max_order_dollars"


def test_reasons_name_the_setting_and_both_numbers():
    assert answer(entry(quantity=1_924), look()) == (
        "max_order_dollars",
        "the order could cost $10.0048, more than risk.max_order_dollars = $10.00",
    )
    assert answer(entry(), look(cash=6_000_000))[1] == (
        "the order could cost $5.20, and $1.00 is free: $6.00 in cash less $0.00 for open orders "
        "less risk.min_cash_dollars = $5.00"
    )
    assert answer(entry(), look(best=4_000))[1] == (
        "the limit 50c is worse than the best price 40c by more than risk.collar_cents = 3"
    )


@pytest.mark.parametrize(("limit", "quantity"), [(0, 100), (10_000, 100), (5_000, 0), (5_000, -1)])
def test_an_order_without_sense_is_refused(limit, quantity):
    assert name(entry(BID, limit, quantity), look()) == "order"


def test_an_exit_must_be_capped_by_the_venue_too():
    assert name(entry(ASK, purpose="exit"), look(**HELD)) == "order"
    resting = entry(ASK, purpose="exit", reduce_only=True, time_in_force="good_till_canceled")
    assert name(resting, look(**HELD)) == "order"


@pytest.mark.parametrize("make", [exit_order, take_profit])
@pytest.mark.parametrize(
    ("side", "quantity", "change", "refused"),
    [
        (ASK, 1_000, {}, None),
        (ASK, 1_001, {}, "more_than_held"),
        (ASK, 600, {"leaving": 400}, None),
        (ASK, 601, {"leaving": 400}, "more_than_held"),
        (ASK, 1, {"leaving": 1_400}, "more_than_held"),
        (BID, 1, {}, "more_than_held"),
        (BID, 1_000, {"position": -1_000, "window": Exposure(5_000_000, -5_000_000)}, None),
        (ASK, 1_000, {"position": -1_000}, "more_than_held"),
        (ASK, 1, {"position": 0}, "more_than_held"),
        (ASK, 1_000, {"window": Exposure(3_000_000, 5_000_000)}, "more_risk"),
        (ASK, 1_000, {"orders_last_minute": 39}, None),
        (ASK, 1_000, {"orders_last_minute": 40}, "max_orders_per_minute"),
        (ASK, 1_000, {"close_time": NOON}, "market_closed"),
    ],
)
def test_an_exit_is_capped_at_what_is_held_and_not_on_its_way(
    make, side, quantity, change, refused
):
    assert name(make(side, quantity=quantity), look(**HELD | change)) == refused


def test_an_exit_leaves_where_no_entry_would():
    seen = look(
        **HELD,
        best=None,
        charges=None,
        others_worst=10**12,
        day_pnl=-(10**12),
        day_realized=-(10**12),
        equity=1,
        cash=0,
        window_realized=-(10**12),
        good_windows=0,
    )
    assert name(exit_order(ASK), seen) is None
    assert name(entry(), seen) == "fees_unknown"


# --- the canary ---


def test_the_canary_makes_size_and_limits_a_tenth():
    young, grown = look(good_windows=19), look(good_windows=20)
    assert share(young.good_windows, SETTINGS) == Fraction(1, 10)
    assert share(grown.good_windows, SETTINGS) == 1
    assert name(entry(quantity=192), young) is None
    assert answer(entry(quantity=193), young) == (
        "max_order_dollars",
        (
            "the order could cost $1.0036, more than risk.max_order_dollars = $10.00 "
            "(in the canary $1.00)"
        ),
    )
    tight = look(good_windows=0, window=Exposure(0, 1_200_000 - 520_000))
    assert name(entry(quantity=100), tight) is None
    assert name(entry(quantity=101), tight) == "max_window_dollars"


def test_no_canary_where_none_is_wanted():
    assert share(0, RiskSettings(canary_windows=0)) == 1


def test_a_settled_market_is_not_open():
    assert name(exit_order(ASK), look(**HELD), now=CLOSE) == "market_closed"


def test_negative_amounts_keep_their_sign_before_the_dollar():
    assert (dollars(-1_237_500), dollars(0)) == ("-$1.2375", "$0.00")
