"""Latencies of real orders are kept, bounded, and paper draws from them once there are enough."""

import json

import pytest

from kalshi_assistant.domain.time import MILLISECOND, MINUTE
from kalshi_assistant.engine.settings import PaperSettings
from kalshi_assistant.runtime.measured_latency import (
    LATENCY_NAME,
    MeasuredLatency,
    measured_model,
)
from kalshi_assistant.runtime.paper_desk import latency_of
from kalshi_assistant.sim.latency import KEEP

PAPER = PaperSettings(latency_samples=3)


def kept(folder, *delays):
    measured = MeasuredLatency(folder)
    for delay in delays:
        measured.add(delay)
    taken = measured.taken()
    assert taken is not None
    assert measured.write(taken) is None
    return measured


def test_paper_draws_from_what_a_live_process_measured(tmp_path):
    kept(tmp_path, *(each * MILLISECOND for each in (40, 20, 60)))
    model = measured_model(latency_of(PAPER), tmp_path, 1.0)
    assert model.label == "measured: 3 orders, median 40 ms"
    assert {model.draw(part) for part in (0.0, 0.5, 0.9999999)} <= set(
        range(20 * MILLISECOND, 60 * MILLISECOND + 1)
    )


def test_too_few_are_assumed_and_said_to_be(tmp_path):
    kept(tmp_path, 40 * MILLISECOND)
    model = measured_model(latency_of(PAPER), tmp_path, 1.0)
    assert model.label == "assumed: median 100 ms, spread 0.35 (1 of 3 orders measured)"


def test_a_clock_that_runs_faster_makes_them_longer(tmp_path):
    kept(tmp_path, *[10 * MILLISECOND] * 3)
    assert measured_model(latency_of(PAPER), tmp_path, 5.0).quantile(0.5) == 50 * MILLISECOND


def test_they_add_up_over_processes_and_the_newest_stay(tmp_path):
    kept(tmp_path, *range(1, KEEP))
    kept(tmp_path, 7_777, 8_888)
    assert MeasuredLatency(tmp_path).delays == (*range(2, KEEP), 7_777, 8_888)
    assert len(json.loads((tmp_path / LATENCY_NAME).read_text())["delays_ns"]) == KEEP


def test_what_cannot_be_a_delay_is_left_out_and_nothing_new_is_not_written(tmp_path):
    measured = MeasuredLatency(tmp_path)
    for delay in (0, -5, 2 * MINUTE):
        measured.add(delay)
    assert measured.taken() is None
    measured.add(5)
    assert measured.taken() == (5,)
    assert measured.taken() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"delays_ns": [1, -1]}',
        '{"delays_ns": [1, 1e99]}',
        '{"delays_ns": ["1"]}',
        '{"delays_ns": [' + "1," * 100_000 + "1]}",
        "[" * 60_000,
        "\xff",
    ],
)
def test_a_file_that_makes_no_sense_is_none(tmp_path, text):
    (tmp_path / LATENCY_NAME).write_text(text, encoding="latin-1")
    assert MeasuredLatency(tmp_path).delays == ()


def test_a_disk_that_fails_is_told(tmp_path):
    (tmp_path / "file").touch()
    measured = MeasuredLatency(tmp_path / "file")
    measured.add(5)
    assert "are not kept" in (measured.write((5,)) or "")
