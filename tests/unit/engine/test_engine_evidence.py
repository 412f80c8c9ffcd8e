"""Evidence, decisions and risk as the engine keeps and shows them."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.domain.intents import Announce, Keep, Submit
from kalshi_assistant.engine.page_views import DecisionView
from kalshi_assistant.risk.breakers import BREAKERS
from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from tests.support import build
from tests.support.build import CLOSE, TICKER
from tests.support.trading_desk import (
    AT,
    CHEAP,
    changed,
    halted,
    of_kind,
    opened,
    restored,
    told_fill,
)

DAY = "2026-11-21"


def fires(desk, at=AT + 10):
    """Quiet seconds, then a book so cheap that a signal fires."""
    desk.tend(at - 9, at - 1)
    return desk.feed(build.book(at, **CHEAP), build.timer(at))


def traded(desk):
    """The order of a signal and its fills under every assumption."""
    (submit,) = of_kind(fires(desk), Submit)
    order = submit.order.what
    for source in ("optimistic", "realistic", "conservative"):
        desk.feed(told_fill(order, order.quantity, trade=source, source=source, fee=10_000))
    desk.feed(changed("executed", order, filled=order.quantity))
    return order


def kept(desk):
    return desk.kept(EvidenceKept)


def view_of(desk, kind="baseline_gap"):
    return next(each for each in desk.engine.snapshot().evidence if each.kind == kind)


def test_a_signal_its_fills_and_its_result_are_kept():
    desk = opened()
    order = traded(desk)
    desk.feed(build.determined(CLOSE + 20, "yes"))
    first, *_, last = kept(desk)
    assert (first.signals, first.tallies, first.result) == (1, (), None)
    assert (last.result, last.counted, last.day) == ("yes", True, DAY)
    profits = dict(view_of(desk).profits)
    assert set(profits) == {"optimistic", "realistic", "conservative"}
    assert profits["conservative"] == desk.state.desk.policy_profit["conservative"]
    assert profits["realistic"] == desk.state.ledger.realized
    assert last.gain == pytest.approx(profits["conservative"] / 1e4 / order.quantity)


def test_what_is_kept_of_a_signal_comes_before_its_order():
    intents = fires(opened())
    kinds = [type(each) for each in intents if isinstance(each, Announce | Keep | Submit)]
    assert kinds[:3] == [Announce, Keep, Submit]


def test_a_watching_engine_scores_its_signals_and_keeps_nothing():
    desk = opened(armed=False, mode="watch")
    assert of_kind(fires(desk), Announce)
    desk.feed(build.determined(CLOSE + 20, "yes"))
    assert kept(desk) == []
    seen = view_of(desk)
    assert (seen.signals, seen.windows, seen.scored) == (1, 0, 1)
    assert seen.brier_model < seen.brier_market


def test_the_record_goes_on_over_a_restart_in_the_middle_of_a_window():
    before = opened()
    traded(before)
    account = replace(restored(at=AT + 5, epoch=2), unsettled=(kept(before)[-1],))
    after = opened(account=account)
    after.feed(build.determined(CLOSE + 20, "yes"))
    before.feed(build.determined(CLOSE + 20, "yes"))
    assert replace(kept(after)[-1], at=0) == replace(kept(before)[-1], at=0)


def test_every_kind_is_shown_before_anything_happened():
    shown = opened().engine.snapshot().evidence
    assert [each.kind for each in shown] == ["delay_capture", "momentum", "baseline_gap"]
    assert {each.verdict for each in shown} == {"no evidence"}
    assert {each.mean for each in shown} == {None}


# --- decisions ---


def decision(desk) -> DecisionView:
    return desk.engine.snapshot().decisions[0]


def test_a_decision_says_what_was_known_and_what_became_of_it():
    desk = opened()
    order = traded(desk)
    seen = decision(desk)
    assert (seen.ticker, seen.kind, seen.outcome, seen.order) == (
        TICKER, "baseline_gap", "yes", order.id,
    )  # fmt: skip
    assert seen.became.startswith("filled, ")
    assert (seen.strike, seen.best_bid, seen.best_ask) == (build.STRIKE, 1_000, 1_200)
    assert seen.p_market == pytest.approx(0.11)
    assert 0 < seen.p_yes < 1
    assert seen.config == desk.state.config
    costs = seen.edge.slippage + seen.edge.latency + seen.edge.haircut
    assert seen.edge.raw - costs - seen.edge.net > 0  # what is left is the fee


def test_an_order_that_risk_refused_says_so():
    desk = opened(risk=RiskSettings(canary_windows=0, min_cash_dollars=999.999))
    fires(desk)
    seen = decision(desk)
    assert (seen.kind, seen.order) == ("baseline_gap", None)
    assert seen.became.startswith("refused: the order could cost $")


def test_a_crossing_that_was_declined_says_why():
    desk = opened(signal=SignalSettings(gap=GapSettings(enabled=False)))
    fires(desk)
    seen = decision(desk)
    assert (seen.kind, seen.order, seen.became) == (None, None, "")
    assert seen.declined


def test_while_watching_a_decision_is_only_told():
    desk = opened(armed=False, mode="watch")
    fires(desk)
    assert decision(desk).became == "told only: nothing is traded in this mode"


# --- trades, curve, risk ---


def test_fills_and_payouts_are_remembered_for_the_page_of_the_past():
    desk = opened()
    order = traded(desk)
    desk.feed(build.determined(CLOSE + 20, "yes"))
    snapshot = desk.engine.snapshot()
    (trade,) = snapshot.trades
    assert (trade.outcome, trade.price, trade.quantity) == ("yes", order.limit, order.quantity)
    ((_, profit),) = snapshot.curve
    assert profit == desk.state.ledger.realized


def test_limits_show_what_is_used_of_them():
    desk = opened(risk=RiskSettings(canary_windows=0))
    order = traded(desk)
    risk = desk.engine.snapshot().risk
    limits = {each.name: each for each in risk.limits}
    cost = order.limit * order.quantity
    assert limits["max_open_dollars"].used == risk.worst >= cost
    assert limits["max_window_dollars"].used >= risk.worst
    assert limits["max_open_dollars"].left == 60_000_000 - risk.worst
    assert limits["max_orders_per_minute"].used == 1
    assert limits["max_order_dollars"].used is None
    (exposed,) = risk.exposures
    assert (exposed.ticker, exposed.position) == (TICKER, order.quantity)
    assert exposed.loss_if_no >= cost > 0 > exposed.loss_if_yes


def test_in_the_canary_the_limits_of_sizes_are_small():
    limits = {each.name: each for each in opened(risk=RiskSettings()).engine.snapshot().risk.limits}
    assert limits["max_order_dollars"].limit * 10 == limits["max_order_dollars"].setting
    assert limits["max_open_dollars"].limit == limits["max_open_dollars"].setting


def test_every_breaker_is_shown_and_an_open_one_says_why():
    desk = opened()
    desk.feed(halted(AT, "enough for today"))
    shown = {each.name: each for each in desk.engine.snapshot().risk.breakers}
    assert len(shown) == len(BREAKERS)
    assert (shown["person"].state, shown["person"].reason) == ("open", "enough for today")
    assert shown["kill"].state == "closed"
    assert shown["person"].keeps == "keeps exits, take-profits and cancels"


def test_while_watching_there_is_no_risk():
    assert opened(armed=False, mode="watch").engine.snapshot().risk is None
