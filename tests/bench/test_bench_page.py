"""What the main page costs: a snapshot taken, encoded and decoded, and the page drawn.

Run with ``pytest tests/bench/test_bench_page.py -s``. Four of each happen in a second at most.
"""

import statistics
import timeit

import msgspec
import pytest

from kalshi_assistant.control.protocol import SnapshotMessage, encode
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.ui.panels.page import page
from kalshi_assistant.ui.panels.scene import Scene
from tests.support import tapes, views
from tests.support.screen import room

ROUNDS = 60
SNAPSHOT_US, PAGE_US = 10_000, 50_000
"""Far above what is measured: a slip of an order of magnitude is what fails."""


def microseconds(what):
    what()
    return statistics.median(timeit.timeit(what, number=1) for _ in range(ROUNDS)) * 1e6


def report(what, cost):
    print(f"\n{what}: {cost:,.0f} us")  # noqa: T201 - the figure is the point
    return cost


def test_a_snapshot_near_the_end_of_a_window():
    engine, events = Engine(tapes.SETTINGS), tapes.one_window()
    for event in events[: len(events) * 93 // 100]:
        engine.handle(event)
    message = encode(SnapshotMessage(engine.snapshot()))
    decode = msgspec.msgpack.Decoder(SnapshotMessage).decode
    cost = report("taken", microseconds(engine.snapshot))
    shown = SnapshotMessage(engine.snapshot())
    cost += report(f"encoded ({len(message):,} bytes)", microseconds(lambda: encode(shown)))
    report("decoded", microseconds(lambda: decode(message[4:])))
    assert cost < SNAPSHOT_US


@pytest.mark.parametrize(("width", "height"), [(80, 22), (120, 38), (200, 58), (240, 70)])
def test_the_page_drawn(width, height):
    scene = Scene(views.busy())
    cost = microseconds(lambda: page(scene, room(width, height)))
    assert report(f"page {width}x{height}", cost) < PAGE_US
