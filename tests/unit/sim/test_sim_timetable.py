"""Names and times of windows, also on the nights when New York's clock changes."""

from dataclasses import replace

import pytest

from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND, parse_iso
from kalshi_assistant.market.calendar import QUARTER_HOUR
from kalshi_assistant.sim.settings import ExchangeSettings
from kalshi_assistant.sim.timetable import (
    BATCH_AT,
    contract_of,
    listed_at,
    listed_until,
    timetable,
)

OPEN = parse_iso("2026-11-21T17:00:00Z")
WELL = ExchangeSettings()


@pytest.mark.parametrize(
    ("opens", "ticker"),
    [
        ("2026-11-21T17:00:00Z", "KXBTC15M-26NOV211215-15"),
        ("2026-07-01T03:45:00Z", "KXBTC15M-26JUL010000-00"),
        ("2027-01-01T04:30:00Z", "KXBTC15M-26DEC312345-45"),
        ("2026-11-01T05:00:00Z", "KXBTC15M-26NOV010115-15"),
        ("2026-11-01T06:00:00Z", "KXBTC15M-26NOV010115-15"),
        ("2027-03-14T06:45:00Z", "KXBTC15M-27MAR140300-00"),
    ],
)
def test_a_ticker_is_the_close_by_new_yorks_clock(opens, ticker):
    contract = contract_of(parse_iso(opens))
    assert contract.ticker == ticker
    assert contract.event_ticker == ticker.rpartition("-")[0]


def test_a_market_is_listed_without_a_strike():
    contract = contract_of(OPEN)
    assert contract.strike is None
    assert contract.close_time - contract.open_time == 15 * MINUTE
    assert contract.on_grid(50)
    assert not contract.on_grid(1_050)


@pytest.mark.parametrize("seed", range(20))
def test_a_window_in_good_health_follows_the_venues_times(seed):
    times = timetable(WELL, seed, OPEN)
    after_close = [
        (at - times.close_time) / SECOND
        for at in (times.cleared_at, times.determined_at, times.settled_at)
    ]
    assert times.close_time == OPEN + QUARTER_HOUR
    assert 0.5 <= (times.strike_at - OPEN) / SECOND <= 0.7
    assert 0.02 <= after_close[0] <= 3.2
    assert 0.75 <= after_close[1] <= 1.35
    assert 6.5 <= after_close[2] <= 8.2
    assert (times.halted_at, times.resumed_at) == (None, None)
    assert all(at % 1_000 == 0 for at in (times.strike_at, times.settled_at))


@pytest.mark.parametrize("seed", range(10))
def test_a_fault_moves_only_its_own_time(seed):
    well = timetable(WELL, seed, OPEN)
    late = timetable(ExchangeSettings(strike_late=1.0, strike_late_seconds=20), seed, OPEN)
    never = timetable(ExchangeSettings(strike_never=1.0), seed, OPEN)
    halted = timetable(ExchangeSettings(halt=1.0, halt_seconds=60), seed, OPEN)
    assert late == replace(well, strike_at=well.strike_at + 20 * SECOND)
    assert never == replace(well, strike_at=None)
    assert halted == replace(
        well, halted_at=halted.halted_at, resumed_at=halted.halted_at + 60 * SECOND
    )
    assert OPEN < halted.halted_at < well.close_time


def test_shares_are_met():
    settings = ExchangeSettings(halt=0.3, strike_never=0.1)
    windows = [timetable(settings, 1, OPEN + number * QUARTER_HOUR) for number in range(2_000)]
    assert sum(each.halted_at is not None for each in windows) == pytest.approx(600, rel=0.1)
    assert sum(each.strike_at is None for each in windows) == pytest.approx(200, rel=0.2)


@pytest.mark.parametrize("hours", [1, 4, 24])
def test_batches_are_listed_once_an_hour_and_as_far_ahead_as_asked(hours):
    batch = OPEN + BATCH_AT
    assert listed_until(batch, hours) - listed_until(batch - 1, hours) == HOUR
    first = listed_until(batch - 1, hours)
    assert listed_at(first, hours) == batch
    assert first - OPEN == hours * HOUR
