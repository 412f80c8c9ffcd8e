"""Frames of the index's publisher become exactly these facts; mutilated, none that are wrong."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import (
    FeedBack,
    FeedLost,
    IndexPrinted,
    IndexTicked,
    Malformed,
    RequestRefused,
)
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.venues.brti.frames import FRAME_BYTES_MAX
from kalshi_assistant.venues.brti.wire import CF_INDEX, CfBenchmarksSession, CfSettings
from kalshi_assistant.venues.wire import Session
from tests.support.spot_readers import flipped, planted, truncated

STAMP = 1_790_000_000_000
AT = STAMP * MILLISECOND
NOW = AT + 60 * MILLISECOND


def encode(frame):
    return json.dumps(frame, separators=(",", ":")).encode()


def value(time=STAMP, text="84012.37", **more):
    return encode({"type": "value", "id": "BRTI", "value": text, "time": time} | more)


def refusal(**more):
    said = {"type": "subscribe", "id": "BRTI", "stream": "value", "success": False}
    return encode(said | more)


FRAMES = (
    value(),
    value(repeatOfPreviousValue=True, amendTime=None),
    value(amendTime=STAMP + 5_000),
    refusal(reason="not entitled"),
    encode({"type": "info", "streams": [{"id": "BRTI"}, {"id": "ETHUSD_RTI"}]}),
)
PRINT = IndexPrinted(AT, NOW, "BRTI", 8_401_237, "cf_direct")
BACK = FeedBack(NOW, NOW, CF_INDEX)


def opened():
    session: Session = CfBenchmarksSession(CfSettings(), stream(1, "cf"))
    session.connect(NOW)
    assert session.opened(NOW) == ()
    return session


def live():
    session = opened()
    assert session.receive(value(STAMP - 1_000, "84000"), NOW)[0] == BACK
    return session


def test_one_index_is_subscribed_to_once():
    session = opened()
    (command,) = session.to_send()
    assert json.loads(command) == {"type": "subscribe", "id": "BRTI", "stream": "value"}
    assert session.to_send() == []


def test_the_first_value_is_the_acknowledgement():
    session = opened()
    assert session.receive(value(), NOW) == (BACK, PRINT)
    later = IndexPrinted(AT + SECOND, NOW, "BRTI", 8_401_238, "cf_direct")
    assert session.receive(value(STAMP + 1_000, "84012.38"), NOW) == (later,)


@pytest.mark.parametrize("between", [1, 200, 800, 999])
def test_a_stamp_between_two_seconds_is_a_tick_and_settles_nothing(between):
    (event,) = live().receive(value(STAMP + between), NOW)
    assert event == IndexTicked(AT + between * MILLISECOND, NOW, "BRTI", 8_401_237, "cf_direct")


@pytest.mark.parametrize(
    ("text", "cents"),
    [("84012", 8_401_200), ("84012.3", 8_401_230), ("84012.3700", 8_401_237), ("0.01", 1)],
)
def test_values_are_exact_cents(text, cents):
    (event,) = live().receive(value(text=text), NOW)
    assert event.value == cents


def test_a_value_written_as_a_number_is_as_exact():
    frame = value().replace(b'"84012.37"', b"84012.37")
    assert live().receive(frame, NOW) == (PRINT,)


def test_stamps_rise_and_what_does_not_is_passed_over():
    session = live()
    assert session.receive(value(), NOW) == (PRINT,)
    for stamp in (STAMP, STAMP - 200, STAMP - 1_000, 1):
        assert session.receive(value(stamp, "1"), NOW) == ()


def test_a_repeated_value_is_no_print_and_leaves_its_second_open():
    session = live()
    assert session.receive(value(repeatOfPreviousValue=True), NOW) == ()
    assert session.receive(value(repeatOfPreviousValue=False), NOW) == (PRINT,)


def test_a_repeated_value_does_not_bring_the_feed_back():
    session = opened()
    assert session.receive(value(repeatOfPreviousValue=True), NOW) == ()
    assert session.receive(value(), NOW) == (BACK, PRINT)


@pytest.mark.parametrize("stamp", [STAMP - 2_000, STAMP])
def test_an_amended_value_is_told_and_not_used(stamp):
    session = live()
    (told,) = session.receive(value(stamp, amendTime=STAMP + 5_000), NOW)
    assert isinstance(told, Malformed)
    assert "amendment: not used" in told.reason
    assert session.receive(value(), NOW) == (PRINT,)


@pytest.mark.parametrize("amended", [None, 0, STAMP])
def test_an_amendment_that_amends_nothing_costs_no_value(amended):
    assert live().receive(value(amendTime=amended), NOW) == (PRINT,)


@pytest.mark.parametrize(
    "frame",
    [
        value(id="ETHUSD_RTI"),
        encode({"type": "info", "streams": [{"id": "BRTI"}]}),
        encode({"type": "subscribe", "id": "BRTI", "stream": "value", "success": True}),
        encode({"type": "rti_stats", "id": "BRTI", "value": [1]}),
        b"{}",
    ],
)
def test_other_frames_say_nothing(frame):
    assert live().receive(frame, NOW) == ()


@pytest.mark.parametrize(
    "bad",
    [
        value(text="84012.371"),
        value(text="84012.3700001"),
        value(text="-84012.37"),
        value(text="0"),
        value(text="NaN"),
        value(text="1e5"),
        value(text="9999999999999.99"),
        value(text=None),
        value(text=["84012.37"]),
        value(time=str(STAMP)),
        value(time=-1),
        value(time=0),
        value(time=4_102_444_800_000),
        value(time=STAMP + 0.5),
        value(time=STAMP + 61_000),
        value(repeatOfPreviousValue="yes"),
        encode({"type": "value", "id": "BRTI", "value": "84012.37"}),
        encode({"type": "value", "id": "BRTI", "time": STAMP}),
        b'{"type":"value","id":"BRTI","value":"\xff","time":1790000000000}',
        b"[" * 100_000,
        b" " * (FRAME_BYTES_MAX + 1),
        b"",
        b"null",
    ],
)
def test_a_value_that_makes_no_sense_is_malformed_and_harms_no_other(bad):
    session = live()
    (told,) = session.receive(bad, NOW)
    assert isinstance(told, Malformed)
    assert (told.feed, len(told.reason) <= 200) == (CF_INDEX, True)
    assert session.receive(value(), NOW) == (PRINT,)


@pytest.mark.parametrize(
    "reason",
    ["Not entitled to BRTI", "unauthorised", "Unauthorized", "no licence", "Unknown id"],
)
def test_a_refusal_for_want_of_a_right_is_final(reason):
    session = opened()
    (told,) = session.receive(refusal(reason=reason), NOW)
    what = "subscribe BRTI value"
    assert told == RequestRefused(NOW, NOW, CF_INDEX, what, "refused", reason, True)
    assert session.gone
    assert session.wake_at() is None
    assert not session.wants_connection(NOW + 10**18)


def test_a_right_that_is_lost_later_is_final_too():
    told, lost = live().receive(refusal(error="licence ended"), NOW)
    assert told.final
    assert lost == FeedLost(NOW, NOW, CF_INDEX, "licence ended")


@pytest.mark.parametrize("field", ["reason", "error", "message"])
def test_the_reason_is_found_wherever_it_stands(field):
    (told,) = opened().receive(refusal(**{field: "try later"}), NOW)
    assert (told.message, told.final) == ("try later", False)


@pytest.mark.parametrize("odd", [{}, {"reason": None}, {"reason": {"code": 7}}])
def test_a_refusal_with_an_odd_reason_is_still_one(odd):
    (told,) = opened().receive(refusal(**odd), NOW)
    assert isinstance(told, RequestRefused)
    assert not told.final


def test_another_refusal_ends_a_connection_without_values_and_only_that():
    session = opened()
    session.receive(refusal(reason="busy"), NOW)
    assert session.gone
    assert session.wants_connection(session.wake_at())
    session = live()
    (told,) = session.receive(refusal(reason="busy"), NOW)
    assert isinstance(told, RequestRefused)
    assert not session.gone
    assert session.receive(value(), NOW) == (PRINT,)


def test_what_a_refusal_says_is_bounded():
    (told,) = opened().receive(refusal(reason="x" * 9_000, type="y" * 9_000), NOW)
    assert (len(told.message), len(told.request)) == (200, 200)


# --- mutilated ---


def survives(frame):
    """Nothing raises, no value is invented, and a good value still comes through where it can."""
    session = opened()
    events = session.receive(frame, NOW)
    for event in events:
        assert isinstance(event, Malformed | RequestRefused | FeedBack | IndexPrinted | IndexTicked)
        if isinstance(event, IndexPrinted | IndexTicked):
            written = json.loads(frame)
            assert event.at == written["time"] * MILLISECOND <= NOW + 60 * SECOND
            assert event.value == Decimal(str(written["value"]).replace(",", "")) * 100
            assert isinstance(event, IndexTicked) == (event.at % SECOND > 0)
    session.tick(NOW)
    later = NOW + 61 * SECOND
    if not session.gone:
        good = session.receive(value(STAMP + 60_000 + 1_000), later)
        assert good[-1].value == 8_401_237


def test_truncated_frames_never_raise():
    for frame in truncated(FRAMES):
        assert not frame or [type(each) for each in opened().receive(frame, NOW)] == [Malformed]
        survives(frame)


@given(flipped(list(FRAMES)))
def test_flipped_bytes_never_raise(frame):
    survives(frame)


@given(planted(list(FRAMES)))
def test_wrong_types_never_raise(frame):
    survives(frame)


@given(st.binary(max_size=200))
def test_noise_is_malformed_and_nothing_else(noise):
    events = opened().receive(noise, NOW)
    assert all(isinstance(event, Malformed) for event in events)
