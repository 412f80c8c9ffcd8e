"""Connections come and go; the states of a session are those of its table."""

import pytest

from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    FeedBack,
    FeedLost,
    Gap,
    Malformed,
    RequestRefused,
)
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine import feeds
from kalshi_assistant.venues.kalshi.life import SESSION_LIFE
from tests.support.kalshi_frames import (
    NEXT,
    TICKER,
    delta,
    index,
    snapshot,
    subscribed,
)
from tests.support.session_line import CHANNELS, Line, kinds

# --- connections ---


def test_a_dropped_connection_tells_what_is_lost_and_remembers_where_it_was():
    line = Line()
    book = line.live()
    line.say(delta(2, sid=book), index(1, sid=line.sid("cfbenchmarks_value")))
    lost = line.session.dropped(line.now, "closed with 1006")
    assert kinds(lost) == [FeedLost] * 6
    assert [event.feed for event in lost][:2] == [feeds.SOCKET, feeds.BOOK]
    assert line.session.last_sequence == {"orderbook_delta": 2, "cfbenchmarks_value": 1} | {
        name: 0 for name in CHANNELS if name not in ("orderbook_delta", "cfbenchmarks_value")
    }
    assert line.session.last_print_second == 1_795_280_599
    assert line.session.dropped(line.now, "again") == ()
    assert line.say(delta(3, sid=book)) == []
    assert line.sent() == []


def test_after_a_drop_everything_is_subscribed_to_anew():
    line = Line(watch=(TICKER, NEXT))
    line.open()
    line.accept()
    line.session.dropped(line.now, "gone")
    assert not line.session.wants_connection(line.now)
    line.now = line.session.wake_at()
    assert line.session.wants_connection(line.now)
    line.open()
    commands = line.sent()
    assert len(commands) == 6
    assert commands[0]["params"]["market_tickers"] == [TICKER, NEXT]
    first = commands[0]["id"]
    events = line.say(subscribed("orderbook_delta", 1, first), delta(1), snapshot(2), delta(3))
    assert kinds(events) == [FeedBack, BookSnapshot, BookDelta]


def test_pauses_grow_until_a_connection_lasts():
    line = Line(first_delay_seconds=1, longest_delay_seconds=20, steady_seconds=60)
    pauses = []
    for lasts in (0, 0, 0, 0, 0, 0, 0, 60):
        line.open()
        line.now += lasts * SECOND
        line.session.dropped(line.now, "gone")
        pauses.append((line.session.wake_at() - line.now) / SECOND)
        line.now = line.session.wake_at()
    for pause, ceiling in zip(pauses, (1, 2, 4, 8, 16, 20, 20, 1), strict=True):
        assert ceiling / 2 <= pause <= ceiling


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_final(status):
    line = Line()
    line.session.connect(line.now)
    (event,) = line.session.refused(line.now, status, f"HTTP {status}")
    assert (event.feed, event.code, event.final) == (feeds.SOCKET, str(status), True)
    assert "check key id" in event.message
    assert line.session.state == "refused"
    assert line.session.gone
    assert line.session.wake_at() is None
    assert not line.session.wants_connection(line.now + 10**18)


@pytest.mark.parametrize("status", [None, 429, 500, 503])
def test_any_other_failure_is_tried_again_later(status):
    line = Line()
    line.session.connect(line.now)
    (event,) = line.session.refused(line.now, status, "no route to host")
    assert not event.final
    assert line.session.state == "waiting"
    assert line.session.wants_connection(line.session.wake_at())


def test_a_refusal_of_an_open_connection_is_a_drop():
    line = Line()
    line.live()
    assert kinds(line.session.refused(line.now, None, "broken pipe")) == [FeedLost] * 6


def test_a_drop_while_connecting_is_a_failure_to_connect():
    line = Line()
    line.session.connect(line.now)
    assert kinds(line.session.dropped(line.now, "reset")) == [RequestRefused]
    assert line.session.state == "waiting"


def test_closing_is_final_and_tells_what_is_lost():
    line = Line()
    line.live()
    assert kinds(line.session.close(line.now)) == [FeedLost] * 6
    assert line.session.state == "closed"
    assert line.session.gone
    line.session.connect(line.now)
    assert line.session.opened(line.now) == ()
    assert line.session.close(line.now) == ()
    assert line.session.state == "closed"


# --- the table ---

CALLS = {
    "connect": lambda s, now: s.connect(now),
    "opened": lambda s, now: s.opened(now),
    "failed": lambda s, now: s.refused(now, 500, "x"),
    "denied": lambda s, now: s.refused(now, 401, "x"),
    "dropped": lambda s, now: s.dropped(now, "x"),
    "close": lambda s, now: s.close(now),
    "tick": lambda s, now: s.tick(now + 10**12),
    "garbage": lambda s, now: s.receive(b"{", now),
    "watch": lambda s, now: s.watch(NEXT),
    "unwatch": lambda s, now: s.unwatch(TICKER),
    "resync": lambda s, now: s.resync(TICKER, "x"),
}


def in_state(state):
    """A session brought to ``state`` by what can happen to one."""
    line = Line()
    if state == "closed":
        line.session.close(line.now)
    elif state in ("connecting", "waiting", "refused"):
        line.session.connect(line.now)
        if state != "connecting":
            line.session.refused(line.now, 401 if state == "refused" else 500, "x")
    elif state == "subscribing":
        line.open()
    elif state == "live":
        line.live()
    return line


STATES = sorted({state for state, _ in SESSION_LIFE} | set(SESSION_LIFE.values()))


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_reached(state):
    assert in_state(state).session.state == state


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("call", CALLS)
def test_whatever_happens_in_any_state_breaks_nothing(state, call):
    line = in_state(state)
    CALLS[call](line.session, line.now)
    assert line.session.state in STATES
    line.session.wake_at()
    line.session.to_send()
    assert line.session.gone == (line.session.state in ("idle", "waiting", "refused", "closed"))


def test_every_state_is_reachable_in_the_table_and_only_closed_has_no_way_on():
    reached, left = {"idle"}, set(SESSION_LIFE)
    while found := {(state, step) for state, step in left if state in reached}:
        reached |= {SESSION_LIFE[each] for each in found}
        left -= found
    assert left == set()
    assert reached == set(STATES)
    assert {state for state in STATES if state not in {a for a, _ in SESSION_LIFE}} == {"closed"}


def test_malformed_frames_pass_through_as_facts():
    line = Line()
    line.live()
    assert kinds(line.say(b"{")) == [Malformed, Gap]
    assert "get_snapshot" in str(line.sent())
