"""What is held and what rests: exits, take-profits, renewals, closing everything."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.contract import PriceRange
from kalshi_assistant.domain.entries import Halt, HaltKept
from kalshi_assistant.domain.events import (
    ExchangeStatusSeen,
    GridChanged,
    MaintenanceScheduled,
    MarketStatusChanged,
    OperatorPaused,
    TradingDisarmed,
)
from kalshi_assistant.domain.intents import Cancel, Decrease, LookUp, Renew, Submit
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine import orders
from kalshi_assistant.execution.terms import OrderSettings
from kalshi_assistant.strategy.exits import ExitSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support import build
from tests.support import trading_desk as td
from tests.support.build import CLOSE, OPEN, TICKER, ns
from tests.support.trading_desk import AT, changed, of_kind, ours, resting, sent, told_fill

STOP = ExitSettings(stop_dollars=0.05)
PROFIT = ExitSettings(take_profit_dollars=0.05)
RESTING = OrderSettings(rest_take_profit=True)
LATE = ExitSettings(seconds_before_close=60)


def desk_with(held=1_000, price=5_600, **more):
    """A calm desk that holds so many hundredths (NO where negative) at such a price."""
    standing = td.holding_standing(td.holding(held, abs(held) * price, 0))
    account = td.restored(standing=standing if held else td.standing())
    desk = td.opened(**{"signal": td.QUIET, "account": account} | more)
    desk.tend(AT + 1, AT + 8)
    return desk


def falls(desk, at, bids=((3_000, 50_000),), asks=((3_200, 50_000),)):
    return desk.feed(build.book(at, bids=bids, asks=asks)) + desk.tend(at)


# --- exits ---


@pytest.mark.parametrize(
    ("held", "bids", "asks", "side", "limit"),
    [
        (1_000, ((3_000, 50_000),), ((3_200, 50_000),), ASK, 3_000),
        (-1_000, ((8_000, 50_000),), ((8_200, 50_000),), BID, 8_200),
    ],
)
def test_an_exit_only_makes_a_position_smaller(held, bids, asks, side, limit):
    desk = desk_with(held, price=5_600 if held > 0 else 4_400, exits=STOP)
    (order,) = sent(falls(desk, AT + 9, bids, asks))
    assert (order.side, order.limit, order.quantity) == (side, limit, 1_000)
    assert (order.purpose, order.kind) == ("exit", "stop")
    assert order.reduce_only
    assert order.time_in_force == "immediate_or_cancel"


def test_an_exit_is_for_no_more_than_somebody_bids_for():
    desk = desk_with(exits=STOP)
    (order,) = sent(falls(desk, AT + 9, bids=((3_000, 100), (2_900, 250))))
    assert (order.quantity, order.limit) == (350, 2_900)


def test_while_an_exit_is_under_way_there_is_no_other():
    desk = desk_with(exits=STOP)
    (order,) = sent(falls(desk, AT + 9))
    assert sent(desk.tend(AT + 10, AT + 12)) == []
    desk.feed(td.uncertain(order, at=AT + 12))
    assert sent(desk.tend(AT + 13, AT + 40)) == []
    desk.feed(td.absent(order, as_of=AT + 41, at=AT + 41))
    (again,) = sent(falls(desk, AT + 42))
    assert again.quantity == 1_000
    assert again.id != order.id


def test_fills_that_are_owed_count_as_gone_from_what_is_held():
    """The venue counted the exit, its fill was not told: a second one would turn us round."""
    desk = desk_with(exits=STOP)
    (order,) = sent(falls(desk, AT + 9))
    desk.feed(changed("canceled", order, at=AT + 9, filled=600))
    assert sum(each.quantity for each in sent(desk.tend(AT + 10, AT + 11))) <= 400
    desk.feed(told_fill(order, 600, at=AT + 12))
    asked = sent(desk.asked)[1:] + sent(falls(desk, AT + 13))
    assert {each.quantity for each in asked} <= {400}


def test_an_exit_waits_for_what_rests_in_the_same_market():
    desk = desk_with(exits=STOP)
    rests = desk.works(resting(9, limit=2_000, expires_at=ns(AT + 300)))
    first = falls(desk, AT + 9)
    assert sent(first) == []
    assert rests.id in [each.id for each in of_kind(first, Cancel)]
    assert sent(desk.tend(AT + 10)) == []
    desk.feed(changed("canceled", rests, at=AT + 10))
    assert [each.purpose for each in sent(desk.tend(AT + 11))] == ["exit"]


def test_without_bids_that_are_known_there_is_no_exit():
    desk = desk_with(exits=STOP)
    assert sent(falls(desk, AT + 9, bids=())) == []
    desk.feed(build.delta(AT + 10, BID, 3_000, -60_000))  # below zero: the book is not believed
    assert sent(desk.tend(AT + 10)) == []


def test_what_is_held_is_sold_before_the_close_and_not_after_it():
    desk = desk_with(exits=LATE)
    desk.feed(build.book(CLOSE - 61))
    assert sent(desk.tend(CLOSE - 61)) == []
    (order,) = sent(desk.tend(CLOSE - 60))
    assert order.kind == "time"
    desk.feed(changed("canceled", order, at=CLOSE - 59), build.book(CLOSE))
    desk.feed(*(build.timer(CLOSE + k) for k in range(3)))
    assert [each.made_at for each in sent(desk.asked)] == [ns(CLOSE - 60)]


# --- take-profits that rest ---


def rested(desk):
    """The take-profit that the desk put into the book, as the venue took it."""
    desk.tend(AT + 9)
    (order,) = sent(desk.asked)
    desk.feed(changed("resting", order, at=AT + 9))
    return order


@pytest.mark.parametrize(("held", "side", "limit"), [(1_000, ASK, 6_100), (-1_000, BID, 3_900)])
def test_a_take_profit_rests_for_what_is_held_at_what_is_wanted(held, side, limit):
    desk = desk_with(held, exits=PROFIT, orders=RESTING)
    order = sent(desk.asked)[0]
    assert (order.side, order.limit, order.quantity) == (side, limit, 1_000)
    assert (order.purpose, order.time_in_force) == ("take_profit", "good_till_canceled")
    assert order.expires_at is not None


def test_there_is_one_take_profit_and_no_second_while_any_order_owes_fills():
    desk = desk_with(exits=PROFIT, orders=RESTING)
    order = rested(desk)
    assert sent(desk.tend(AT + 10, AT + 12)) == []
    desk.feed(changed("canceled", order, at=AT + 13, filled=400))
    assert sent(desk.tend(AT + 13, AT + 15)) == []
    desk.feed(told_fill(order, 400, at=AT + 16))
    (again,) = sent(desk.tend(AT + 16))
    assert again.quantity == 600


def test_its_own_fills_leave_a_take_profit_as_it_is():
    desk = desk_with(exits=PROFIT, orders=RESTING)
    order = rested(desk)
    assert of_kind(desk.feed(told_fill(order, 400, at=AT + 10)), Decrease) == []


def test_when_the_position_falls_by_other_ways_a_take_profit_gets_smaller():
    desk = desk_with(exits=PROFIT, orders=RESTING)
    order = rested(desk)
    other = desk.knows(ours(50, ASK, 4_000, 300))
    intents = desk.feed(told_fill(other, 300, at=AT + 10, trade="t-50"))
    (smaller,) = of_kind(intents, Decrease)
    assert (smaller.id, smaller.to) == (order.id, 700)
    assert (smaller.order_id, smaller.exchange_index) == (td.venue_id(order), 2)
    desk.feed(changed("resting", order, at=AT + 11, remaining=700))
    assert desk.state.orders.get(order.id).open_quantity == 700


def test_when_nothing_is_held_any_more_a_take_profit_is_taken_out():
    desk = desk_with(exits=PROFIT, orders=RESTING)
    order = rested(desk)
    other = desk.knows(ours(50, ASK, 4_000, 1_000))
    intents = desk.feed(told_fill(other, 1_000, at=AT + 10, trade="t-50"))
    (cancel,) = of_kind(intents, Cancel)
    assert (cancel.id, cancel.reason) == (order.id, "nothing is held any more")


def test_a_stop_takes_the_take_profit_out_first():
    both = ExitSettings(take_profit_dollars=0.05, stop_dollars=0.05)
    desk = desk_with(exits=both, orders=RESTING)
    order = rested(desk)
    first = falls(desk, AT + 10)
    assert (sent(first), [each.id for each in of_kind(first, Cancel)]) == ([], [order.id])
    desk.feed(changed("canceled", order, at=AT + 11))
    assert [each.kind for each in sent(falls(desk, AT + 12))] == ["stop"]


def test_a_profit_beyond_the_highest_price_is_not_asked_for():
    desk = desk_with(price=9_970, exits=PROFIT, orders=RESTING)
    assert sent(desk.tend(AT + 9, AT + 12)) == []


# --- what rests ---


def test_what_rests_is_renewed_before_it_expires_and_stays_where_it_is():
    desk = desk_with(exits=PROFIT, orders=RESTING)
    order = rested(desk)
    assert order.expires_at - ns(AT + 9) > 10 * SECOND
    renewed = of_kind(desk.tend(AT + 10, AT + 60), Renew)
    assert len(renewed) >= 3
    expires = order.expires_at
    for each in renewed:
        assert (each.id, each.price, each.side) == (order.id, order.limit, order.side)
        assert each.count == 1_000
        assert each.expires_at > expires
        expires = each.expires_at
    assert expires > ns(AT + 60)


def test_nothing_is_renewed_past_the_close():
    desk = desk_with(exits=PROFIT, orders=RESTING)
    rested(desk)
    renewed = of_kind(desk.tend(AT + 10, CLOSE + 5), Renew)
    assert max(each.expires_at for each in renewed) == ns(CLOSE)


def test_an_order_without_an_answer_is_not_renewed():
    desk = desk_with(exits=PROFIT, orders=RESTING)
    desk.tend(AT + 9)
    assert of_kind(desk.tend(AT + 10, AT + 40), Renew) == []


def test_what_should_have_expired_and_says_nothing_is_looked_up():
    desk = desk_with(0)
    order = desk.works(resting(9, expires_at=ns(AT + 9)))
    desk.feed(td.halted(AT + 9), td.cancel_refused(order, AT + 9))
    desk.feed(changed("resting", order, at=AT + 9))
    looked = of_kind(desk.tend(AT + 10, AT + 60), LookUp)
    assert order.id in {each.order.id for each in looked}


UNWANTED = {
    "the edge is gone": lambda desk: desk.tend(AT + 10, value=build.STRIKE - 40_000),
    "signals are paused": lambda desk: desk.feed(
        OperatorPaused(ns(AT + 10), ns(AT + 10), "lunch"), build.timer(AT + 10)
    ),
    "data is old": lambda desk: desk.feed(build.timer(AT + 20), build.timer(AT + 21)),
    "a halt stands": lambda desk: desk.feed(td.halted(AT + 10)),
    "trading is disarmed": lambda desk: desk.feed(td.disarmed(AT + 10)),
}


def entry_rests():
    """An entry worth having: it bids ten cents for what is believed to be worth fifty."""
    desk = desk_with(0, signal=SignalSettings(threshold_dollars=0.6))
    order = desk.works(resting(9, limit=1_000, expires_at=ns(AT + 300)))
    assert of_kind(desk.tend(AT + 9), Cancel) == []
    return desk, order


@pytest.mark.parametrize("name", UNWANTED)
def test_an_entry_that_rests_is_taken_out_when_it_is_not_wanted(name):
    desk, order = entry_rests()
    cancels = of_kind(UNWANTED[name](desk), Cancel)
    assert [each.id for each in cancels] == [order.id]
    assert of_kind(desk.tend(AT + 22, AT + 25), Submit) == []


def test_an_entry_that_rests_is_taken_out_shortly_before_the_close():
    desk, order = entry_rests()
    assert of_kind(desk.tend(AT + 10, CLOSE - 10, build.STRIKE + 500), Cancel) == []
    (cancel,) = of_kind(desk.tend(CLOSE - 9, value=build.STRIKE + 500), Cancel)
    assert (cancel.id, cancel.reason) == (order.id, "too late")


# --- closing everything ---


def test_flatten_takes_out_what_rests_then_sells_what_is_held_and_stays_out():
    desk = desk_with()
    rests = desk.works(resting(9, limit=1_000, expires_at=ns(AT + 300)))
    first = desk.feed(td.flattened(AT + 9, "fire"))
    assert [each.id for each in of_kind(first, Cancel)] == [rests.id]
    assert sent(first) == []
    desk.feed(changed("canceled", rests, at=AT + 10))
    (order,) = sent(desk.tend(AT + 10))
    assert (order.purpose, order.side, order.quantity) == ("exit", ASK, 1_000)
    assert order.reduce_only
    desk.feed(told_fill(order, 1_000, at=AT + 11, price=5_400))
    desk.feed(changed("executed", order, at=AT + 11, filled=1_000))
    desk.tend(AT + 12)
    assert desk.state.desk.flattening is None
    assert desk.engine.ledger.position(TICKER).quantity == 0
    halt = desk.state.breakers.blocks("entry", desk.state.now)
    assert (halt.breaker, halt.reason) == ("flatten", "fire")


def test_what_was_not_sold_at_once_is_sold_with_the_next_order():
    desk = desk_with()
    desk.feed(build.book(AT + 9, bids=((5_000, 300),)))
    (order,) = sent(desk.feed(td.flattened(AT + 9)))
    desk.feed(told_fill(order, 300, at=AT + 10, price=5_000))
    desk.feed(changed("canceled", order, at=AT + 10, filled=300), build.book(AT + 11))
    (again,) = sent(desk.tend(AT + 11))
    assert again.quantity == 700


def test_flatten_waits_for_an_order_whose_fate_is_not_known():
    desk = desk_with()
    doubtful = desk.knows(ours(9))
    desk.feed(td.uncertain(doubtful, at=AT + 9), td.flattened(AT + 9))
    assert sent(desk.tend(AT + 10, AT + 30)) == []
    desk.feed(told_fill(doubtful, 1_000, at=AT + 31))
    desk.feed(changed("executed", doubtful, at=AT + 31, filled=1_000))
    (order,) = sent(desk.tend(AT + 31))
    assert order.quantity == 2_000


def test_flatten_ends_at_the_close_whatever_is_held():
    desk = desk_with()
    desk.feed(build.book(AT + 9, bids=()), td.flattened(AT + 9))
    assert sent(desk.tend(AT + 10, AT + 12)) == []
    desk.feed(build.timer(CLOSE))
    assert desk.state.desk.flattening is None


def test_flatten_without_anything_is_a_halt():
    desk = desk_with(0)
    desk.feed(td.flattened(AT + 9))
    assert desk.state.desk.flattening is None
    assert desk.state.breakers.blocks("entry", desk.state.now).breaker == "flatten"


FLATTENED = Halt("flatten", "fire", ns(OPEN))


def flattened_before(*more, venue=False, **terms):
    """A start after one that was told to close everything and did not get there."""
    account = td.holding_standing(td.holding(), halts=(FLATTENED, *more))
    given = td.restored(standing=account, venue=venue, **terms)
    return td.opened(account=given, signal=td.QUIET)


def test_closing_everything_goes_on_after_a_restart_until_nothing_is_held():
    desk = flattened_before()
    (order,) = sent(desk.asked) or sent(desk.tend(AT + 1))
    assert (order.purpose, order.side, order.quantity) == ("exit", ASK, 1_000)
    desk.feed(told_fill(order, 1_000, at=AT + 2, price=5_400))
    desk.feed(changed("executed", order, at=AT + 2, filled=1_000))
    desk.tend(AT + 3)
    assert desk.state.desk.flattening is None
    assert sent(desk.tend(AT + 4, AT + 20)) == []
    assert desk.state.breakers.blocks("entry", desk.state.now).breaker == "flatten"


def test_a_market_not_listed_yet_is_no_reason_to_think_that_everything_is_closed():
    account = td.holding_standing(td.holding(), halts=(FLATTENED,))
    desk = td.Desk(signal=td.QUIET)
    desk.feed(td.restored(standing=account), build.armed(OPEN), build.timer(OPEN))
    desk.feed(build.timer(OPEN + 1))
    assert desk.state.desk.flattening == "fire"
    desk.feed(build.listed(AT), build.timer(AT), build.book(AT))
    assert len(sent(desk.tend(AT + 1))) == 1


def test_a_fill_told_late_is_closed_too():
    desk = desk_with(0)
    desk.feed(td.flattened(AT + 9))
    assert desk.state.desk.flattening is None
    desk.feed(*td.bought(500, 5_600, at=AT + 10))
    (order,) = sent(desk.tend(AT + 10))
    assert (order.purpose, order.quantity) == ("exit", 500)


def test_a_person_who_clears_takes_the_wish_back():
    desk = flattened_before()
    desk.feed(td.cleared(AT + 1))
    assert desk.state.desk.flattening is None
    assert desk.state.breakers.halts == ()
    kept = desk.kept(HaltKept)
    assert [(each.halt.breaker, each.cleared) for each in kept] == [("flatten", "looked at it")]


def test_nothing_is_closed_after_a_restart_that_follows_a_clear():
    desk = td.opened(
        account=td.restored(standing=td.holding_standing(td.holding())), signal=td.QUIET
    )
    assert sent(desk.asked + desk.tend(AT + 1, AT + 5)) == []


def test_the_wish_is_kept_as_a_halt_of_its_own_whatever_stands_already():
    desk = desk_with()
    desk.feed(td.halted(AT + 9, "lunch"), td.flattened(AT + 9, "fire"))
    assert [each.halt.breaker for each in desk.kept(HaltKept)] == ["person", "flatten"]


def test_another_process_that_writes_the_wish_has_everything_closed():
    desk = desk_with()
    desk.feed(td.halted(AT + 9, "fire", breaker="flatten"))
    assert len(sent(desk.tend(AT + 10))) == 1


def test_positions_of_a_start_before_are_tended_as_soon_as_their_market_is_listed():
    held = td.holding(1_000, 5_600_000, 0, ticker="KXBTC15M-LATER")
    desk = td.opened(
        account=td.restored(standing=td.holding_standing(held)), signal=td.QUIET, exits=STOP
    )
    assert sent(desk.tend(AT + 1, AT + 9)) == []
    desk.feed(
        build.listed(AT + 10, ticker="KXBTC15M-LATER", open_=OPEN, close=CLOSE),
        build.book(AT + 10, bids=((3_000, 50_000),), asks=(), ticker="KXBTC15M-LATER"),
    )
    assert [each.ticker for each in sent(desk.tend(AT + 10))] == ["KXBTC15M-LATER"]


# --- what rests, and an account that is not known ---


HELD = td.holding_standing(td.holding(1_000, 5_600_000, 0))
LIVE = {"signal": td.QUIET, "exits": PROFIT, "orders": RESTING}


def at_venue(quantity=1_000, **more):
    """A desk at a venue that holds ten contracts by our ledger; what the venue says of it."""
    desk = td.opened(account=td.restored(standing=HELD, venue=True), **LIVE)
    positions = (td.venue_position(quantity, cost=5_600_000),) if quantity else ()
    return desk, td.account_seen(AT + 8, **{"cash": HELD.cash, "positions": positions} | more)


def test_no_take_profit_rests_before_the_account_was_read():
    desk, seen = at_venue()
    desk.tend(AT + 1, AT + 8)
    assert sent(desk.asked) == []
    desk.feed(seen)
    assert [each.purpose for each in sent(desk.tend(AT + 9))] == ["take_profit"]


def test_no_take_profit_leaves_while_the_venue_holds_something_else():
    desk, seen = at_venue(0)
    desk.tend(AT + 1, AT + 8)
    desk.feed(seen)
    assert desk.state.desk.differs is not None
    assert sent(desk.tend(AT + 9, AT + 40)) == []


def test_a_take_profit_at_rest_is_taken_out_when_the_account_differs_and_comes_back_after():
    desk, seen = at_venue()
    desk.feed(seen)
    order = rested(desk)
    told = td.account_seen(AT + 14, cash=HELD.cash, orders=(td.venue_order(order),))
    (cancel,) = of_kind(desk.feed(told), Cancel)
    assert (cancel.id, cancel.reason) == (order.id, desk.state.desk.differs)
    desk.feed(changed("canceled", order, at=AT + 15))
    assert of_kind(desk.tend(AT + 15, AT + 30), (Submit, Renew)) == []
    agreed = replace(seen, as_of=ns(AT + 31), received_at=ns(AT + 31))
    desk.feed(agreed)
    assert [each.purpose for each in sent(desk.tend(AT + 32))] == ["take_profit"]


def test_what_the_venue_tells_of_a_position_caps_a_take_profit_at_once():
    desk, seen = at_venue()
    desk.feed(seen)
    order = rested(desk)
    desk.feed(td.position_told(400, AT + 10))
    (smaller,) = of_kind(desk.tend(AT + 10), Decrease)
    assert (smaller.id, smaller.to) == (order.id, 400)
    assert desk.engine.unwanted(order.id) == "more than the venue says is held"
    desk.feed(td.position_told(0, AT + 11))
    (cancel,) = of_kind(desk.tend(AT + 11), Cancel)
    assert cancel.id == order.id
    desk.feed(changed("canceled", order, at=AT + 12))
    assert sent(desk.tend(AT + 12, AT + 13)) == []


def test_an_exit_that_the_venue_caps_leaves_though_the_account_differs():
    desk = td.opened(signal=td.QUIET, exits=STOP, account=td.restored(standing=HELD, venue=True))
    desk.tend(AT + 1, AT + 8)
    desk.feed(td.account_seen(AT + 8.5, cash=HELD.cash))
    assert desk.state.desk.differs is not None
    assert [each.purpose for each in sent(falls(desk, AT + 9))] == ["exit"]


# --- what rests, and no-trade conditions ---


def pauses(desk):
    desk.feed(ExchangeStatusSeen(ns(AT + 10), ns(AT + 10), 2, True, False, None))


def halts_market(desk):
    desk.feed(MarketStatusChanged(ns(AT + 10), ns(AT + 10), TICKER, "inactive"))


def nears_maintenance(desk):
    desk.feed(MaintenanceScheduled(ns(AT + 10), ns(AT + 10), ((ns(AT + 60), ns(AT + 600)),)))


@pytest.mark.parametrize(
    ("happens", "veto"),
    [
        (pauses, "exchange_paused"),
        (halts_market, "market_paused"),
        (nears_maintenance, "maintenance_near"),
    ],
)
def test_an_entry_at_rest_is_taken_out_when_nothing_may_be_entered(happens, veto):
    wanted = SignalSettings(threshold_dollars=0.02, gap=td.GapSettings(believe="model"))
    desk = td.live(signal=wanted)
    desk.tend(AT + 1, AT + 8)
    order = desk.works(resting(3, limit=2_000, expires_at=ns(AT + 28)))
    assert of_kind(desk.tend(AT + 9, AT + 9), Cancel) == []
    happens(desk)
    assert desk.engine.unwanted(order.id) == veto
    intents = desk.tend(AT + 11, AT + 24)
    assert of_kind(intents, Renew) == []
    assert of_kind(intents, Cancel)[0].reason == f"no entries now: {veto}"


# --- a condition of entries that ran out ---


def lapsed(at, reason="the grant ran out"):
    return TradingDisarmed(ns(at), ns(at), reason, entries_only=True)


def test_exits_and_closing_everything_go_on_when_the_grant_ran_out():
    for wish in (lambda desk: falls(desk, AT + 9), lambda desk: desk.feed(td.flattened(AT + 9))):
        desk = desk_with(exits=STOP)
        desk.feed(lapsed(AT + 8))
        assert [each.purpose for each in sent(wish(desk))] == ["exit"]
        assert desk.state.desk.refused is None


def test_no_entry_leaves_when_the_grant_ran_out_until_it_is_given_again():
    desk = td.opened()
    desk.tend(AT + 1, AT + 8)
    desk.feed(lapsed(AT + 8))
    assert desk.engine.snapshot().trading.closed_because == "the grant ran out"
    assert desk.engine.withdrawn(ours()) == "the grant ran out"
    desk.feed(build.book(AT + 8.5, **td.CHEAP), build.timer(AT + 8.5))
    assert sent(desk.tend(AT + 9, AT + 10)) == []
    desk.feed(build.armed(AT + 11))
    assert [each.purpose for each in sent(desk.tend(AT + 11, AT + 14))] == ["entry"]


def test_of_what_rests_only_entries_are_taken_out_when_the_grant_ran_out():
    desk = desk_with(exits=PROFIT, orders=RESTING)
    profit = rested(desk)
    entry = desk.works(resting(3, limit=2_000, expires_at=ns(AT + 300)))
    assert [each.id for each in of_kind(desk.feed(lapsed(AT + 9)), Cancel)] == [entry.id]
    assert {each.id for each in of_kind(desk.tend(AT + 10, AT + 30), Renew)} == {profit.id}


def test_being_stopped_still_closes_everything():
    desk = desk_with(exits=STOP)
    desk.feed(lapsed(AT + 8), td.disarmed(AT + 8))
    assert sent(falls(desk, AT + 9)) == []
    assert not desk.engine.snapshot().trading.armed


# --- the grid ---


@pytest.mark.parametrize(("limit", "taken"), [(5_600, True), (5_650, False), (955, False)])
def test_an_order_between_the_steps_of_its_market_does_not_leave(limit, taken):
    desk = td.live(signal=td.QUIET)
    desk.tend(AT + 1, AT + 8)
    asked = orders.send(desk.state, ours(limit=limit, quantity=100))
    assert bool(sent(asked)) is taken
    assert taken or "price grid" in desk.state.desk.refused


def test_an_exit_into_a_level_from_before_the_grid_changed_leaves_on_the_new_one():
    desk = desk_with(exits=STOP)
    coarse = (PriceRange(0, 10_000, 500),)
    desk.feed(GridChanged(ns(AT + 8), ns(AT + 8), TICKER, coarse))
    (order,) = sent(falls(desk, AT + 9, bids=((3_210, 50_000),), asks=((3_600, 50_000),)))
    assert (order.side, order.limit) == (ASK, 3_000)
