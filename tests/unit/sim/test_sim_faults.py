"""The bad line: each fault alone does what it says, and a perfect line changes nothing."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.sim.faults import Delivery, Faults, FaultSettings

STEP = 100 * MILLISECOND
FRAMES = [f'{{"seq":{number}}}'.encode() for number in range(500)]


def sent(frames: Iterable[bytes] = FRAMES) -> list[tuple[bytes, Nanos]]:
    return [(frame, Nanos(SECOND + number * STEP)) for number, frame in enumerate(frames)]


def through(settings: FaultSettings, seed: int = 7) -> tuple[list[Delivery], Faults]:
    line = Faults(settings, seed)
    got = [each for frame, at in sent() for each in line.feed(frame, at)]
    return got + line.finish(sent()[-1][1]), line


@given(st.lists(st.tuples(st.binary(), st.integers(0, 2**62).map(Nanos))), st.integers(0, 100))
def test_a_perfect_line_delivers_every_frame_at_its_time(frames, seed):
    line = Faults(FaultSettings(), seed)
    assert [line.feed(frame, at) for frame, at in frames] == [[Delivery(*each)] for each in frames]
    assert not line.finish(Nanos(0))
    assert not line.happened.total()


def test_the_same_seed_does_the_same_damage_and_another_does_not():
    rough = FaultSettings(drop=0.1, delay=0.1, duplicate=0.1, reorder=0.1, corrupt=0.1, cut=0.1)
    assert through(rough)[0] == through(rough)[0]
    assert through(rough)[0] != through(rough, seed=8)[0]


def test_one_fault_does_not_move_another():
    _, alone = through(FaultSettings(drop=0.2))
    _, together = through(FaultSettings(drop=0.2, delay=0.5))
    assert alone.happened["drop"] == together.happened["drop"]


def test_dropping_loses_frames_and_changes_none():
    got, line = through(FaultSettings(drop=0.2))
    assert len(got) == len(FRAMES) - line.happened["drop"]
    assert 50 < line.happened["drop"] < 150
    assert [each.frame for each in got] == sorted((each.frame for each in got), key=FRAMES.index)


def test_duplicating_repeats_a_frame_at_once():
    got, line = through(FaultSettings(duplicate=0.2))
    assert len(got) == len(FRAMES) + line.happened["duplicate"]
    assert list(dict.fromkeys(each.frame for each in got)) == FRAMES


def test_delaying_keeps_the_order_and_only_moves_times_later():
    got, line = through(FaultSettings(delay=0.05, delay_ms_max=1_000))
    assert [each.frame for each in got] == FRAMES
    waits = [each.at - at for each, (_, at) in zip(got, sent(), strict=True)]
    assert min(waits) == 0
    assert 0 < max(waits) <= SECOND
    assert line.happened["delay"]
    assert [each.at for each in got] == sorted(each.at for each in got)


def test_reordering_lets_a_bounded_number_of_frames_overtake():
    got, line = through(FaultSettings(reorder=0.1, reorder_frames_max=3))
    frames = [each.frame for each in got]
    assert sorted(frames) == sorted(FRAMES)
    assert frames != FRAMES
    assert line.happened["reorder"]
    assert max(abs(frames.index(frame) - place) for place, frame in enumerate(FRAMES)) <= 6
    assert [each.at for each in got] == sorted(each.at for each in got)


def test_corrupting_changes_exactly_one_byte():
    got, line = through(FaultSettings(corrupt=1.0))
    assert line.happened["corrupt"] == len(FRAMES)
    for delivered, original in zip(got, FRAMES, strict=True):
        assert delivered.frame is not None
        pairs = zip(delivered.frame, original, strict=True)
        assert sum(mine != theirs for mine, theirs in pairs) == 1


def test_cutting_ends_a_frame_in_its_middle():
    got, _ = through(FaultSettings(cut=1.0))
    for delivered, original in zip(got, FRAMES, strict=True):
        assert delivered.frame is not None
        assert original.startswith(delivered.frame)
        assert len(delivered.frame) < len(original)


def test_disconnecting_says_so_and_loses_what_comes_during_the_outage():
    got, line = through(FaultSettings(disconnect=0.02, outage_ms_max=1_000))
    drops = [each for each in got if each.frame is None]
    assert len(drops) == line.happened["disconnect"] > 0
    assert len(got) < len(FRAMES)


def test_a_dropped_connection_takes_the_frames_under_way_with_it():
    both = FaultSettings(reorder=1.0, reorder_frames_max=1, disconnect=1e-12, outage_ms_max=0)
    line = Faults(both, seed=1)
    assert line.feed(b"held", Nanos(1)) == []
    line._shares["disconnect"] = 1.0
    assert line.feed(b"next", Nanos(2)) == [Delivery(None, Nanos(2))]
    assert line.finish(Nanos(3)) == []


def test_a_skewed_clock_moves_every_time_by_the_same_amount():
    got, _ = through(FaultSettings(skew_ms=-250))
    assert {each.at - at for each, (_, at) in zip(got, sent(), strict=True)} == {-250 * MILLISECOND}


def test_a_drifting_clock_moves_with_time():
    got, _ = through(FaultSettings(drift_ppm=1_000))
    last = sent()[-1][1]
    assert got[0].at == sent()[0][1]
    assert got[-1].at - last == (last - sent()[0][1]) // 1_000


def test_held_frames_come_out_at_the_end():
    line = Faults(FaultSettings(reorder=1.0, reorder_frames_max=1), seed=1)
    assert line.feed(b"one", Nanos(1)) == []
    assert line.finish(Nanos(5)) == [Delivery(b"one", Nanos(5))]


@pytest.mark.parametrize("wrong", [{"drop": 1.5}, {"delay_ms_max": 0}, {"skew_ms": 1e9}])
def test_impossible_faults_are_refused(wrong):
    with pytest.raises(RangeError):
        FaultSettings(**wrong)


def test_a_dead_line_is_silent_and_then_breaks():
    """What was sent meanwhile is lost, so the connection cannot go on."""
    line = Faults(FaultSettings(silence=1.0, silence_ms_max=1_000, outage_ms_max=0), seed=3)
    assert line.feed(b"first", Nanos(0)) == []
    assert line.feed(b"second", Nanos(1)) == []
    assert line.feed(b"third", Nanos(2_000 * MILLISECOND)) == [
        Delivery(None, Nanos(2_000 * MILLISECOND))
    ]


def test_a_slow_reader_is_cut_off_a_while_later():
    line = Faults(FaultSettings(slow=1.0, slow_ms_max=1_000, outage_ms_max=0), seed=3)
    (cut,) = line.feed(b"first", Nanos(0))
    assert cut.frame is None
    assert 0 < cut.at <= 1_000 * MILLISECOND


def test_a_garbled_frame_is_no_text():
    line = Faults(FaultSettings(garble=1.0), seed=3)
    (got,) = line.feed(b"{}", Nanos(0))
    with pytest.raises(UnicodeDecodeError):
        got.frame.decode()
