"""Connections to the publisher come and go; a user who is not taken stays away."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import FeedBack, FeedLost, IndexPrinted, RequestRefused
from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.venues.brti.auth import basic_authorization
from kalshi_assistant.venues.brti.wire import CF_INDEX, CF_LIFE, CfBenchmarksSession, CfSettings

START = 1_790_000_000 * SECOND


class Line:
    """A session and the hand that plays the publisher."""

    def __init__(self, **settings):
        self.session = CfBenchmarksSession(CfSettings(**settings), stream(1, "cf"))
        self.now = START

    def open(self):
        self.session.connect(self.now)
        self.session.opened(self.now)
        return self

    def value(self, more=""):
        frame = f'{{"type":"value","id":"BRTI","value":"84000","time":{self.now // 10**6}{more}}}'
        return list(self.session.receive(frame.encode(), self.now))

    def live(self):
        self.open().value()
        assert self.session.state == "live"
        return self

    def later(self, seconds):
        self.now += round(seconds * SECOND)
        return list(self.session.tick(self.now))


def kinds(events):
    return [type(event) for event in events]


def test_the_feed_is_back_with_the_first_value_and_lost_with_the_line():
    line = Line().open()
    assert kinds(line.value()) == [FeedBack, IndexPrinted]
    assert list(line.session.dropped(line.now, "closed with 1006")) == [
        FeedLost(line.now, line.now, CF_INDEX, "closed with 1006")
    ]
    assert line.session.dropped(line.now, "again") == ()
    assert line.value() == []


def test_a_line_that_never_gave_a_value_loses_no_feed():
    line = Line().open()
    assert line.session.dropped(line.now, "gone") == ()
    assert line.session.state == "waiting"


def test_after_a_drop_the_index_is_subscribed_to_anew_and_old_stamps_stay_old():
    line = Line().live()
    line.session.to_send()
    line.session.dropped(line.now, "gone")
    assert not line.session.wants_connection(line.now)
    back_at = line.session.wake_at()
    assert not line.session.wants_connection(back_at - 1)
    assert line.session.wants_connection(back_at)
    line.open()
    assert len(line.session.to_send()) == 1
    assert line.value() == []
    line.later(1)
    assert kinds(line.value()) == [FeedBack, IndexPrinted]


def test_a_command_of_a_dead_connection_is_not_sent_on_the_next():
    line = Line().open()
    line.session.dropped(line.now, "gone")
    assert line.session.to_send() == []


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


def test_failures_to_connect_wait_ever_longer():
    line = Line(first_delay_seconds=1, longest_delay_seconds=4)
    for ceiling in (1, 2, 4, 4):
        line.session.connect(line.now)
        (told,) = line.session.refused(line.now, 503, "HTTP 503")
        assert (told.code, told.final) == ("503", False)
        pause = (line.session.wake_at() - line.now) / SECOND
        assert ceiling / 2 <= pause <= ceiling
        line.now = line.session.wake_at()


def test_ten_seconds_without_a_value_end_the_connection():
    line = Line().live()
    assert line.session.wake_at() == line.now + 10 * SECOND
    assert line.later(9.999) == []
    (lost,) = line.later(0.001)
    assert (type(lost), lost.reason) == (FeedLost, "no value for 10 s")
    assert line.session.gone


def test_a_subscription_that_is_never_answered_ends_the_connection():
    line = Line().open()
    assert line.later(10) == []
    assert line.session.state == "waiting"


def test_frames_that_are_no_value_do_not_keep_a_connection():
    line = Line().live()
    for frame in (b"{}", b'{"type":"info"}', b"{", b'{"type":"value","id":"BRTI"}'):
        line.later(2)
        line.session.receive(frame, line.now)
    assert kinds(line.later(2)) == [FeedLost]


def test_repeated_values_keep_a_connection_and_give_nothing():
    line = Line().live()
    for _ in range(30):
        assert line.later(1) == []
        assert line.value(',"repeatOfPreviousValue":true') == []
    assert line.session.state == "live"


@pytest.mark.parametrize("status", [401, 403])
def test_a_user_who_is_not_taken_is_final(status):
    line = Line()
    line.session.connect(line.now)
    (told,) = line.session.refused(line.now, status, f"HTTP {status}")
    assert (told.feed, told.code, told.final) == (CF_INDEX, str(status), True)
    assert "check user, key and licence" in told.message
    assert (line.session.state, line.session.gone) == ("refused", True)
    assert line.session.wake_at() is None
    assert not line.session.wants_connection(line.now + 10**18)


def test_a_refusal_of_an_open_connection_is_a_drop_and_a_drop_while_connecting_a_refusal():
    line = Line().live()
    assert kinds(line.session.refused(line.now, None, "broken pipe")) == [FeedLost]
    line = Line()
    line.session.connect(line.now)
    assert kinds(line.session.dropped(line.now, "reset")) == [RequestRefused]


def test_closing_is_final_and_tells_what_is_lost():
    line = Line().live()
    assert kinds(line.session.close(line.now)) == [FeedLost]
    line.open()
    assert (line.session.state, line.session.close(line.now)) == ("closed", ())


def test_settings_have_bounds():
    with pytest.raises(RangeError, match="silence_seconds"):
        CfSettings(silence_seconds=0.1)


# --- the table ---

STATES = sorted({state for state, _ in CF_LIFE} | set(CF_LIFE.values()))
DENIED = b'{"type":"subscribe","success":false,"reason":"not entitled"}'
CALLS = {
    "connect": lambda line: line.session.connect(line.now) or (),
    "opened": lambda line: line.session.opened(line.now),
    "failed": lambda line: line.session.refused(line.now, 500, "x"),
    "denied": lambda line: line.session.refused(line.now, 401, "x"),
    "not entitled": lambda line: line.session.receive(DENIED, line.now),
    "dropped": lambda line: line.session.dropped(line.now, "x"),
    "close": lambda line: line.session.close(line.now),
    "silence": lambda line: line.later(11),
    "garbage": lambda line: line.session.receive(b"{", line.now),
    "value": lambda line: [*line.later(1), *line.value()],
}


def in_state(state):
    """A line brought to ``state`` by what can happen to one."""
    line = Line()
    if state in ("connecting", "waiting", "refused"):
        line.session.connect(line.now)
    if state in ("waiting", "refused"):
        line.session.refused(line.now, 401 if state == "refused" else 500, "x")
    if state == "subscribing":
        line.open()
    if state == "live":
        line.live()
    if state == "closed":
        line.session.close(line.now)
    return line


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_reached(state):
    assert in_state(state).session.state == state


@given(st.sampled_from(STATES), st.lists(st.sampled_from(sorted(CALLS)), max_size=8))
def test_whatever_happens_the_feed_is_back_and_lost_by_turns(state, calls):
    line = in_state(state)
    up = state == "live"
    for call in calls:
        for event in CALLS[call](line):
            if isinstance(event, FeedBack | FeedLost):
                assert up == isinstance(event, FeedLost)
                up = isinstance(event, FeedBack)
        now = line.session.state
        assert now in STATES
        assert up == (now == "live")
        assert line.session.gone == (now in ("idle", "waiting", "refused", "closed"))
        waits = now in ("subscribing", "live", "waiting")
        assert (line.session.wake_at() is not None) == waits
        if state == "closed":
            assert now == "closed"


# --- who asks ---


def test_user_and_key_go_into_the_header_and_nowhere_else():
    header = basic_authorization(Secret("ann"), Secret("s3:cret\n"))
    scheme, _, token = header.pop("Authorization").partition(" ")
    assert (scheme, b64decode(token), header) == ("Basic", b"ann:s3:cret", {})


@pytest.mark.parametrize(
    ("user", "key"), [("", "k"), ("u", ""), (" ", "k"), ("u:v", "kk"), ("u", "k\nk"), ("u\0", "k")]
)
def test_what_cannot_be_meant_is_refused_without_being_shown(user, key):
    with pytest.raises(OperatorError) as told:
        basic_authorization(Secret(user), Secret(key))
    for secret in (user, key):
        assert len(secret.strip()) < 2 or secret not in str(told.value)
    assert told.value.__cause__ is None
