"""Time that is an invention: nothing waits, and everything happens in its order."""

import asyncio
import os

import pytest

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.virtual_time import DeadlockError, VirtualLoop

START = 1_795_281_300 * SECOND
HAIR = SECOND // 1_000
"""What a day of timers may be late by."""


@pytest.fixture
def loop():
    made = VirtualLoop(START)
    yield made
    made.close()


def test_nothing_waits_and_the_clock_shows_what_would_have_passed(loop):
    async def sleeps():
        await asyncio.sleep(86_400)
        return loop.now()

    assert loop.now() == START
    assert 0 <= loop.run_until_complete(sleeps()) - START - 86_400 * SECOND < HAIR


def test_sleepers_wake_in_the_order_of_their_times(loop):
    woken = []

    async def sleeper(seconds):
        await asyncio.sleep(seconds)
        woken.append((seconds, round((loop.now() - START) / SECOND, 3)))

    async def everybody():
        await asyncio.gather(*(sleeper(each) for each in (3, 0.5, 2, 1, 0.25)))

    loop.run_until_complete(everybody())
    assert woken == [(each, each) for each in (0.25, 0.5, 1, 2, 3)]


def at_one_instant():
    """Five timers that are due together, in the order in which they fired."""
    loop, done = VirtualLoop(START), []
    for number in range(5):
        loop.call_at(1.0, done.append, number)
    loop.call_at(1.5, loop.stop)
    loop.run_forever()
    loop.close()
    return done


def test_what_is_due_at_one_instant_all_happens_in_the_same_order_every_time():
    assert sorted(at_one_instant()) == [0, 1, 2, 3, 4]
    assert at_one_instant() == at_one_instant()


def test_a_timeout_ends_what_would_wait_for_ever(loop):
    async def waits():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.Event().wait()
        return loop.now()

    assert 0 <= loop.run_until_complete(waits()) - START - 5 * SECOND < HAIR


def test_what_is_ready_happens_before_time_goes_on(loop):
    async def many():
        for _ in range(1_000):
            await asyncio.sleep(0)
        return loop.now()

    assert loop.run_until_complete(many()) == START


def test_when_nothing_will_ever_happen_it_is_said(loop):
    async def waits():
        await asyncio.Event().wait()

    waiting = loop.create_task(waits())
    with pytest.raises(DeadlockError, match="nothing is left to happen"):
        loop.run_until_complete(waiting)
    waiting.cancel()
    loop.run_until_complete(asyncio.gather(waiting, return_exceptions=True))


def test_a_real_file_that_is_ready_is_read_before_time_goes_on(loop):
    reader, writer = os.pipe()
    seen = []

    async def reads():
        loop.add_reader(reader, lambda: seen.append((os.read(reader, 1), loop.now())))
        os.write(writer, b"x")
        await asyncio.sleep(1)

    loop.run_until_complete(reads())
    loop.remove_reader(reader)
    os.close(reader)
    os.close(writer)
    assert seen == [(b"x", START)]


def life(seed):
    """Three workers that sleep by chance and talk to one another; what happened when."""
    loop, chance, told = VirtualLoop(START), stream(seed, "life"), []

    async def worker(name, inbox, outbox):
        for step in range(20):
            await asyncio.sleep(float(chance.random()))
            told.append((loop.now(), name, step))
            outbox.put_nowait((name, step))
            if not inbox.empty():
                told.append((loop.now(), name, inbox.get_nowait()))

    async def everybody():
        queues = [asyncio.Queue() for _ in range(3)]
        await asyncio.gather(*(worker(k, queues[k], queues[(k + 1) % 3]) for k in range(3)))

    loop.run_until_complete(everybody())
    loop.close()
    return told


def test_the_same_seed_is_the_same_life_to_the_nanosecond():
    assert life(1) == life(1) != life(2)


def test_time_never_goes_back_and_a_timer_is_never_early(loop):
    async def steps():
        for _ in range(2_000):
            before = loop.now()
            await asyncio.sleep(0.05)
            assert loop.now() >= before + SECOND // 20
        return loop.now()

    assert 0 <= loop.run_until_complete(steps()) - START - 100 * SECOND < HAIR
