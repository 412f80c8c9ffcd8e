"""How many contracts: examples worked by hand, and the settings that do not fit together."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.domain.units import MONEY_SCALE
from kalshi_assistant.quant.sizing import kelly, lower_bound, scale
from kalshi_assistant.strategy.edge import Pricing, edge_at, offers, take
from kalshi_assistant.strategy.sizing import Means, SizingSettings, risk_of, size

FREE = Pricing("yes", 0.60001, 0.0, 0.0, 0.0, 0.0, 0, 100)
"""No fee, no allowance, no doubt."""
RICH = Means(1_000 * MONEY_SCALE, 1_000 * MONEY_SCALE, 0)
WIDE = {"kelly_fraction": 1.0, "max_risk_dollars": 1_000, "max_exposure_dollars": 10_000}


def settings(**changes):
    return SizingSettings(**{"min_edge_dollars": 0.0, "target_edge_dollars": 0.001, **changes})


def bought(result):
    return result.edge.quantity / 100


def test_kelly_of_a_coin_that_comes_up_six_times_in_ten():
    assert kelly(0.6, 0.5) == pytest.approx(0.2)
    assert kelly(0.5, 0.6) == 0.0
    assert kelly(0.99, 1.0) == 0.0
    assert lower_bound(0.6, 0.05, 2.0) == pytest.approx(0.5)


def test_the_scale_rises_in_a_straight_line():
    assert [scale(edge, 0.02, 0.06, 0.5) for edge in (0.01, 0.02, 0.04, 0.06, 0.5)] == [
        0.0,
        0.5,
        0.75,
        1.0,
        1.0,
    ]


def test_full_kelly_stakes_a_fifth_of_the_bankroll():
    found = size(settings(**WIDE), FREE, ((5_000, 100_000),), 0.03, RICH)
    assert bought(found) == 400
    assert dict(found.evidence)["kelly_dollars"] == pytest.approx(200.0, rel=1e-3)


def test_a_fraction_and_a_doubt_make_it_smaller():
    quarter = size(settings(**WIDE | {"kelly_fraction": 0.25}), FREE, ((5_000, 100_000),), 0, RICH)
    assert bought(quarter) == 100
    doubted = size(settings(**WIDE), replace(FREE, deviation=0.05), ((5_000, 100_000),), 0, RICH)
    assert bought(doubted) == 200


def test_each_bound_holds():
    book = ((5_000, 100_000),)
    assert bought(size(settings(**WIDE | {"max_risk_dollars": 10}), FREE, book, 0, RICH)) == 20
    near = Means(1_000 * MONEY_SCALE, 1_000 * MONEY_SCALE, 9_990 * MONEY_SCALE)
    assert bought(size(settings(**WIDE), FREE, book, 0, near)) == 20
    poor = Means(1_000 * MONEY_SCALE, 3 * MONEY_SCALE, 0)
    assert bought(size(settings(**WIDE), FREE, book, 0, poor)) == 6
    assert bought(size(settings(**WIDE), FREE, ((5_000, 700),), 0, RICH)) == 7
    assert bought(size(settings(**WIDE, max_contracts=9), FREE, book, 0, RICH)) == 9
    canary = Means(1_000 * MONEY_SCALE, 1_000 * MONEY_SCALE, 0, share=0.1)
    assert bought(size(settings(**WIDE), FREE, book, 0, canary)) == 40


def test_the_net_edge_holds_at_the_size_bought():
    """Ten at 50c leave 10c each; with a second ten at 56c it is 7c on average."""
    book = ((5_000, 1_000), (5_600, 1_000))
    assert bought(size(settings(**WIDE), FREE, book, 0.10, RICH)) == 10
    found = size(settings(**WIDE), FREE, book, 0.075, RICH)
    assert bought(found) == 17
    assert found.edge.net >= 0.075
    assert found.edge.worst_price == 5_600


def test_no_contract_is_bought_that_does_not_pay_for_itself():
    book = ((4_000, 1_000), (6_100, 100_000))
    assert bought(size(settings(**WIDE), FREE, book, 0.03, RICH)) == 10


def test_more_than_is_shown_only_when_asked():
    book = ((5_000, 700),)
    found = size(settings(**WIDE, beyond_depth=True), FREE, book, 0, RICH)
    assert bought(found) == 400
    assert found.edge.worst_price == 5_000


def test_hundredths_where_they_are_wanted():
    book = ((5_000, 100_000),)
    small = Means(1_000 * MONEY_SCALE, 1_333_333, 0)
    assert bought(size(settings(**WIDE), FREE, book, 0, small)) == 2
    found = size(settings(**WIDE, whole_contracts=False), FREE, book, 0, small)
    assert found.edge.quantity == 266


@pytest.mark.parametrize(
    ("book", "means", "veto"),
    [
        ((), RICH, "nothing_shown"),
        (((6_001, 1_000),), RICH, "nothing_shown"),
        (((5_000, 99),), RICH, "too_small_for_a_contract"),
        (((5_000, 1_000),), Means(1, 0, 0), "no_money"),
        (((5_000, 1_000),), Means(1, 1, 10_000 * MONEY_SCALE), "no_money"),
        (((5_900, 1_000),), RICH, "too_small_for_a_contract"),
    ],
)
def test_each_refusal_has_its_name(book, means, veto):
    assert size(settings(**WIDE), FREE, book, 0.03, means) == veto


def test_a_target_below_the_least_edge_is_refused():
    with pytest.raises(RangeError):
        SizingSettings(min_edge_dollars=0.05, target_edge_dollars=0.05)


def test_levels_of_no_are_the_bids_turned_round():
    assert offers(((5_400, 100), (5_300, 200)), "no") == ((4_600, 100), (4_700, 200))
    assert take(((4_600, 100), (4_700, 200)), 150) == ((4_600, 100), (4_700, 50))


def test_an_edge_at_a_size_adds_up():
    pricing = Pricing("no", 0.50, 0.002, 0.004, 0.01, 0.03, 70_000, 100)
    edge = edge_at(pricing, ((4_600, 400), (4_700, 5_000)), 1_000)
    assert (edge.cost, edge.worst_price) == (4_600 * 400 + 4_700 * 600, 4_700)
    assert edge.raw == pytest.approx(0.04)
    parts = edge.slippage + edge.fee / 10 / MONEY_SCALE + edge.latency + edge.haircut
    assert edge.net == pytest.approx(edge.raw - parts)
    assert risk_of(edge) == 4_700 * 1_000 + edge.fee
    assert edge_at(pricing, (), 100) is None
