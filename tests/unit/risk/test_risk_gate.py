"""Only what every limit and breaker allows is approved, and only for a moment."""

import pytest

from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import MILLISECOND
from kalshi_assistant.risk.breakers import Breakers
from kalshi_assistant.risk.exposure import Exposure
from kalshi_assistant.risk.gate import approve, too_late
from kalshi_assistant.risk.limits import Refused, RiskSettings
from tests.support.risk import NOON, entry, exit_order, look, take_profit

SETTINGS = RiskSettings()
HELD = {"position": 1_000, "window": Exposure(-5_000_000, 5_000_000)}


def ask(order, seen=None, *halts, settings=SETTINGS):
    breakers = Breakers(settings)
    for who in halts:
        breakers.halted_by(who, "because", NOON)
    return approve(order, look() if seen is None else seen, breakers, settings, NOON)


def test_an_approval_is_for_a_quarter_of_a_second():
    assert ask(entry()) == Approved(entry(), NOON + 250 * MILLISECOND)


def test_a_halt_by_a_person_stops_entries_and_keeps_exits():
    assert ask(entry(), None, "person").name == "person"
    assert isinstance(ask(exit_order(ASK), look(**HELD), "person"), Approved)
    assert isinstance(ask(take_profit(ASK), look(**HELD), "person"), Approved)


def test_the_kill_command_stops_exits_too():
    assert ask(entry(), None, "kill", "person").name == "kill"
    assert ask(exit_order(ASK), look(**HELD), "kill").name == "kill"
    assert ask(take_profit(ASK), look(**HELD), "kill").name == "kill"


def test_a_ledger_that_differs_leaves_only_what_the_venue_caps():
    breakers = Breakers(SETTINGS)
    breakers.ledger_differs("cash is off by $1", NOON)
    names = [
        getattr(approve(order, look(**HELD), breakers, SETTINGS, NOON), "name", "approved")
        for order in (entry(), take_profit(ASK), exit_order(ASK))
    ]
    assert names == ["ledger_differs", "ledger_differs", "approved"]


def test_a_refusal_by_a_breaker_says_what_stops_what_stays_and_how_it_ends():
    reason = ask(entry(), None, "person").reason
    assert reason == (
        "person: because; blocks new entries, keeps exits, take-profits and cancels; closes: "
        "a person clears it, with a reason; until then it stays, over restarts too"
    )


def test_nothing_leaves_unarmed_exits_included():
    seen = look(armed=False, disarmed_because="the lease was lost", **HELD)
    for order in (entry(), exit_order(ASK), take_profit(ASK)):
        assert ask(order, seen) == Refused("not_armed", "trading is not armed: the lease was lost")


def test_unarmed_goes_before_breakers_and_those_before_limits():
    wild = entry(quantity=10**9)
    assert ask(wild, look(armed=False), "person").name == "not_armed"
    assert ask(wild, None, "person").name == "person"
    assert ask(wild).name == "min_cash_dollars"


@pytest.mark.parametrize(
    ("after", "answer"),
    [
        (-501, "too_old"),
        (-500, None),
        (-1, None),
        (0, None),
        (250, None),
        (251, "too_old"),
        (86_400_000, "too_old"),
    ],
)
def test_an_approval_ends_and_a_clock_that_went_back_ends_it_too(after, answer):
    approved = ask(entry())
    shift = 250 if after < 0 else 0
    at = NOON + (after + shift) * MILLISECOND
    assert too_late(approved, 5_000, SETTINGS, at) == answer


@pytest.mark.parametrize(
    ("side", "best", "answer"),
    [
        (BID, 5_000, None),
        (BID, 5_400, None),
        (BID, 4_700, None),
        (BID, 4_699, "price_moved"),
        (ASK, 5_300, None),
        (ASK, 5_301, "price_moved"),
        (ASK, 4_600, None),
        (BID, None, "price_moved"),
    ],
)
def test_the_collar_is_held_against_the_price_at_the_socket(side, best, answer):
    approved = ask(entry(side))
    assert too_late(approved, best, SETTINGS, NOON) == answer


def test_an_exit_is_held_to_its_age_alone():
    approved = ask(exit_order(ASK, limit=1), look(**HELD))
    assert too_late(approved, None, SETTINGS, NOON) is None
    assert too_late(approved, 9_000, SETTINGS, NOON + 250 * MILLISECOND) is None
    assert too_late(approved, 9_000, SETTINGS, NOON + 250 * MILLISECOND + 1) == "too_old"
