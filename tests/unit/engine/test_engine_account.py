"""Our ledger beside the venue's account: nothing leaves before both agree."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.entries import (
    FillKept,
    HaltKept,
    OrderKept,
    SettlementKept,
    StandingKept,
)
from kalshi_assistant.domain.events import VenueSettlement
from kalshi_assistant.domain.intents import Announce, Inquire, LookUp, Note, ReadAccount
from kalshi_assistant.engine import guard
from kalshi_assistant.engine.settings import AccountSettings, PaperSettings
from kalshi_assistant.quant.layout import M_PRECISION
from kalshi_assistant.risk.limits import RiskSettings
from tests.support import build
from tests.support import trading_desk as td
from tests.support.build import CLOSE, OPEN, TICKER, ns
from tests.support.trading_desk import (
    AT,
    CASH,
    CHEAP,
    account_seen,
    of_kind,
    ours,
    resting,
    sent,
    told_fill,
    venue_order,
    venue_position,
)

HELD = td.holding(1_000, 5_600_000, 70_000)
HOLDING = td.holding_standing(HELD)
AGREED = {"positions": (venue_position(1_000, 70_000, 5_600_000),)}


def waiting(standing=None, orders=(), **more):
    """A process at a venue whose account it has not read yet; calm otherwise."""
    sums = {} if standing is None else {"standing": standing}
    account = td.restored(venue=True, orders=orders, **sums)
    return td.opened(account=account, risk=RiskSettings(), **more)


def trades(desk, at=AT + 20):
    """Whether a wide edge becomes an order, after ten calm seconds; and that it always shows."""
    desk.feed(td.group_ready(at - 10))
    desk.tend(at - 10, at)
    intents = desk.feed(build.book(at + 0.5, **CHEAP), build.timer(at + 0.5))
    assert desk.engine.snapshot().market.edge_yes.net > 0.3
    assert len(of_kind(intents, Announce)) == len(sent(intents))
    return bool(sent(intents))


def closed(desk):
    return desk.engine.snapshot().trading.closed_because


# --- agreeing ---


def test_trading_opens_when_both_accounts_agree():
    desk = waiting()
    assert closed(desk) == "the venue's account has not been read yet"
    intents = desk.feed(account_seen(AT + 1))
    assert "ledger and venue agree: cash 1000.00" in [n.text for n in of_kind(intents, Note)]
    assert desk.engine.snapshot().trading.agreed
    assert trades(desk)


def test_agreeing_is_not_enough_without_being_armed():
    desk = waiting(armed=False)
    desk.feed(account_seen(AT + 1))
    assert closed(desk) == "trading is not armed"
    assert not trades(desk)


def test_nothing_leaves_before_the_account_was_read():
    assert not trades(waiting())


def test_on_paper_there_is_no_other_account_to_agree_with():
    desk = td.opened(risk=RiskSettings())
    assert of_kind(desk.asked, ReadAccount) == []
    assert trades(desk)


def test_what_is_held_is_the_same_to_the_hundredth_and_the_micro_dollar():
    desk = waiting(HOLDING)
    desk.feed(account_seen(AT + 1, cash=CASH - 5_670_000, **AGREED))
    assert desk.state.desk.agreed


DIFFERENT = {
    "more is held there": (
        {"positions": (venue_position(1_001, 70_000, 5_600_000),)},
        f"{TICKER}: the venue holds 10.01 for us, our ledger has 10.00",
    ),
    "nothing is held there": (
        {"positions": ()},
        f"{TICKER}: the venue holds 0.00 for us, our ledger has 10.00",
    ),
    "something else is held there": (
        {"positions": (*AGREED["positions"], venue_position(-100, ticker="KXBTC15M-OTHER"))},
        "KXBTC15M-OTHER: the venue holds -1.00 for us, our ledger has 0.00",
    ),
    "a fee is another": (
        {"positions": (venue_position(1_000, 70_100, 5_600_000),)},
        f"{TICKER}: the venue took fees of 0.0701, our ledger has 0.07",
    ),
    "netting is off": (AGREED | {"netting": False}, "netting is off in this subaccount"),
    "netting is not known": (
        AGREED | {"netting": None},
        "the venue did not say whether YES and NO of a market close each other",
    ),
    "there is more cash": (
        AGREED | {"cash": CASH - 5_670_000 + 1},
        "cash: the venue has 994.330001, our ledger 994.33",
    ),
    "there is less cash": (
        AGREED | {"cash": CASH - 5_670_000 - 1},
        "cash: the venue has 994.329999, our ledger 994.33",
    ),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_any_difference_keeps_trading_off_and_says_what_it_is(name):
    seen, said = DIFFERENT[name]
    desk = waiting(HOLDING)
    intents = desk.feed(account_seen(AT + 1, **{"cash": CASH - 5_670_000} | seen))
    assert closed(desk).startswith(said)
    (note,) = [each for each in of_kind(intents, Note) if each.level == "error"]
    assert note.text.startswith(f"trading is off: {said}")
    assert not trades(desk)


def test_a_difference_that_is_gone_opens_trading_again():
    desk = waiting()
    desk.feed(account_seen(AT + 1, netting=False))
    again = desk.tend(AT + 2, AT + 12)
    assert len(of_kind(again, ReadAccount)) == 1
    desk.feed(account_seen(AT + 13))
    assert trades(desk, AT + 30)


def test_the_same_difference_is_told_once():
    desk = waiting()
    told = [desk.feed(account_seen(AT + 1 + 11 * k, netting=False)) for k in range(3)]
    assert [len(of_kind(each, Note)) for each in told] == [1, 0, 0]


def test_other_series_and_settled_markets_of_the_account_are_none_of_our_business():
    desk = waiting()
    other = venue_position(500, ticker="KXETH15M-26NOV211215-15")
    order = venue_order(ours(), ticker="KXETH15M-26NOV211215-15", client_order_id=None)
    fill = told_fill(ours(), 500, ticker="KXETH15M-26NOV211215-15", client_order_id=None)
    desk.feed(account_seen(AT + 1, positions=(other,), orders=(order,), fills=(fill,)))
    assert desk.state.desk.agreed
    assert desk.kept(HaltKept) == []


# --- cash ---


def test_the_first_start_takes_the_cash_it_finds():
    desk = waiting(td.standing(0, start=0, peak=0))
    desk.feed(account_seen(AT + 1, cash=50_000_000))
    ledger = desk.engine.ledger
    assert (ledger.cash, ledger.start, ledger.realized) == (50_000_000, 50_000_000, 0)
    assert desk.kept(StandingKept)[-1].cash == 50_000_000
    assert desk.state.desk.agreed


def test_money_moved_by_hand_is_taken_on_a_persons_word_and_is_no_profit():
    desk = waiting()
    desk.feed(told_fill(ours(), 100, at=OPEN + 61, trade="t-1"))
    seen = account_seen(
        AT + 9, cash=CASH - 560_000 + 7, positions=(venue_position(100, 0, 560_000),)
    )
    desk.feed(seen)
    assert "if money was moved by hand" in closed(desk)
    intents = desk.feed(td.cleared(AT + 10), build.timer(AT + 10))
    assert len(of_kind(intents, ReadAccount)) == 1
    desk.feed(replace(seen, received_at=ns(AT + 14), as_of=ns(AT + 14)))
    assert desk.state.desk.agreed
    assert desk.engine.ledger.start == CASH + 7
    assert desk.engine.ledger.realized == 0


def test_an_account_used_for_other_things_takes_any_cash():
    desk = td.Desk(account=AccountSettings(exclusive=False))
    desk.feed(td.restored(venue=True), build.armed(OPEN))
    desk.feed(account_seen(AT + 9, cash=CASH - 123))
    assert desk.state.desk.agreed
    assert desk.engine.ledger.cash == CASH - 123


# --- others ---


def test_an_order_of_somebody_else_in_our_markets_stops_entries():
    desk = td.live(risk=RiskSettings())
    foreign = venue_order(ours(), client_order_id="theirs-1")
    desk.feed(account_seen(AT + 5, orders=(foreign,)))
    (kept,) = desk.kept(HaltKept)
    assert kept.halt.breaker == "foreign"
    assert f"order v-n-1-1 rests in {TICKER}" in kept.halt.reason
    assert not trades(desk)
    assert desk.state.breakers.blocks("exit", desk.state.now) is None


@pytest.mark.parametrize("name", [None, "theirs-1"])
def test_the_private_channel_tells_of_others_too(name):
    for event in (td.changed("resting", name=name), told_fill(ours(), 100, client_order_id=name)):
        desk = td.live()
        desk.feed(event)
        (kept,) = desk.kept(HaltKept)
        assert kept.halt.breaker == "foreign"
        assert desk.engine.ledger.position(TICKER).quantity == 0


def test_a_fill_of_somebody_else_since_our_start_stops_entries_an_older_one_does_not():
    desk = waiting()
    theirs = told_fill(ours(), 100, client_order_id="theirs-1", at=OPEN - 60)
    desk.feed(account_seen(AT + 1, fills=(theirs,)))
    assert desk.kept(HaltKept) == []
    late = told_fill(ours(), 100, client_order_id="theirs-1", at=OPEN + 1, trade="t-2")
    desk.feed(account_seen(AT + 2, fills=(theirs, late)))
    assert [kept.halt.breaker for kept in desk.kept(HaltKept)] == ["foreign"]


def test_an_order_under_our_name_that_our_store_does_not_know_stops_all_but_exits():
    """Two processes with one namespace: nobody knows what else is out."""
    for event in (
        td.changed("resting", ours(3, epoch=9)),
        account_seen(AT + 5, orders=(venue_order(ours(3, epoch=9)),)),
    ):
        desk = td.live()
        desk.feed(event)
        (kept,) = desk.kept(HaltKept)
        assert kept.halt.breaker == "ledger_differs"
        assert "n-9-3" in kept.halt.reason
        blocks = [desk.state.breakers.blocks(each, desk.state.now) for each in PURPOSES]
        assert [each is None for each in blocks] == [False, False, True]


PURPOSES = ("entry", "take_profit", "exit")


def test_the_late_end_of_a_forgotten_order_of_ours_is_nothing():
    desk = td.live()
    assert desk.feed(td.changed("canceled", ours(3, epoch=9))) == []


def test_an_order_proven_absent_that_rests_after_all_is_told_and_stops_trading():
    desk = td.live()
    order = desk.knows(resting(made_at=ns(AT)))
    desk.feed(td.uncertain(order), td.absent(order, as_of=AT + 5, at=AT + 5))
    intents = desk.feed(account_seen(AT + 9, orders=(venue_order(order),)))
    assert of_kind(intents, Note) != []
    assert not desk.state.desk.agreed or desk.state.breakers.halts


# --- what the venue knows and we do not ---


def test_fills_of_the_account_are_entered_once():
    desk = td.live()
    order = desk.knows(ours(made_at=ns(AT + 1)))
    fill = told_fill(order, 1_000, at=AT + 1, fee=70_000, client_order_id=None)
    listed = venue_order(order, "executed", filled=1_000)
    seen = account_seen(AT + 2, cash=CASH - 5_670_000, orders=(listed,), fills=(fill,), **AGREED)
    desk.feed(seen, replace(seen, as_of=ns(AT + 9), received_at=ns(AT + 9)))
    desk.feed(replace(fill, client_order_id=order.id))
    assert len(desk.kept(FillKept)) == 1
    assert desk.kept(FillKept)[0].client_order_id == order.id
    assert desk.state_of(order) == "filled"
    assert desk.engine.ledger.position(TICKER).quantity == 1_000
    assert desk.state.desk.agreed


def test_right_after_a_fill_the_accounts_are_not_compared():
    """The venue's balances are behind its fills: a difference then proves nothing."""
    desk = td.live()
    desk.feed(told_fill(desk.knows(ours()), 1_000, at=AT + 5))
    desk.feed(td.changed("executed", filled=1_000, at=AT + 5))
    desk.feed(account_seen(AT + 6))
    assert desk.state.desk.differs is None
    assert len(of_kind(desk.tend(AT + 7, AT + 9), ReadAccount)) == 1
    desk.feed(account_seen(AT + 10))
    assert "the venue holds 0.00" in desk.state.desk.differs


def test_with_an_order_in_doubt_the_accounts_are_not_compared():
    desk = td.live()
    order = desk.knows(ours(made_at=ns(AT + 1)))
    desk.feed(td.uncertain(order, at=AT + 2))
    desk.feed(account_seen(AT + 2.5, netting=False))
    assert desk.state.desk.differs is None


@pytest.mark.parametrize(
    ("since", "as_of", "proven"),
    [
        (AT - 60, AT + 30, True),
        (AT - 60, AT + 11, False),  # within the margin of both clocks
        (AT - 60, AT + 9, False),  # older than the order
        (AT + 20, AT + 30, False),  # the order would not be in it
    ],
)
def test_absence_is_proven_only_by_records_that_would_have_it(since, as_of, proven):
    desk = td.live()
    order = desk.knows(ours(made_at=ns(AT + 10)))
    desk.feed(td.uncertain(order, at=AT + 12))
    desk.feed(account_seen(AT + 30, as_of=as_of, since=since))
    assert desk.state_of(order) == ("absent" if proven else "uncertain")


def test_an_order_in_doubt_that_is_listed_is_found():
    desk = td.live()
    order = desk.knows(resting(made_at=ns(AT + 1)))
    desk.feed(td.uncertain(order, at=AT + 3))
    desk.feed(account_seen(AT + 30, orders=(venue_order(order),)))
    assert desk.state_of(order) == "working"


def test_a_list_that_is_older_than_an_orders_end_changes_nothing():
    desk = td.live()
    order = desk.works(resting())
    desk.feed(td.changed("canceled", order, at=AT + 1))
    intents = desk.feed(account_seen(AT + 2, orders=(venue_order(order),)))
    assert desk.state_of(order) == "cancelled"
    assert of_kind(intents, Note) == []


def test_markets_paid_out_while_we_were_away_are_paid_out_here():
    desk = waiting(HOLDING)
    paid = VenueSettlement(TICKER, "yes", 10_000_000, ns(AT))
    seen = account_seen(AT + 5, cash=CASH - 5_670_000 + 10_000_000, settlements=(paid,))
    desk.feed(seen)
    (kept,) = desk.kept(SettlementKept)
    assert (kept.payout, kept.pnl) == (10_000_000, 4_330_000)
    assert desk.state.desk.agreed


def test_a_market_we_paid_out_first_is_compared_only_when_the_venue_has_paid_too():
    """The result comes before the money."""
    desk = waiting(HOLDING)
    desk.feed(account_seen(AT + 1, cash=CASH - 5_670_000, **AGREED))
    desk.feed(build.published(CLOSE + 8, build.STRIKE, "yes"))
    assert len(desk.kept(SettlementKept)) == 1
    desk.feed(account_seen(CLOSE + 9, cash=CASH - 5_670_000, **AGREED))
    assert desk.state.desk.differs is None
    paid = VenueSettlement(TICKER, "yes", 10_000_000, ns(CLOSE + 12))
    done = {"cash": CASH - 5_670_000 + 10_000_000, "settlements": (paid,)}
    desk.feed(account_seen(CLOSE + 15, **done))
    assert desk.state.desk.agreed


# --- when it is read ---


def test_a_start_reads_the_account_back_to_the_oldest_order_under_way():
    old = resting(4, epoch=1, made_at=ns(OPEN - 7_200))
    desk = td.Desk("live")
    asked = desk.feed(
        td.restored(OPEN, (td.under_way(old),), epoch=2, venue=True, since=OPEN - 3_600)
    )
    (question,) = of_kind(asked, ReadAccount)
    assert question.since < old.made_at
    assert of_kind(asked, LookUp) == [LookUp(old, td.venue_id(old))]


def test_a_start_asks_what_became_of_the_markets_it_holds():
    desk = td.Desk()
    asked = desk.feed(td.restored(OPEN, standing=HOLDING))
    assert Inquire("market", TICKER) in asked


def test_the_account_is_asked_for_again_until_it_comes():
    desk = waiting()
    asked = of_kind(desk.tend(AT + 1, AT + 12), ReadAccount)
    assert 3 <= len(asked) <= 5
    desk.feed(account_seen(AT + 13))
    assert of_kind(desk.tend(AT + 14, AT + 60), ReadAccount) == []


def test_the_account_is_read_once_a_day():
    desk = td.live()
    day = AT + 24 * 3_600
    assert of_kind(desk.feed(build.timer(day - 60)), ReadAccount) == []
    assert len(of_kind(desk.feed(build.timer(day + 1)), ReadAccount)) == 1


def test_a_position_told_otherwise_for_some_seconds_is_a_reason_to_read():
    desk = td.live()
    desk.feed(td.position_told(500, AT + 1))
    assert of_kind(desk.tend(AT + 2, AT + 5), ReadAccount) == []
    (asked, *_) = of_kind(desk.tend(AT + 6, AT + 7), ReadAccount)
    assert "is told as 5.00" in asked.reason


def test_a_position_told_as_it_is_or_with_fills_on_their_way_is_none():
    desk = td.live()
    desk.feed(td.position_told(0, AT + 1))
    assert of_kind(desk.tend(AT + 2, AT + 9), ReadAccount) == []
    desk.works(resting(expires_at=ns(AT + 60)))
    desk.feed(td.position_told(500, AT + 10))
    assert of_kind(desk.tend(AT + 10, AT + 15), ReadAccount) == []


# --- from one process to the next ---


def test_a_fill_that_was_entered_before_the_restart_is_not_owed_for_ever():
    """The fill was kept; the order's own line was written when it was acknowledged."""
    order = resting(4, made_at=ns(OPEN - 60))
    standing = td.holding_standing(
        td.holding(300, 300 * 5_400, 0), seen=((td.venue_id(order), "t-4"),)
    )
    desk = waiting(standing, [td.under_way(order, "working", filled=0)])
    fill = told_fill(order, 300, at=OPEN - 30, trade="t-4")
    seen = account_seen(
        AT + 5,
        cash=CASH - 300 * 5_400,
        orders=(venue_order(order, "canceled", filled=300),),
        fills=(fill,),
        positions=(venue_position(300, 0, 300 * 5_400),),
    )
    desk.feed(seen, replace(seen, as_of=ns(AT + 20), received_at=ns(AT + 20)))
    assert desk.kept(FillKept) == []
    assert desk.state_of(order) == "cancelled"
    assert desk.state.desk.agreed


def test_after_the_lease_came_back_only_the_orders_of_the_store_are_known():
    """Another process ended the others meanwhile."""
    desk = td.opened(signal=td.QUIET)
    order = desk.works(resting(expires_at=ns(AT + 100)))
    desk.feed(td.disarmed(AT + 5), td.restored(AT + 30, epoch=3))
    assert desk.engine.orders_open == 0
    assert desk.state.orders.get(order.id) is None


def test_orders_of_the_next_start_have_its_number():
    desk = td.opened(account=td.restored(epoch=41), risk=RiskSettings())
    assert trades(desk)
    (order,) = sent(desk.asked)
    assert order.id == "n-41-1"


def test_how_the_start_before_ended_is_told():
    for clean, word in ((True, "in order"), (False, "without an orderly end")):
        intents = td.Desk().feed(td.restored(clean=clean))
        assert of_kind(intents, Note)[0].text.endswith(f"the start before ended {word}")


def test_what_was_under_way_is_kept_as_soon_as_it_is_known():
    order = ours(4, made_at=ns(OPEN - 60))
    desk = waiting(orders=[td.under_way(order, "submitted", order_id=None)])
    assert desk.state_of(order) == "uncertain"
    desk.feed(td.absent(order, as_of=AT, at=AT + 1))
    assert [(kept.id, kept.state) for kept in desk.kept(OrderKept)] == [(order.id, "absent")]


@pytest.mark.parametrize(("cash", "precision"), [(td.CASH, 10_000), (td.CASH + 1_700, 100)])
def test_how_finely_the_account_is_kept_is_what_its_balance_shows(cash, precision):
    """Not what is set for paper. Until parts of a cent were seen, fees are taken at their
    dearest.
    """
    desk = td.opened(account=td.restored(venue=True), paper=PaperSettings(account="direct"))
    desk.feed(td.account_seen(AT, cash=cash))
    assert guard.charges_of(desk.state, TICKER).precision == precision
    assert desk.state.focus.book.array[M_PRECISION] == precision


def test_a_fill_that_leaves_parts_of_a_cent_shows_it_too():
    desk = td.live(paper=PaperSettings(account="broker"))
    assert guard.charges_of(desk.state, TICKER).precision == 10_000
    order = desk.works(ours())
    desk.feed(told_fill(order, 1_000, fee=17_200))
    assert guard.charges_of(desk.state, TICKER).precision == 100


def test_on_paper_it_is_what_is_set():
    for account, precision in (("direct", 100), ("broker", 10_000)):
        desk = td.opened(paper=PaperSettings(account=account))
        desk.feed(*td.bought(1_000, 5_555))
        assert guard.charges_of(desk.state, TICKER).precision == precision
