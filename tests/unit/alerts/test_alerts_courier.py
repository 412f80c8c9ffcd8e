"""A channel's queue: never waits, tries again, drops and counts."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from kalshi_assistant.alerts.channel import RetryLaterError
from kalshi_assistant.alerts.courier import Courier
from kalshi_assistant.alerts.settings import LimitSettings
from kalshi_assistant.domain.errors import FinalError, OperatorError, PassingError
from kalshi_assistant.quant.rng import stream
from tests.support.alerting import Stub, Told, message, until


class Naps(list[float]):
    """The pauses that were asked for; none is taken."""

    async def __call__(self, seconds):
        self.append(seconds)


def courier(channel, told, naps, **limits):
    return Courier(channel, LimitSettings(**limits), stream(1, "test"), told, naps)


@asynccontextmanager
async def delivering(channel, **limits):
    """A courier at work; what it told of; the pauses it took."""
    told, naps = Told(), Naps()
    made = courier(channel, told, naps, **limits)
    running = asyncio.create_task(made.run())
    try:
        yield made, told, naps
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_messages_are_delivered_in_order():
    channel = Stub()
    async with delivering(channel) as (made, told, _):
        for number in range(5):
            made.put(message(number))
        await made.drained()
    assert [each.number for each in channel.got] == [0, 1, 2, 3, 4]
    assert (made.delivered, made.dropped, made.high_water, told) == (5, 0, 5, [])


async def test_a_failure_that_passes_is_tried_again_by_backoff():
    channel = Stub()
    channel.troubles = [PassingError("down"), TimeoutError(), RetryLaterError("busy", 90)]
    limits = {"first_retry_seconds": 2, "longest_retry_seconds": 60}
    async with delivering(channel, **limits) as (made, told, naps):
        made.put(message())
        await made.drained()
    assert (made.delivered, channel.attempts, told) == (1, 4, [])
    assert 1 <= naps[0] <= 2 <= naps[1] <= 4
    assert naps[2] == 90


async def test_after_so_many_attempts_it_is_dropped_counted_and_told():
    channel = Stub()
    channel.always = PassingError("the webhook answered 500")
    async with delivering(channel, attempts=3) as (made, told, naps):
        made.put(message(7))
        await made.drained()
    assert (made.delivered, made.dropped, channel.attempts, len(naps)) == (0, 1, 3, 2)
    assert told == [
        ("webhook", "dropped `title 7`: 3 attempts failed, lastly: the webhook answered 500")
    ]


async def test_a_message_that_can_never_be_delivered_holds_up_no_other():
    channel = Stub()
    channel.troubles = [FinalError("refused (413)")]
    async with delivering(channel) as (made, told, _):
        made.put(message(1))
        made.put(message(2))
        await made.drained()
    assert [each.number for each in channel.got] == [2]
    assert (made.dropped, told) == (1, [("webhook", "dropped `title 1`: refused (413)")])


async def test_a_channel_that_needs_a_person_says_so_once_and_counts_on():
    channel = Stub()
    channel.always = OperatorError("the token was revoked")
    async with delivering(channel) as (made, told, _):
        for number in range(3):
            made.put(message(number))
        await made.drained()
        made.put(message(9))
    assert (made.dropped, channel.attempts) == (4, 1)
    assert told == [("webhook", "is off until the next start: the token was revoked")]


async def test_an_attempt_that_hangs_has_failed():
    channel = Stub()
    channel.open.clear()
    limits = {"timeout_seconds": 0.01, "attempts": 2}
    async with delivering(channel, **limits) as (made, told, _):
        made.put(message())
        await made.drained()
    assert made.dropped == 1
    assert "no answer in 0.01 s" in told[0][1]


@pytest.mark.parametrize(
    ("severities", "kept"),
    [
        (["info", "info", "info"], [1, 2]),
        (["severe", "info", "warning"], [0, 2]),
        (["severe", "severe", "info"], [0, 1]),
    ],
)
async def test_a_full_queue_drops_the_oldest_of_what_is_mildest(severities, kept):
    told = Told()
    made = courier(Stub(), told, Naps(), queue=2)  # it is not running: nothing leaves
    for number, severity in enumerate(severities):
        made.put(message(number, severity))
    assert [each.number for each in made._waiting] == kept
    assert (made.dropped, made.waiting) == (1, 2)
    assert "the queue of 2 is full" in told[0][1]


async def test_the_end_counts_what_was_not_delivered():
    told = Told()
    made = courier(Stub(), told, Naps())
    made.put(message(1))
    made.put(message(2))
    made.abandon("the program ended")
    assert (made.dropped, made.waiting) == (2, 0)
    assert told == [("webhook", "2 messages were not delivered: the program ended")]


async def test_what_hangs_is_seen_as_waiting():
    channel = Stub()
    channel.open.clear()
    async with delivering(channel) as (made, _, __):
        made.put(message(1))
        await until(lambda: channel.attempts == 1)
        assert made.report().waiting == 1
        channel.open.set()
        await made.drained()
        assert made.report().waiting == 0
