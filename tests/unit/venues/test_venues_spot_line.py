"""One constituent's line: connections, silence, nonsense, and what the replica may use."""

import pytest

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.venues.spot.bullish import BullishWire
from kalshi_assistant.venues.spot.coinbase import CoinbaseWire
from kalshi_assistant.venues.spot.line import LineSettings, SpotLine
from tests.support.spot_frames import coinbase_snapshot, coinbase_update

NOW = 1_795_281_000 * SECOND
SNAPSHOT = coinbase_snapshot(0, bids=(("84000", "1"),), asks=(("84001", "2"),))


def at(seconds):
    return NOW + int(seconds * SECOND)


def line(wire=None, **settings):
    return SpotLine(wire or CoinbaseWire(), LineSettings(**settings), stream(1, "line"))


def opened(wire=None, **settings):
    made = line(wire, **settings)
    made.connect(NOW)
    made.opened(NOW)
    return made


def state(made):
    return made.health(None, None).state


def test_it_connects_says_what_the_wire_wants_and_its_book_is_known_with_the_snapshot():
    made = line()
    assert made.wants_connection(NOW)
    assert state(made) == "waiting"
    made.connect(NOW)
    assert not made.wants_connection(NOW)
    made.opened(NOW)
    assert any(b"level2" in frame for frame in made.to_send())
    assert made.seen().levels is None
    made.receive(SNAPSHOT, at(0.1))
    seen = made.seen()
    assert (seen.name, seen.believed, seen.retrieved_at) == ("coinbase", True, at(0.1))
    assert seen.levels.bid_prices.tolist() == [840_000_000]
    assert state(made) == "up"


def test_a_gap_makes_the_book_unknown_and_ends_the_connection():
    made = opened()
    made.receive(SNAPSHOT, at(0.1))
    made.receive(coinbase_update(5, bids=(("84000", "3"),)), at(0.2))
    assert made.gone
    assert made.seen().levels is None
    made.dropped(at(0.3), "closed by us")
    assert state(made) == "down"
    assert "gap" in made.health(None, None).reason
    assert not made.wants_connection(at(0.3))
    assert made.wants_connection(made.wake_at())


def test_silence_ends_a_connection_and_a_pong_keeps_it():
    made = opened(silence_seconds=10)
    made.receive(SNAPSHOT, at(1))
    made.alive(at(9))
    made.tick(at(18))
    assert not made.gone
    assert made.seen().retrieved_at == at(9)
    made.tick(at(19.5))
    assert made.gone
    assert not made.book.known


def test_frames_without_sense_end_a_connection_in_the_end():
    made = opened(BullishWire(), malformed_max=3)
    for number in range(3):
        assert not made.gone
        made.receive(b'{"type": 7}', at(number))
    assert made.gone
    assert made.malformed == 3


def test_a_frame_that_is_no_text_ends_it_at_once():
    made = opened()
    made.receive(SNAPSHOT, at(0.1))
    made.receive(b'{"chan\xffnel": "l2_data"}', at(0.2))
    assert made.gone
    assert not made.book.known


def test_pauses_grow_while_it_fails_and_begin_anew_after_it_worked():
    made, now, pauses = line(longest_delay_seconds=60), NOW, []
    for _ in range(6):
        made.connect(now)
        made.refused(now, None, "no route")
        pauses.append((made.wake_at() - now) / SECOND)
        now = made.wake_at()
    assert pauses[5] > 5 * pauses[0]
    made.connect(now)
    made.opened(now)
    made.receive(SNAPSHOT, now)
    later = now + 100 * SECOND
    made.dropped(later, "closed by the venue")
    assert (made.wake_at() - later) / SECOND <= 0.5


def test_a_status_is_told():
    made = line()
    made.connect(NOW)
    made.refused(NOW, 429, "HTTP 429")
    assert made.health(None, None).reason == "refused with HTTP 429"


def test_delays_are_told_by_the_venues_stamps():
    made = opened()
    made.receive(SNAPSHOT, at(0.1))
    assert made.health(None, None).delays_ms is not None
    assert made.health(3, NOW).drift_levels == 3


@pytest.mark.parametrize("told", ["dropped", "refused"])
def test_whatever_ends_it_its_book_is_unknown(told):
    made = opened()
    made.receive(SNAPSHOT, at(0.1))
    if told == "dropped":
        made.dropped(at(1), "gone")
    else:
        made.refused(at(1), None, "gone")
    assert not made.book.known
    assert made.to_send() == ()
