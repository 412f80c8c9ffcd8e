"""Minutes of a market as candles."""

from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.sim.candles import CandleTape
from kalshi_assistant.sim.documents import Span

START = 1_795_280_400 * SECOND


def tape():
    """Bid 0.54, then 0.56, then 0.55; one trade of 2 at 0.56 and one of 6 at 0.58."""
    made = CandleTape(START, 5_400, 5_700)
    made.quoted(START + SECOND, 5_600, 5_700, 0)
    made.traded(START + 2 * SECOND, 5_600, 200, 200)
    made.traded(START + 3 * SECOND, 5_800, 600, 700)
    made.quoted(START + 4 * SECOND, 5_500, 5_900, 700)
    return made


def between(made, minutes, period=1, now=None):
    made.roll(START + minutes * MINUTE if now is None else now, 700)
    return made.between(START, START + minutes * MINUTE, period)


def test_a_candle_has_the_first_highest_lowest_and_last_price():
    (candle,) = between(tape(), 1)
    assert candle.end == START + MINUTE
    assert candle.bid == Span(5_400, 5_600, 5_400, 5_500)
    assert candle.ask == Span(5_700, 5_900, 5_700, 5_900)
    assert candle.price == Span(5_600, 5_800, 5_600, 5_800)
    assert (candle.volume, candle.open_interest, candle.previous) == (800, 700, None)


def test_the_mean_price_is_weighted_by_quantity():
    (candle,) = between(tape(), 1)
    assert candle.mean == (5_600 * 200 + 5_800 * 600) // 800


def test_a_minute_without_a_trade_has_no_price_but_the_one_before():
    quiet = between(tape(), 3)[2]
    assert (quiet.price, quiet.mean, quiet.previous, quiet.volume) == (None, None, 5_800, 0)
    assert quiet.bid == Span(5_500, 5_500, 5_500, 5_500)


def test_a_minute_that_is_not_over_has_no_candle():
    assert between(tape(), 1, now=START + MINUTE - 1) == []


def test_an_hour_is_its_minutes_joined():
    made = tape()
    made.traded(START + 70 * SECOND, 5_000, 800, 900)
    (hour,) = between(made, 60, 60)
    assert hour.end == START + 60 * MINUTE
    assert hour.price == Span(5_600, 5_800, 5_000, 5_000)
    assert (hour.volume, hour.mean) == (1_600, (5_750 * 800 + 5_000 * 800) // 1_600)


def test_only_candles_within_the_span_are_given():
    made = tape()
    made.roll(START + 5 * MINUTE, 0)
    ends = [each.end for each in made.between(START + 2 * MINUTE, START + 3 * MINUTE, 1)]
    assert ends == [START + 2 * MINUTE, START + 3 * MINUTE]
