"""Why did nothing trade? Counts, reasons and the nearest miss, of a window and of all."""

import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.entries import SettlementKept
from kalshi_assistant.domain.intents import Announce, Keep, Note, Report, Submit
from kalshi_assistant.domain.signals import VETO_CODE
from kalshi_assistant.domain.time import MINUTE
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.funnel import Funnel, Misses, counts_of, nearest_miss
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.quant import layout
from kalshi_assistant.quant.layout import new_market
from kalshi_assistant.strategy.delay import DelaySettings
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.momentum import MomentumSettings
from kalshi_assistant.strategy.signals import SignalSettings
from kalshi_assistant.strategy.sizing import SizingSettings
from tests.support import build
from tests.support import trading_desk as td
from tests.support.build import CLOSE, OPEN, STRIKE, TICKER, ns
from tests.unit.engine.test_engine import feed, of_kind

CHEAP = {"bids": ((1_000, 50_000),), "asks": ((1_200, 50_000),)}


def opened(sizing=None, **signal):
    """One minute into a window, with index, book and strike; P(YES) is about a half."""
    subject = Engine(
        EngineSettings(
            signal=SignalSettings(**signal),
            sizing=sizing or SizingSettings(),
            mode="paper",
        )
    )
    at = OPEN + 60
    feed(subject, build.armed(at), build.history(at), build.listed(at), build.book(at))
    feed(subject, build.printed(at, STRIKE), build.timer(at))
    return subject


def cheap(subject, at=OPEN + 62):
    """An ask forty cents below the number."""
    return feed(subject, build.book(at, **CHEAP), build.timer(at))


def window(subject):
    return subject.snapshot().funnel.window


def test_a_signal_carries_its_kind_its_size_and_its_evidence():
    intents = cheap(opened())
    (signal,) = (each.signal for each in of_kind(intents, Announce))
    (order,) = (each.order.what for each in of_kind(intents, Submit))
    assert signal.kind == order.kind == "baseline_gap"
    assert order.quantity == signal.edge.quantity
    assert order.quantity % 100 == 0
    evidence = dict(signal.evidence)
    assert evidence["p_market"] == pytest.approx(0.11)
    assert evidence["p_market"] < evidence["p_blend"] < evidence["p_model"] == signal.p_yes
    assert evidence["p_believed"] == evidence["p_blend"]
    assert (signal.edge.cost + signal.edge.fee) / 1e6 <= evidence["budget_dollars"]
    assert signal.edge.net < signal.p_yes - 0.12


def test_the_funnel_narrows_from_looks_to_orders():
    subject = opened()
    cheap(subject)
    feed(subject, *(build.timer(OPEN + 62 + k) for k in (1, 2)))
    counts = window(subject)
    assert counts.looks >= counts.numbers >= counts.candidates > counts.crossings == 1
    assert (counts.windows, counts.signals, counts.orders) == (1, 1, 1)
    assert counts.vetoes["already_fired"] >= 2
    assert counts.vetoes["edge_below_threshold"] >= 1


def test_a_view_counts_nothing():
    subject = opened()
    before = window(subject)
    assert window(subject) == before


def test_a_declined_crossing_is_counted_and_told_once():
    subject = opened(gap=GapSettings(enabled=False))
    said = cheap(subject)
    said += feed(subject, *(build.timer(OPEN + 63 + k) for k in range(3)))
    assert of_kind(said, Announce) == []
    (note,) = of_kind(said, Note)
    assert "too few reactions of the venue's book were seen" in note.text
    assert subject.snapshot().config in note.text
    counts = window(subject)
    assert counts.declined == {"reaction_not_measured": 4}
    assert counts.crossings == 1
    assert counts.nearest.because == "reaction_not_measured"
    assert counts.nearest.over > 0.3


def test_a_declined_side_is_never_asked_again_where_it_has_to_fall_back_first():
    subject = opened(gap=GapSettings(enabled=False), ask_again_seconds=0)
    cheap(subject)
    feed(subject, *(build.timer(OPEN + 63 + k) for k in range(3)))
    assert window(subject).declined == {"reaction_not_measured": 1}
    assert subject.snapshot().market.veto == "not_fallen_back"
    feed(subject, build.book(OPEN + 67), build.printed(OPEN + 67, STRIKE))
    cheap(subject, OPEN + 68)
    assert window(subject).declined == {"reaction_not_measured": 2}
    assert window(subject).crossings == 2


def test_a_size_of_nothing_is_a_reason():
    subject = opened(sizing=SizingSettings(max_risk_dollars=0.01))
    assert of_kind(cheap(subject), Announce) == []
    assert window(subject).declined == {"too_small_for_a_contract": 1}


def test_a_risk_block_stops_signals_by_its_name():
    subject = opened()
    at = ns(OPEN + 61)
    feed(subject, e.OperatorHalted(at, at, "the day has lost enough"))
    assert of_kind(cheap(subject), Announce) == []
    snapshot = subject.snapshot()
    assert snapshot.market.veto == "risk_blocked"
    assert snapshot.trading.closed_because == "person: the day has lost enough"
    later = ns(OPEN + 63)
    feed(subject, build.printed(OPEN + 63, STRIKE), e.OperatorCleared(later, later, "it has not"))
    assert of_kind(feed(subject, build.timer(OPEN + 63)), Announce) != []


def test_maintenance_within_the_lead_stops_signals_before_it_begins():
    subject = opened(maintenance_minutes=20)
    at = ns(OPEN + 61)
    start = at + 25 * MINUTE
    feed(subject, e.MaintenanceScheduled(at, at, ((start, start + 60 * MINUTE),)))
    feed(subject, build.timer(OPEN + 61))
    assert subject.snapshot().market.veto == "edge_below_threshold"
    near = OPEN + 61 + 301
    feed(subject, build.timer(near), build.printed(near, STRIKE), build.book(near))
    assert subject.snapshot().market.veto == "maintenance_near"
    assert subject.snapshot().exchange_says is None


def settled(at):
    return build.published(at, STRIKE + 1, "yes")


NIGHT = 1_793_509_200  # 2026-11-01T05:00:00Z: 1:00 in New York, for the first time


def at_night(subject, opens, value):
    """One minute into a window of that night, with a price forty cents off."""
    at = opens + 60
    feed(subject, build.armed(at), build.history(at), build.book(at, **CHEAP))
    terms = {"open_": opens, "close": opens + 900, "strike": value}
    return feed(subject, build.listed(at, **terms), build.printed(at, value), build.timer(at))


def test_of_two_windows_with_one_name_neither_is_traded_nor_corrects_the_other():
    subject = Engine(EngineSettings(mode="paper"))
    said = list(at_night(subject, NIGHT, STRIKE))
    assert subject.snapshot().market.veto == "name_repeats"
    said += feed(subject, build.published(NIGHT + 905, STRIKE + 1, "yes"))
    again = NIGHT + 3_600
    said += feed(subject, *(build.timer(at) for at in range(NIGHT + 910, again + 60, 30)))
    said += at_night(subject, again, STRIKE)
    assert subject.snapshot().market.veto == "name_repeats"
    assert subject.snapshot().market.close_time == ns(again + 900)
    said += feed(subject, build.published(again + 905, STRIKE - 1, "no"))
    assert of_kind(said, (Announce, Submit, Keep)) == []
    assert subject.trading_stopped_because is None


@pytest.mark.parametrize("opens", [NIGHT - 1_800, NIGHT])
def test_what_is_held_where_names_repeat_is_paid_out_all_the_same(opens):
    """Its close was moved to there, or it was bought by an older program."""
    desk, close = td.Desk(), opens + 900
    at = close - 300
    desk.feed(build.armed(at), build.history(at), build.listed(at, open_=opens, close=close))
    desk.feed(build.book(at), td.restored(at, standing=td.holding_standing(td.holding())))
    desk.feed(e.CloseTimeChanged(ns(at + 60), ns(at + 60), TICKER, ns(NIGHT + 900)))
    entries = [each.entry for each in of_kind(desk.feed(settled(NIGHT + 905)), Keep)]
    assert [each.ticker for each in entries if isinstance(each, SettlementKept)] == [TICKER]
    assert desk.state.ledger.holdings() == ()


def test_after_a_signal_the_other_side_waits():
    subject = opened(cool_down_seconds=30)
    cheap(subject)
    dear = build.book(OPEN + 63, bids=((8_800, 50_000),), asks=((9_000, 50_000),))
    said = feed(subject, dear, build.printed(OPEN + 63, STRIKE), build.timer(OPEN + 63))
    assert of_kind(said, Announce) == []
    assert subject.snapshot().market.veto == "cooling_down"
    later = build.printed(OPEN + 93, STRIKE), build.book(OPEN + 93, **vars_of(dear))
    (announced,) = of_kind(feed(subject, *later, build.timer(OPEN + 93)), Announce)
    assert announced.signal.edge.outcome == "no"


def vars_of(event):
    return {"bids": event.bids, "asks": event.asks}


def test_a_window_reports_its_nearest_miss_and_goes_into_the_totals():
    subject = opened()
    feed(subject, *(build.printed(CLOSE - 60 + k, STRIKE) for k in range(61)))
    said = feed(subject, build.timer(CLOSE + 1), build.published(CLOSE + 8, STRIKE, "yes"))
    (report,) = of_kind(said, Report)
    funnel = subject.snapshot().funnel
    assert report.window.nearest_miss == funnel.total.nearest
    assert report.window.nearest_miss.over < 0
    assert (funnel.total.windows, funnel.total.signals) == (1, 0)
    looks = funnel.total.looks
    feed(subject, build.timer(CLOSE + 9))
    assert subject.snapshot().funnel.total.looks == looks


def test_measured_latency_takes_the_place_of_the_assumed():
    subject = opened()
    quick, slow = [], []
    for seconds, found in ((0.01, quick), (1.0, slow)):
        subject._state.own_p95 = seconds
        feed(subject, build.timer(OPEN + 61))
        market = subject.snapshot().market
        found += [market.edge_yes.latency, market.edge_yes.net]
    assert quick[0] < slow[0]
    assert slow[1] == pytest.approx(quick[1] - (slow[0] - quick[0]))
    assert (slow[0] - 0.005) / (quick[0] - 0.005) == pytest.approx(10.0)


def leaning(subject, at):
    """Twenty prints upward, a book of bids, and takers of YES."""
    for k in range(20):
        feed(subject, build.printed(at + k, STRIKE + 60 * k))
    end = at + 20
    trade = e.TradeSeen(ns(end), ns(end), TICKER, "t1", 6_600, 1_000, "yes", False)
    book = build.book(end, bids=((500, 90_000),), asks=((700, 20_000),))
    return [*feed(subject, trade, book), *feed(subject, build.timer(end))]


def test_momentum_names_a_crossing_where_index_book_and_tape_agree():
    subject = opened(momentum=MomentumSettings(enabled=True))
    (announced,) = of_kind(leaning(subject, OPEN + 61), Announce)
    assert announced.signal.kind == "momentum"
    evidence = dict(announced.signal.evidence)
    assert evidence["index_sigmas"] > 1.5
    assert evidence["imbalance"] == pytest.approx(7 / 11)
    assert evidence["flow"] == 1.0


def quick_move(subject, at, follow_ms):
    """Two basis points within a fifth of a second, and the book's answer."""
    feed(subject, build.book(at), build.printed(at, STRIKE))
    move = e.IndexTicked(
        ns(at) + 200_000_000, ns(at) + 200_000_000, "BRTI", STRIKE + 1_900, "kalshi_5hz"
    )
    feed(subject, move)
    when = ns(at) + (200 + follow_ms) * 1_000_000
    feed(subject, e.BookDelta(when, when, TICKER, 0, 5_500, 10_000))
    feed(subject, build.printed(at + 1, STRIKE))


def test_the_venues_reaction_is_measured_while_index_and_book_go_by():
    subject = opened(delay=DelaySettings(min_reactions=2), threshold_dollars=0.9)
    for k, follow in enumerate((80, 120, 160)):
        quick_move(subject, OPEN + 70 + 10 * k, follow)
    samples = [round(each / 1e6) for each in subject._state.reaction.samples]
    assert [each for each in samples if each] == [80, 120, 160]


def test_delay_capture_fires_on_a_move_the_book_has_not_answered():
    subject = opened(
        delay=DelaySettings(min_reactions=1), gap=GapSettings(enabled=False), threshold_dollars=0.2
    )
    subject._state.own_p95 = 0.05
    quick_move(subject, OPEN + 70, 400)
    at = OPEN + 90
    feed(subject, build.book(at), build.printed(at, STRIKE))
    stamp = ns(at) + 200_000_000
    said = feed(subject, e.IndexTicked(stamp, stamp, "BRTI", STRIKE + 2_500, "kalshi_5hz"))
    (announced,) = of_kind(said, Announce)
    assert announced.signal.kind == "delay_capture"
    assert announced.signal.edge.outcome == "yes"
    assert dict(announced.signal.evidence)["move_bp"] == pytest.approx(2.74, abs=0.01)


def test_the_nearest_miss_of_a_declined_side_names_why():
    array, misses = new_market(), Misses()
    assert nearest_miss(array, misses) is None
    array[layout.M_NEAR_AT], array[layout.M_NEAR] = 7, 50_000
    array[layout.M_NEAR_VETO] = VETO_CODE["not_fallen_back"]
    misses.last["yes"] = "no_money"
    found = nearest_miss(array, misses)
    assert (found.over, found.outcome, found.because) == (0.05, "yes", "no_money")


def test_totals_are_sums_and_keep_the_nearest():
    total, array = Funnel(), new_market()
    array[layout.M_LOOKS], array[layout.M_NEAR_AT] = 5, 7
    array[layout.M_NEAR_VETO] = VETO_CODE["edge_below_threshold"]
    for near in (-20_000, -10_000, -30_000):
        array[layout.M_NEAR] = near
        total.add(counts_of(array, Misses(), 1, 0))
    counts = total.counts()
    assert (counts.windows, counts.looks, counts.signals) == (3, 15, 3)
    assert counts.nearest.over == -0.01
