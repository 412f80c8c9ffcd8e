"""What trips each breaker, what it stops, and that only the right thing closes it."""

import pytest

from kalshi_assistant.domain.entries import Halt
from kalshi_assistant.domain.time import DAY, MINUTE, SECOND, parse_iso
from kalshi_assistant.risk.breakers import (
    BREAKER_LIFE,
    BREAKERS,
    KEEPS_IN_WORDS,
    STEPS,
    STOPS_IN_WORDS,
    Breakers,
    advance,
    breaker_of,
    closes,
    in_words,
    opens,
    stays,
)
from kalshi_assistant.risk.limits import RiskSettings
from tests.support.generated import diagram

SETTINGS = RiskSettings(
    max_losses_in_a_row=3,
    max_errors_per_minute=2,
    max_rejects_per_minute=2,
    max_day_loss_dollars=50,
)
NOW = parse_iso("2026-11-21T17:00:00Z")
DOLLAR = 1_000_000
RICH = 1_000 * DOLLAR


@pytest.fixture
def breakers():
    return Breakers(SETTINGS)


def names(halts):
    return [halt.breaker for halt in halts]


def blocked(breakers, now=NOW, purpose="entry"):
    found = breakers.blocks(purpose, now)
    return None if found is None else found.breaker


def lose(breakers, times, now=NOW, pnl=-DOLLAR):
    return [halt for _ in range(times) for halt in breakers.window_settled(pnl, now)]


# --- the table ---


def test_the_table_is_closed_and_drawable():
    assert advance("closed", "tripped") == "open"
    assert advance("closed", "cleared") is None
    assert advance("cooling", "eased") is None
    steps = {step for _, step in BREAKER_LIFE}
    assert steps == frozenset().union(*STEPS.values())
    assert "open --> cooling: eased" in diagram(BREAKER_LIFE)


def test_a_halt_never_cools_and_every_kind_can_close():
    assert not {"eased", "cooled"} & STEPS["halt"]
    assert "cleared" not in STEPS["guard"]
    assert {breaker.kind for breaker in BREAKERS} == set(STEPS)


def test_every_breaker_has_a_name_of_its_own_and_says_what_it_does():
    assert len({breaker.name for breaker in BREAKERS}) == len(BREAKERS)
    for breaker in BREAKERS:
        assert STOPS_IN_WORDS[breaker.stops]
        assert KEEPS_IN_WORDS[breaker.stops]
        assert "{" not in opens(breaker, SETTINGS) + closes(breaker, SETTINGS)
    assert opens(breaker_of("day_loss"), SETTINGS).startswith("the New York day has lost $50.00")


# --- losses in a row ---


def test_a_row_of_losses_pauses_entries_and_ends_by_itself(breakers):
    assert lose(breakers, 2) == []
    assert names(lose(breakers, 1)) == ["losses_in_a_row"]
    assert blocked(breakers, NOW + 60 * MINUTE - 1) == "losses_in_a_row"
    assert blocked(breakers, NOW, "exit") is None
    assert blocked(breakers, NOW + 60 * MINUTE) is None
    assert names(breakers.lapsed(NOW + 60 * MINUTE)) == ["losses_in_a_row"]
    assert breakers.losses_in_a_row == 0


def test_small_results_neither_count_nor_break_a_row(breakers):
    lose(breakers, 2)
    assert lose(breakers, 9, pnl=-499_999) == []
    assert lose(breakers, 9, pnl=499_999) == []
    assert names(lose(breakers, 1, pnl=-500_000)) == ["losses_in_a_row"]


def test_a_real_win_breaks_the_row(breakers):
    lose(breakers, 2)
    lose(breakers, 1, pnl=500_000)
    assert lose(breakers, 2) == []
    assert names(lose(breakers, 1)) == ["losses_in_a_row"]


def test_a_window_without_result_in_money_is_no_win():
    breakers = Breakers(RiskSettings(max_losses_in_a_row=2, small_loss_dollars=0))
    lose(breakers, 1)
    lose(breakers, 1, pnl=0)
    assert names(lose(breakers, 1, pnl=-1)) == ["losses_in_a_row"]


def test_more_losses_while_paused_prolong_the_pause(breakers):
    lose(breakers, 3)
    later = NOW + 30 * MINUTE
    assert lose(breakers, 3, later) == []
    assert blocked(breakers, later + 60 * MINUTE - 1) == "losses_in_a_row"
    assert breakers.cooling_until == later + 60 * MINUTE


# --- errors and rejects ---


def test_errors_of_a_minute_pause_and_those_of_longer_do_not(breakers):
    spread = [breakers.error(NOW + i * 30 * SECOND) for i in range(8)]
    assert [names(each) for each in spread] == [[]] * 8
    last = NOW + 7 * 30 * SECOND
    assert names(breakers.error(last)) == ["errors"]
    assert blocked(breakers, last) == "errors"
    assert blocked(breakers, last + 5 * MINUTE) is None
    assert names(breakers.error(last + 5 * MINUTE)) == []


def test_refused_orders_are_a_halt(breakers):
    assert [names(breakers.rejected(NOW)) for _ in range(3)] == [[], [], ["rejects"]]
    assert blocked(breakers, NOW + 365 * DAY) == "rejects"
    assert breakers.cleared("wrong subaccount, mended", NOW)
    assert names(breakers.rejected(NOW)) == []


# --- day and drawdown ---


def test_a_day_s_loss_halts_at_its_limit(breakers):
    assert breakers.equity(RICH, RICH, -50 * DOLLAR + 1, NOW) == ()
    assert names(breakers.equity(RICH, RICH, -50 * DOLLAR, NOW)) == ["day_loss"]
    assert breakers.equity(RICH, RICH, -60 * DOLLAR, NOW) == ()


def test_a_drawdown_halts_and_no_win_lifts_it(breakers):
    assert breakers.equity(800 * DOLLAR + 1, RICH, 0, NOW) == ()
    (halt,) = breakers.equity(800 * DOLLAR, RICH, 0, NOW)
    assert halt.reason == "equity $800.00 is 20.0% below its peak $1000.00"
    breakers.equity(RICH, RICH, 200 * DOLLAR, NOW + 1)
    lose(breakers, 1, pnl=200 * DOLLAR)
    assert blocked(breakers, NOW + DAY) == "drawdown"


def test_what_awaits_its_result_is_no_reason_for_a_halt(breakers):
    assert breakers.equity(0, RICH, -RICH, NOW, awaiting=True) == ()
    assert names(breakers.equity(0, RICH, -RICH, NOW)) == ["day_loss", "drawdown"]


MIDNIGHT = parse_iso("2026-11-22T05:00:00Z")


def test_the_next_day_lifts_a_day_s_halt_only_where_it_is_told_to():
    for ends in (False, True):
        settings = RiskSettings(day_loss_ends_with_day=ends)
        breakers = Breakers(settings)
        (halt,) = breakers.equity(RICH, RICH, -100 * DOLLAR, NOW)
        assert breakers.new_day(MIDNIGHT - 1) == ()
        assert breakers.new_day(MIDNIGHT) == ((halt,) if ends else ())
        assert blocked(breakers, MIDNIGHT) == (None if ends else "day_loss")
        assert ("midnight" in closes(breaker_of("day_loss"), settings)) is ends


def test_no_new_day_lifts_a_drawdown():
    breakers = Breakers(RiskSettings(day_loss_ends_with_day=True))
    breakers.equity(1, RICH, 0, NOW)
    assert breakers.new_day(MIDNIGHT) == ()
    assert blocked(breakers, MIDNIGHT) == "drawdown"


# --- stale data ---


def test_stale_data_blocks_until_it_was_fresh_for_a_while(breakers):
    assert names(breakers.stale(True, NOW)) == ["stale_data"]
    assert breakers.stale(True, NOW + 1) == ()
    assert blocked(breakers, NOW + DAY) == "stale_data"
    assert blocked(breakers, NOW, "exit") is None
    breakers.stale(False, NOW + SECOND)
    breakers.stale(False, NOW + 3 * SECOND)  # told again: the wait does not begin anew
    assert blocked(breakers, NOW + 6 * SECOND - 1) == "stale_data"
    assert blocked(breakers, NOW + 6 * SECOND) is None


def test_data_stale_again_while_waiting_waits_again(breakers):
    breakers.stale(True, NOW)
    breakers.stale(False, NOW + SECOND)
    breakers.stale(True, NOW + 2 * SECOND)
    assert blocked(breakers, NOW + DAY) == "stale_data"


def test_nobody_clears_stale_data(breakers):
    breakers.stale(True, NOW)
    assert breakers.cleared("it looks fine to me", NOW) == ()
    assert blocked(breakers) == "stale_data"


# --- people ---


@pytest.mark.parametrize(
    ("trip", "name"),
    [
        (lambda each: each.halted_by("person", "lunch", NOW), "person"),
        (lambda each: each.halted_by("kill", "fire", NOW), "kill"),
        (lambda each: each.mismatch("ours 1, theirs 2", NOW), "settlement_mismatch"),
        (lambda each: each.foreign("order x", NOW), "foreign"),
        (lambda each: each.ledger_differs("cash", NOW), "ledger_differs"),
    ],
)
def test_halts_stay_until_a_person_clears_them_with_a_reason(breakers, trip, name):
    (halt,) = trip(breakers)
    assert (halt.breaker, stays(name), breakers.halts) == (name, True, (halt,))
    assert trip(breakers) == ()
    breakers.lapsed(NOW + 365 * DAY)
    for nothing in ("", "  \n"):
        assert breakers.cleared(nothing, NOW) == ()
    assert blocked(breakers, NOW + 365 * DAY) == name
    assert breakers.cleared("looked into it", NOW) == (halt,)
    assert blocked(breakers) is None
    assert trip(breakers) == (halt,)


def test_clearing_ends_pauses_and_begins_counts_anew(breakers):
    lose(breakers, 3)
    lose(breakers, 2)
    for _ in range(3):
        breakers.error(NOW)
    assert names(breakers.cleared("go on", NOW)) == ["losses_in_a_row", "errors"]
    assert breakers.error(NOW) == ()
    assert lose(breakers, 2) == []
    assert breakers.cooling_until == 0


def test_the_breaker_that_stops_most_is_named_first(breakers):
    breakers.rejected(NOW)
    breakers.stale(True, NOW)
    breakers.halted_by("person", "a", NOW)
    breakers.ledger_differs("b", NOW)
    assert blocked(breakers) == "ledger_differs"
    breakers.halted_by("kill", "c", NOW)
    assert blocked(breakers) == "kill"
    assert blocked(breakers, purpose="exit") == "kill"


# --- over a restart, and on a screen ---


def test_halts_and_the_pause_of_losses_survive_a_restart(breakers):
    lose(breakers, 3)
    lose(breakers, 2)
    breakers.mismatch("x", NOW)
    again = Breakers(SETTINGS)
    again.restore(breakers.halts, breakers.losses_in_a_row, breakers.cooling_until)
    assert again.halts == breakers.halts
    assert again.losses_in_a_row == 2
    assert names(again.cleared("seen", NOW)) == ["settlement_mismatch", "losses_in_a_row"]
    third = Breakers(SETTINGS)
    third.restore((), breakers.losses_in_a_row, breakers.cooling_until)
    assert blocked(third, breakers.cooling_until - 1) == "losses_in_a_row"
    assert blocked(third, breakers.cooling_until) is None


def test_a_halt_of_another_version_is_a_halt_that_a_person_can_clear(breakers):
    strange = Halt("sunspots", "too many", NOW)
    breakers.restore([strange])
    assert blocked(breakers, NOW + DAY) == "sunspots"
    assert blocked(breakers, NOW, "take_profit") == "sunspots"
    assert blocked(breakers, NOW, "exit") is None
    assert "not known" in breaker_of("sunspots").opens
    assert in_words(strange, SETTINGS).startswith("sunspots: too many; blocks new entries")
    assert breakers.shown(NOW)[-1].name == "sunspots"
    assert breakers.cleared("old", NOW) == (strange,)


def test_a_screen_sees_every_breaker_with_its_end(breakers):
    lose(breakers, 3)
    breakers.foreign("order x", NOW)
    shown = {each.name: each for each in breakers.shown(NOW)}
    assert list(shown) == [breaker.name for breaker in BREAKERS]
    assert shown["losses_in_a_row"].until == NOW + 60 * MINUTE
    assert (shown["foreign"].state, shown["foreign"].reason) == ("open", "order x")
    assert shown["kill"].state == "closed"
    later = {each.name: each for each in breakers.shown(NOW + 60 * MINUTE)}
    assert later["losses_in_a_row"].state == "closed"
