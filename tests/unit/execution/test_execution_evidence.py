"""What signals have brought: every fill to its kind, every window once, also over a restart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.execution.evidence import OPEN_MAX, Evidence, days_of
from kalshi_assistant.execution.ledger import Ledger
from tests.support.trading import CASH, NOON, fill, order
from tests.support.views import edge, signal

MONDAY, TUESDAY, WEDNESDAY = "2026-11-23", "2026-11-24", "2026-11-25"
GAP = "baseline_gap"


def fired(ticker="T", kind=GAP, **more):
    return signal(ticker=ticker, kind=kind, made_at=NOON, **more)


def entry(kind=GAP, number=1, **more):
    return order(number, kind=kind, **more)


def under(policy, told):
    return replace(told, source=policy)


def bought(evidence, ticker="T", policy="conservative", price=5_000, quantity=1_000, fee=0, **more):
    told = under(policy, fill(1, price=price, quantity=quantity, fee=fee, ticker=ticker, **more))
    return evidence.filled(told, entry(ticker=ticker))


def window(evidence, ticker, day, result, price=5_000):
    """A window with a signal, a fill and a result."""
    evidence.signalled(fired(ticker), day, 0.5)
    bought(evidence, ticker, price=price)
    return evidence.settled(ticker, result, NOON, venue=False)


def test_a_window_brings_its_outcome_less_price_and_fee():
    evidence = Evidence()
    evidence.signalled(fired(), MONDAY, 0.55)
    bought(evidence, price=5_600, quantity=1_000, fee=170_000)
    (kept,) = evidence.settled("T", "yes", NOON, venue=False)
    assert kept.gain == 0.423
    assert kept.counted
    (day,) = evidence.days(GAP)
    assert (day.signals, day.windows, day.counted) == (1, 1, 1)
    assert day.policies == (("conservative", 4_230_000),)


def test_buying_no_is_told_as_selling_yes():
    evidence = Evidence()
    evidence.signalled(fired(), MONDAY, 0.55)
    bought(evidence, price=5_600, side=ASK)
    (kept,) = evidence.settled("T", "no", NOON, venue=False)
    assert kept.gain == 0.56


def test_only_the_careful_assumption_is_evidence_and_the_others_are_the_range():
    evidence = Evidence()
    evidence.signalled(fired(), MONDAY, 0.55)
    bought(evidence, policy="optimistic", quantity=1_000)
    bought(evidence, policy="realistic", quantity=500)
    (kept,) = evidence.settled("T", "yes", NOON, venue=False)
    assert kept.gain is None
    assert not kept.counted
    (day,) = evidence.days(GAP)
    assert day.windows == 0
    assert dict(day.policies) == {"optimistic": 5_000_000, "realistic": 2_500_000}


def test_with_an_account_its_own_fills_are_the_evidence():
    evidence = Evidence()
    evidence.signalled(fired(), MONDAY, 0.55)
    bought(evidence, policy="venue")
    (kept,) = evidence.settled("T", "yes", NOON, venue=True)
    assert kept.gain == 0.5


def test_an_exit_belongs_to_the_last_entry_of_its_window():
    evidence = Evidence()
    evidence.signalled(fired(kind="momentum"), MONDAY, 0.55)
    evidence.signalled(fired(kind=GAP), MONDAY, 0.55)
    evidence.filled(under("conservative", fill(1, price=5_000)), entry("momentum"))
    evidence.filled(under("conservative", fill(2, price=6_000)), entry(GAP))
    out = order(3, side=ASK, purpose="exit", kind="stop")
    evidence.filled(under("conservative", fill(3, side=ASK, price=4_000)), out)
    by_kind = {each.kind: each for each in evidence.settled("T", "no", NOON, venue=False)}
    assert by_kind[GAP].gain == -0.2
    assert by_kind["momentum"].gain == -0.5


def test_a_fill_without_a_signal_behind_it_is_nobodys():
    evidence = Evidence()
    assert bought(evidence) is None
    evidence.signalled(fired("other"), MONDAY, None)
    assert bought(evidence) is None


def test_a_result_told_twice_counts_once():
    evidence = Evidence()
    assert len(window(evidence, "T", MONDAY, "yes")) == 1
    assert evidence.settled("T", "yes", NOON, venue=False) == ()
    assert bought(evidence) is None  # and a fill told afterwards is late


def test_claims_are_scored_against_the_result_where_the_market_had_a_price():
    evidence = Evidence()
    evidence.signalled(fired(p_yes=0.7), MONDAY, 0.6)
    evidence.signalled(fired(p_yes=0.9), MONDAY, None)
    evidence.settled("T", "no", NOON, venue=False)
    (day,) = evidence.days(GAP)
    assert day.scored == 1
    assert (round(day.model, 6), round(day.market, 6)) == (0.49, 0.36)


def test_the_verdict_moves_when_the_day_is_over_and_settled():
    evidence = Evidence()
    window(evidence, "a", MONDAY, "yes")
    assert evidence.finding(GAP, MONDAY).windows == 0
    assert evidence.finding(GAP, TUESDAY).windows == 1
    evidence.signalled(fired("late"), MONDAY, 0.5)
    assert evidence.finding(GAP, TUESDAY).windows == 0
    evidence.settled("late", "no", NOON, venue=False)
    assert evidence.finding(GAP, TUESDAY).windows == 1


def test_no_more_windows_of_a_day_are_counted_than_the_days_before_allow():
    evidence = Evidence()
    for number in range(10):
        window(evidence, f"a{number}", MONDAY, "yes")
    (monday,) = evidence.days(GAP)
    assert (monday.windows, monday.counted) == (10, 8)
    for number in range(12):
        window(evidence, f"b{number}", TUESDAY, "yes")
    assert [day.counted for day in evidence.days(GAP)] == [8, 10]
    assert evidence.finding(GAP, WEDNESDAY).windows == 18


def test_windows_without_a_result_are_bounded():
    evidence = Evidence()
    for number in range(OPEN_MAX + 5):
        evidence.signalled(fired(f"t{number}"), MONDAY, None)
    assert evidence.waiting(GAP) == OPEN_MAX


FILL = st.tuples(
    st.sampled_from((BID, ASK)),
    st.integers(1, 9_999),
    st.integers(1, 5_000),
    st.integers(0, 20_000),
)


@given(fills=st.lists(FILL, min_size=1, max_size=12), result=st.sampled_from(("yes", "no")))
def test_profit_is_that_of_the_ledger(fills, result):
    evidence, ledger = Evidence(), Ledger(CASH)
    evidence.signalled(fired(), MONDAY, None)
    for number, (side, price, quantity, fee) in enumerate(fills):
        told = under("conservative", fill(number, side, price, quantity, fee))
        ledger.fill(told, None)
        evidence.filled(told, entry(number=number))
    evidence.settled("T", result, NOON, venue=False)
    (day,) = evidence.days(GAP)
    assert day.policies == (("conservative", ledger.settle("T", result, NOON).pnl),)


STEP = st.tuples(
    st.sampled_from(("signal", "fill", "settle")),
    st.sampled_from(("a", "b", "c")),
    st.sampled_from(("yes", "no")),
    st.integers(1_000, 9_000),
)


def lived(evidence, steps, rows):
    """Steps of a life; what is to be kept goes to ``rows``, a later row in place of an earlier."""
    for what, ticker, result, price in steps:
        found = ()
        if what == "signal":
            found = (evidence.signalled(fired(ticker), MONDAY, price / 10_000),)
        elif what == "fill":
            found = (bought(evidence, ticker, price=price),)
        else:
            found = evidence.settled(ticker, result, NOON, venue=False)
        for kept in found:
            if kept is not None:
                rows.append(kept)


@given(before=st.lists(STEP, max_size=25), after=st.lists(STEP, max_size=15))
def test_a_restart_changes_nothing(before, after):
    """A window traded again under the same name is another row here, as the store never sees."""
    unbroken, rows = Evidence(), []
    lived(unbroken, before, rows)
    settled = [row for row in rows if row.result is not None]
    newest = {}
    for row in rows:
        newest[row.ticker, row.kind] = row
    running = [row for row in newest.values() if row.result is None]
    again = Evidence.restore(days_of(settled), running)
    lived(unbroken, after, [])
    lived(again, after, [])
    assert list(again.days(GAP)) == list(unbroken.days(GAP))
    assert again.total(GAP) == unbroken.total(GAP)
    assert again.waiting(GAP) == unbroken.waiting(GAP)
    assert again.finding(GAP, TUESDAY) == unbroken.finding(GAP, TUESDAY)


def test_a_signal_says_what_it_was_made_of():
    kept = Evidence().signalled(fired(edge=edge()), MONDAY, 0.5)
    assert (kept.signals, kept.claims, kept.result) == (1, ((0.6291, 0.5),), None)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_result_that_changes_counts_as_the_right_one_alone_would_have(restarted):
    changed, right = Evidence(), Evidence()
    for evidence in (changed, right):
        window(evidence, "S", MONDAY, "yes")
        evidence.signalled(fired(), MONDAY, 0.55)
        bought(evidence, policy="conservative", price=5_600, quantity=1_000, fee=170_000)
        bought(evidence, policy="realistic", quantity=500)
    wrong = changed.settled("T", "yes", NOON, venue=False)
    (never,) = right.settled("T", "no", NOON, venue=False)
    if restarted:
        before = window(Evidence(), "S", MONDAY, "yes")
        changed = Evidence.restore(days_of((*before, *wrong)), (), wrong)
    assert changed.correct("T", "no", NOON, venue=False) == (never,)
    for mine, theirs in (
        (changed.total(GAP), right.total(GAP)),
        *zip(changed.days(GAP), right.days(GAP), strict=True),
    ):
        floats = ("total", "model", "market")
        exact = [n for n in mine.__struct_fields__ if n not in floats]
        assert [getattr(mine, n) for n in exact] == [getattr(theirs, n) for n in exact]
        assert [getattr(mine, n) for n in floats] == pytest.approx(
            [getattr(theirs, n) for n in floats]
        )
    assert changed.correct("another", "no", NOON, venue=False) == ()
