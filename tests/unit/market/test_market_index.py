"""The ring keeps what was first heard of a second and fills nothing."""

import pytest

from kalshi_assistant.market.index import Index
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.quant import layout
from kalshi_assistant.quant.layout import RING, SECOND

START = 1_795_281_000


def index(prints=()):
    subject = Index("BRTI", NumberSettings())
    subject.absorb(prints, START * SECOND)
    return subject


def zigzag(seconds):
    return [(START + k, 9_125_000 + (37 if k % 2 else -37)) for k in range(seconds)]


def test_history_warms_the_volatility_as_live_prints_would():
    live = Index("BRTI", NumberSettings())
    for second, value in zigzag(300):
        live.absorb([(second, value)], START * SECOND)
    loaded = index(zigzag(300))
    assert loaded.volatility_seconds == live.volatility_seconds == 299
    assert loaded.real[: layout.R_WARM].tobytes() == live.real[: layout.R_WARM].tobytes()


def test_history_that_comes_after_live_prints_counts_as_if_it_had_come_before():
    late = index(zigzag(300)[200:])
    assert late.absorb(zigzag(300)[:200], START * SECOND) == 200
    assert late.volatility_seconds == 299


def test_a_second_keeps_its_first_value():
    subject = index([(START, 100), (START, 200)])
    assert subject.print_of(START) == 100


def test_a_hole_stays_a_hole():
    subject = index([(START, 100), (START + 2, 102)])
    first, tail = subject.tail(4)
    assert (first, tail) == (START - 1, (0, 100, 0, 102))
    assert subject.average(4) == pytest.approx(1.01)


def test_prints_older_than_the_ring_are_forgotten():
    subject = index([(START, 100), (START + RING, 101)])
    assert subject.print_of(START) is None
    assert subject.print_of(START + RING) == 101


def test_nothing_known_is_none():
    subject = index()
    assert (subject.value, subject.value_at, subject.average(60)) == (None, None, None)
