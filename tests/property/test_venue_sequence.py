"""Counting frames, against the definition: what is new, what is missing, what was seen."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.ids import Feed
from kalshi_assistant.venues.kalshi.sequence import RUN, Arrival, Line


def line(next_=1):
    made = Line("trade", Feed("kalshi.trades"))
    made.begin(7)
    made.next = next_
    return made


@given(kept=st.lists(st.booleans(), max_size=80))
def test_every_hole_is_one_jump_and_nothing_else_is(kept):
    """Frames of which some are lost: a jump exactly at each first frame after a hole."""
    counted, hole = line(), False
    for seq, arrived in enumerate(kept, start=1):
        if not arrived:
            hole = True
            continue
        assert counted.take(seq) is (Arrival.JUMP if hole else Arrival.IN_ORDER)
        assert counted.next == seq + 1
        hole = False


@given(seqs=st.lists(st.integers(1, 12), max_size=60))
def test_any_order_of_numbers_agrees_with_the_definition(seqs):
    """Naive: beyond the highest is in order or a jump, all else is late, until a run of late ones
    that follow one another directly takes over. Late ones inside the last jump are doubts.
    """
    counted, highest, run, jumped = line(), 0, [], range(0)
    for seq in seqs:
        found = counted.take(seq)
        if seq > highest:
            expected = Arrival.IN_ORDER if seq == highest + 1 else Arrival.JUMP
            if expected is Arrival.JUMP:
                jumped = range(highest + 1, seq + 1)
            highest = seq
        else:
            run = [*run, seq] if run and seq == run[-1] + 1 else [seq]
            expected = Arrival.DOUBT if seq in jumped else Arrival.LATE
            if len(run) >= RUN and seq < highest:
                expected, highest, run, jumped = Arrival.RESTART, seq, [], range(0)
        if expected in (Arrival.IN_ORDER, Arrival.JUMP):
            run = []
        assert found is expected
        assert counted.next == highest + 1


@given(false=st.integers(50, 2**50))
def test_one_false_number_does_not_silence_a_subscription(false):
    counted = line(next_=10)
    assert counted.take(false) is Arrival.JUMP
    found = [counted.take(seq) for seq in range(11, 20)]
    assert found[: RUN - 1] == [Arrival.DOUBT] * (RUN - 1)
    assert found[RUN - 1] is Arrival.RESTART
    assert set(found[RUN:]) == {Arrival.IN_ORDER}


@given(seq=st.integers(1, 2**50))
def test_an_unannounced_sid_may_begin_anywhere(seq):
    counted = Line("trade", Feed("kalshi.trades"))
    assert counted.take(seq) is Arrival.IN_ORDER
    assert counted.take(seq + 1) is Arrival.IN_ORDER
    assert counted.take(seq) is Arrival.LATE


def test_a_sid_announced_again_goes_on_and_another_begins_at_one():
    counted = line(next_=5)
    counted.begin(7)
    assert counted.next == 5
    counted.begin(8)
    assert (counted.sid, counted.next) == (8, 1)
    counted.end()
    assert (counted.sid, counted.next) == (None, None)
