"""Order-book deltas over a socket of this machine into the inbox, by both clients.

Run with ``pytest tests/bench/test_bench_socket.py -s``. A process sends frames that were made
beforehand, as many as are taken; what is measured is the whole way: the client, the session, the
inbox, and a reader that empties it. The figure beside each is a multiple of giving the same frames
to a session and an inbox without any socket, in the same run.
"""

import asyncio
import statistics
import subprocess
import sys
import time

import pytest

from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.codec import FRAMES
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.fast_socket import FastSocket
from kalshi_assistant.runtime.inbox import Inbox, InboxSettings
from kalshi_assistant.runtime.journals import RotatingJournal, run_of
from kalshi_assistant.runtime.sockets import VenueSocket
from kalshi_assistant.venues.kalshi.session import KalshiSession, SessionSettings
from tests.support import frame_server
from tests.support.frame_server import SNAPSHOT, TICKER, delta

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket, pytest.mark.process]

COUNT, ROUNDS = 200_000, 5
TARGET = 100_000
"""Frames a second."""
EVENTS = COUNT + 2
"""The deltas, their snapshot, and that the socket is there."""


def new_session():
    patient = SessionSettings(reply_seconds=600, silence_seconds=3_600)
    session = KalshiSession(patient, stream(1, "bench"))
    session.watch(TICKER)
    return session


@pytest.fixture(scope="module")
def port():
    command = [sys.executable, frame_server.__file__, str(COUNT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield int(server.stdout.readline())
        server.kill()


def journal(folder):
    """The frame journal of a run."""
    run, wall = run_of(EngineSettings(), 1), SystemClock()
    return RotatingJournal(FRAMES, folder, run, JournalSettings(), wall, pytest.fail)


async def seconds_over(kind, port, frames=None):
    """From the first event to the last delta, and the most that waited in the inbox."""
    inbox, began = Inbox(InboxSettings()), []

    def put(events):
        if not began:
            began.append(time.perf_counter())
        inbox.put_all(events)

    socket = kind(f"ws://127.0.0.1:{port}/", new_session(), dict, SystemClock(), put, frames)
    running = asyncio.create_task(socket.run())
    seen = 0
    while seen < EVENTS:
        seen += len(await inbox.take_batch(COUNT))
    spent = time.perf_counter() - began[0]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert inbox.counts.shed == 0
    return spent, inbox.counts.high_water


def seconds_without_a_socket():
    """What session and inbox take of it."""
    session, inbox, clock = new_session(), Inbox(InboxSettings()), SystemClock()
    frames = [SNAPSHOT, *map(delta, range(2, COUNT + 2))]
    session.connect(clock.now())
    session.opened(clock.now())
    began = time.perf_counter()
    for number, frame in enumerate(frames):
        inbox.put_all(session.receive(frame, clock.now()))
        if number % 1_000 == 0:
            inbox.drain()
    return time.perf_counter() - began


async def test_frames_over_a_socket_into_the_inbox(port, tmp_path):
    kinds = {"websockets": VenueSocket, "picows": FastSocket}
    ways = [(name, kept) for kept in (False, True) for name in kinds]
    found, bare = {way: [] for way in ways}, []
    for _ in range(ROUNDS):  # by turns, so that a busy machine is busy for all
        bare.append(seconds_without_a_socket())
        for name, kept in ways:
            frames = journal(tmp_path) if kept else None
            found[name, kept].append(await seconds_over(kinds[name], port, frames))
            if frames is not None:
                await frames.close()
                for path in tmp_path.iterdir():
                    path.unlink()
    without = statistics.median(bare)
    medians = {way: statistics.median(spent for spent, _ in all_) for way, all_ in found.items()}
    for (name, kept), spent in medians.items():
        waited = max(most for _, most in found[name, kept])
        print(  # noqa: T201 - the figure is the point
            f"\n{name}{' and frame journal' if kept else ''}: {COUNT / spent:,.0f} frames/s = "
            f"{spent / without:.2f} times session and inbox alone ({COUNT / without:,.0f}/s); at "
            f"most {waited:,} waited; target {TARGET:,}/s",
            end="",
        )
    assert medians["picows", False] < medians["websockets", False] < 8 * without
    assert medians["picows", True] < medians["websockets", True] < 10 * without
