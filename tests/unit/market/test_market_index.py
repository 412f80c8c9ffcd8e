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


def learnt(subject):
    return subject.real[: layout.R_WARM].tobytes()


def test_history_older_than_the_ring_is_learnt_from_as_if_it_had_been_heard():
    """Three hours, the last hundred seconds heard first."""
    prints = zigzag(3 * 3_600)
    late = index(prints[-100:])
    late.absorb(prints[:-50], START * SECOND)
    assert learnt(late) == learnt(index(prints))
    assert late.last_second == prints[-1][0]
    assert late.tail(50) == index(prints).tail(50)


def test_what_was_learnt_of_more_than_ring_and_history_hold_is_kept():
    """After three hours a filled hole of a minute is stored and teaches nothing."""
    prints = zigzag(3 * 3_600)
    subject = index([*prints[:-200], *prints[-140:]])
    before = learnt(subject)
    assert subject.absorb(prints[-200:-140], START * SECOND) == 60
    assert learnt(subject) == before


def test_the_value_heard_first_counts_when_history_has_another():
    prints = zigzag(300)
    subject = index(prints)
    other = [(second, value + 500) for second, value in prints]
    subject.absorb([(START - 1, 9_125_000), *other], START * SECOND)
    assert subject.print_of(START + 5) == prints[5][1]


def test_a_second_keeps_its_first_value():
    subject = index([(START, 100), (START, 200)])
    assert subject.print_of(START) == 100


def test_a_hole_stays_a_hole():
    subject = index([(START, 100), (START + 2, 102)])
    first, tail = subject.tail(4)
    assert (first, tail) == (START - 1, (0, 100, 0, 102))
    assert subject.average(4) == pytest.approx(1.01)


@pytest.mark.parametrize("seconds", [1, 61, RING - 1, RING])
def test_the_tail_is_what_each_second_says(seconds):
    """Also across the end of the ring, with holes, and before the first print."""
    subject = index([(START + n, 100 + n) for n in range(RING + 40) if n % 7])
    first, tail = subject.tail(seconds)
    assert tail == tuple(subject.print_of(first + n) or 0 for n in range(seconds))
    assert all(type(value) is int for value in tail)
    assert index([(5, 100)]).tail(8) == (-2, (0, 0, 0, 0, 0, 0, 0, 100))


def test_prints_older_than_the_ring_are_forgotten():
    subject = index([(START, 100), (START + RING, 101)])
    assert subject.print_of(START) is None
    assert subject.print_of(START + RING) == 101


def test_nothing_known_is_none():
    subject = index()
    assert (subject.value, subject.value_at, subject.average(60)) == (None, None, None)
