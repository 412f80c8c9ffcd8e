"""What readers are told besides the number: its trail, its fan, its costs, and one print less."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.orders import ASK
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.costs import costs, fee_curve
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.sensitivities import without_one
from kalshi_assistant.engine.trail import SECONDS_KEPT, STEP_SECONDS, UNKNOWN, Believed, Trail
from kalshi_assistant.market.book import Book
from kalshi_assistant.market.fees import cost_of_walk
from kalshi_assistant.market.index import Index
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.quant.closed_form import digital, mean_variance
from tests.support import build, tapes
from tests.support import trading_desk as td
from tests.support.build import CLOSE, OPEN, TICKER


def until(second):
    """An engine that has lived through the window up to ``second``, and its snapshot."""
    engine = Engine(tapes.SETTINGS)
    for event in tapes.one_window():
        if event.received_at > second * SECOND:
            break
        engine.handle(event)
    return engine, engine.snapshot()


# --- the trail ---


@given(st.lists(st.integers(0, 2_000), min_size=1, max_size=60))
def test_a_trail_is_bounded_without_holes_and_always_shows_the_same_seconds(steps):
    trail, second, known = Trail(), OPEN, {}
    for step in steps:
        second += step
        trail.add(second, Believed(model=second % 10_000))
        known.setdefault(second, second % 10_000)
        seen = trail.view()
        if seen is None:
            assert trail.view() is None  # nothing on a whole step yet
            continue
        assert seen.first_second % STEP_SECONDS == 0
        assert len(seen.model) <= SECONDS_KEPT // STEP_SECONDS
        for place, value in enumerate(seen.model):
            at = seen.first_second + place * STEP_SECONDS
            assert value == known.get(at, UNKNOWN)


def test_a_second_told_twice_stays_as_it_was_first():
    trail = Trail()
    trail.add(OPEN, Believed(model=5_000))
    trail.add(OPEN, Believed(model=6_000))
    trail.add(OPEN - 5, Believed(model=7_000))
    assert trail.view().model == (5_000,)


def test_the_trail_of_a_window_has_model_market_and_blend_of_its_seconds():
    _, seen = until(OPEN + 120.95)
    trail = seen.market.trail
    assert trail.first_second + (len(trail.model) - 1) * trail.step_seconds <= OPEN + 120
    assert trail.model[-1] == pytest.approx(10_000 * seen.market.number.p_yes, abs=400)
    assert trail.market[-1] == 5_000
    assert min(trail.low[-1], trail.high[-1]) <= trail.model[-1] <= trail.high[-1]
    between = sorted((trail.model[-1], trail.market[-1]))
    assert between[0] <= trail.blend[-1] <= between[1]
    assert set(trail.simulated) == {UNKNOWN}, "nobody simulated"


def test_a_second_in_which_the_number_was_simulated_has_the_middle_one():
    engine, _ = until(OPEN + 120.95)
    said = (("gbm", 0.61, 0.001), ("merton", 0.58, 0.001), ("mixture", 0.57, 0.001))
    at = (OPEN + 121) * SECOND
    engine.handle(e.Estimated(at, at, TICKER, 0.58, said, 700))
    for second in (OPEN + 121, OPEN + 122, OPEN + 123):
        engine.handle(build.timer(second + 0.5))
    assert engine.snapshot().market.trail.simulated[-1] == 5_800
    for second in range(OPEN + 124, OPEN + 130):
        engine.handle(build.printed(second, build.STRIKE))
        engine.handle(build.timer(second + 0.5))
    assert engine.snapshot().market.trail.simulated[-1] == UNKNOWN, "it is old by now"


def test_the_fan_bridges_prints_that_are_missing():
    engine = Engine(tapes.SETTINGS)
    for event in tapes.one_window():
        if event.received_at > (OPEN + 300.95) * SECOND:
            break
        if type(event).__name__ != "IndexPrinted" or event.at // SECOND % 5:
            engine.handle(event)
    seen = engine.snapshot()
    assert seen.market.fan.mean[0] == pytest.approx(100 * seen.index.average_60, abs=1)


def test_what_readers_are_shown_changes_nothing():
    looked, plain = Engine(tapes.SETTINGS), Engine(tapes.SETTINGS)
    for event in tapes.one_window()[:900]:
        assert looked.handle(event) == plain.handle(event)
        looked.snapshot()
    assert looked.fingerprint() == plain.fingerprint()


# --- the fan ---


@pytest.mark.parametrize("second", [OPEN + 100, OPEN + 700, CLOSE - 75, CLOSE - 40, CLOSE - 3])
def test_the_fan_begins_at_the_average_and_ends_at_the_number(second):
    _, seen = until(second + 0.95)
    fan, number = seen.market.fan, seen.market.number
    assert fan.seconds[0] == second + 1
    assert fan.seconds[-1] == CLOSE
    assert list(fan.seconds) == sorted(set(fan.seconds))
    assert fan.mean[0] == pytest.approx(100 * seen.index.average_60, abs=1)
    assert fan.sd[0] == 0
    assert fan.mean[-1] == pytest.approx(100 * number.expected_average, abs=1)
    assert fan.sd[-1] == pytest.approx(100 * number.sd, abs=1)
    assert list(fan.sd) == sorted(fan.sd), "the further ahead, the less is known"


def test_before_the_end_the_fan_is_the_variance_of_a_mean_of_sixty():
    _, seen = until(OPEN + 100.95)
    fan, last = seen.market.fan, OPEN + 100
    sigma = fan.sd[-1] / math.sqrt(mean_variance(60, float(CLOSE - last - 60)))
    for second, sd in zip(fan.seconds, fan.sd, strict=True):
        unseen = min(second - last - 1, 60)
        seconds = (unseen / 60) ** 2 * mean_variance(unseen, float(max(1, second - last - 60)))
        assert sd == pytest.approx(sigma * math.sqrt(seconds), rel=0.01, abs=1)


def test_without_a_number_there_is_no_fan():
    _, seen = until(OPEN + 1.55)
    assert seen.market.number.p_yes is None
    assert seen.market.fan is None


# --- one print less ---


def test_losing_the_highest_print_lowers_the_average_by_its_distance_over_59():
    lost = without_one((91_240.0, 91_262.0), 91_250.0, 91_249.0, 5.0, 200.0)
    assert lost.low == pytest.approx(-12 / 59)
    assert lost.high == pytest.approx(10 / 59)
    assert lost.p_low == pytest.approx(digital(91_250 - 12 / 59, 91_249.0, 5.0, 200.0))
    assert lost.p_low < digital(91_250.0, 91_249.0, 5.0, 200.0) < lost.p_high


def test_one_print_less_is_told_in_the_last_minute_and_brackets_the_number():
    _, before = until(CLOSE - 65)
    assert before.market.settlement.lost_low is None
    _, seen = until(CLOSE - 20.05)
    settlement, number = seen.market.settlement, seen.market.number
    assert settlement.lost_low < 0 < settlement.lost_high
    assert settlement.lost_p_low <= number.p_yes <= settlement.lost_p_high


# --- costs ---


def new_book(**sides):
    index = Index("BRTI", NumberSettings())
    book = Book(index.array, index.real)
    if sides:
        book.load(sides["bids"], sides["asks"], OPEN * SECOND)
    return book


def test_one_contract_at_fifty_cents_costs_what_the_account_rounds_to():
    seen = costs(build.contract(), new_book(), 100, "direct")
    assert seen.one_at_half == (("direct", 17_500), ("broker", 20_000))
    assert seen.taker[49] == 17_500
    assert costs(build.contract(), new_book(), 100, "broker").taker[49] == 20_000


def test_a_curve_has_every_cent_and_is_the_same_for_both_outcomes():
    curve = fee_curve(70_000, 100, 1_000)
    assert len(curve) == 99
    assert curve == curve[::-1]
    assert curve[55] == 172_500, "the venue's own example: 10 at 56 cents"


def test_those_who_wait_pay_as_makers_at_the_best_bid_of_their_outcome():
    terms = FeeTerms("quadratic_with_maker_fees", 70_000, 17_500)
    book = new_book(bids=((5_700, 100),), asks=((5_850, 100),))
    seen = costs(build.contract(fees=terms), book, 100, "direct")
    assert seen.waiting_yes == (5_700, fee_curve(17_500, 100, 100)[56])
    assert seen.waiting_no[0] == 4_150
    book.forget("a gap")
    seen = costs(build.contract(fees=terms), book, 100, "direct")
    assert (seen.waiting_yes, seen.taking_yes, seen.taking_no) == (None, None, None)


def test_taking_walks_the_book_for_the_whole_size_or_says_nothing():
    book = new_book(bids=((5_700, 100), (5_600, 900)), asks=((5_850, 400),))
    seen = costs(build.contract(), book, 1_000, "direct")
    assert seen.taking_yes is None
    price, cost, fee = seen.taking_no
    assert (price, cost) == (4_400, 4_300 * 100 + 4_400 * 900)
    assert fee == cost_of_walk(70_000, 100, ((4_300, 100), (4_400, 900)))[1]


def test_fees_nobody_told_are_not_invented():
    assert costs(build.contract(fees=None), new_book(), 100, "direct") is None


# --- what is held, what was filled ---


def filled_under(desk, order, source, quantity):
    told = td.told_fill(order, quantity, fee=34_000, trade=source, source=source)
    desk.feed(build.book(td.AT), replace(told, order_id=order.id))
    return desk.engine.snapshot()


def test_a_fill_is_remembered_with_what_it_bought_and_what_is_held_with_what_it_would_fetch():
    desk = td.opened(signal=td.QUIET)
    order = td.ours(side=ASK, limit=5_600)
    desk.knows(order)
    seen = filled_under(desk, order, "realistic", 1_000)
    (fill,) = seen.trades
    assert (fill.outcome, fill.price, fill.quantity, fill.purpose) == ("no", 4_400, 1_000, "entry")
    held = {each.policy: each for each in seen.trading.held}
    assert set(held) == {"of record", "optimistic", "conservative"}
    assert (held["of record"].quantity, held["of record"].cost) == (-1_000, 4_400_000)
    assert held["conservative"].quantity == 0
    # ten NO are sold to those who ask 56 for YES: 44 cents each, less the taker's fee
    assert held["of record"].worth == 4_400_000 - fee_curve(70_000, 100, 1_000)[55]
    seen = filled_under(desk, order, "conservative", 400)
    assert len(seen.trades) == 1, "an assumption beside the account is no fill of ours"
    assert {each.policy: each.quantity for each in seen.trading.held}["conservative"] == -400


def test_what_is_held_in_a_book_that_is_not_known_is_worth_nobody_knows_what():
    desk = td.opened(signal=td.QUIET)
    order = td.ours(limit=5_600)
    desk.knows(order)
    filled_under(desk, order, "realistic", 1_000)
    desk.engine._state.markets[TICKER].book.forget("a gap")
    assert desk.engine.snapshot().trading.held[0].worth is None


def test_a_book_nobody_spoke_of_is_stale():
    _, seen = until(OPEN + 100)
    assert not seen.market.book.stale
    engine, _ = until(OPEN + 100)
    for second in range(OPEN + 100, OPEN + 220):
        engine.handle(build.printed(second, build.STRIKE))
        engine.handle(build.timer(second + 0.5))
    assert engine.snapshot().market.book.stale
