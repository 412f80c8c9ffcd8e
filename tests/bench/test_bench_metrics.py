"""Microseconds a scrape of ``/metrics`` and a state of ``/api/v1/state`` take to make.

Run with ``pytest tests/bench/test_bench_metrics.py -p no:randomly``. Both are made in the process
of ``serve``; the engine's own share is the snapshot, which is made once for all readers.
"""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from kalshi_assistant.control.protocol import MESSAGES, SnapshotMessage, encode
from kalshi_assistant.engine.snapshot import StageView
from kalshi_assistant.metrics.document import state_bytes
from kalshi_assistant.metrics.families import EngineCollector
from tests.support import views
from tests.support.served_http import standing

NAMES = ("venue to receipt", "receipt to handled", "tick to signal", "receipt to durable",
         "signal to order", "order to answer", "receipt to answer", "heartbeat")  # fmt: skip


@pytest.fixture
def snapshot():
    """A complete one, with as many sources and stages as an engine with everything has."""
    feeds = tuple(views.feed(f"source.{number}") for number in range(17))
    stages = tuple(StageView(name, "ms", 900, 0.2, 0.1, 0.5, 1.5, 3.0, 2.0, True) for name in NAMES)
    windows = tuple(views.window(back) for back in range(1, 51))
    return views.snapshot(feeds=feeds, stages=stages, windows=windows)


def test_metrics(benchmark, snapshot):
    registry = CollectorRegistry()
    registry.register(EngineCollector(standing(snapshot)))
    assert b"kalshi_assistant_up 1.0" in benchmark(generate_latest, registry)


def test_state(benchmark, snapshot):
    assert benchmark(state_bytes, standing(snapshot)).startswith(b'{"type":"state"')


def test_a_snapshot_onto_the_control_socket(benchmark, snapshot):
    assert benchmark(encode, SnapshotMessage(snapshot))


def test_a_snapshot_off_the_control_socket(benchmark, snapshot):
    payload = encode(SnapshotMessage(snapshot))[4:]
    assert benchmark(MESSAGES.decode, payload).snapshot == snapshot
