"""The venue's reaction is measured, and delay capture refuses until it is and we are faster."""

import pytest

from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.strategy.delay import DelaySettings, Reaction, delay_capture

INDEX = 9_000_000
MIDDLE = 11_000
"""Best bid and ask together: 54 and 56 cents."""


def settings(**changes):
    return DelaySettings(**{"min_reactions": 2, "move_bp": 1.0, **changes})


def moved(reaction, at, cents=1_800, after=MIDDLE, p_after=0.6):
    """A move of 2 bp within half a second, that began at ``at``."""
    reaction.index_seen(at, INDEX, MIDDLE, 0.5)
    reaction.index_seen(at + SECOND // 2, INDEX + cents, after, p_after)
    return at + SECOND // 2


def learnt(delays_ms, **changes):
    reaction, at = Reaction(settings(**changes)), SECOND
    for delay in delays_ms:
        came = moved(reaction, at)
        reaction.followed(came + delay * MILLISECOND)
        at += 20 * SECOND
    return reaction


def test_median_and_fastest_quarter_of_the_last_reactions():
    measured = learnt([900, 100, 200, 300, 400], keep=4).measured()
    assert measured.moves == 4
    assert (measured.p25, measured.median) == (0.2, 0.3)


def test_too_few_reactions_are_no_measurement():
    assert learnt([100], min_reactions=2).measured() is None
    assert learnt([100, 100], min_reactions=2).measured() is not None


def test_a_move_takes_its_whole_size_within_its_time():
    reaction = Reaction(settings(span_seconds=1.0))
    for step in range(10):
        reaction.index_seen(step * SECOND, INDEX + 300 * step, MIDDLE, 0.5)
    assert reaction.pending is None
    reaction.index_seen(10 * SECOND, INDEX + 2_700 + 1_800, MIDDLE, 0.6)
    assert reaction.pending.direction == 1
    assert reaction.pending.target == MIDDLE + 100


def test_a_book_that_moved_first_reacted_in_no_time():
    reaction = Reaction(settings())
    moved(reaction, SECOND, after=MIDDLE + 100)
    assert (reaction.pending, reaction.samples) == (None, (0,))


@pytest.mark.parametrize("p_after", [0.5, 0.505, 0.4, None])
def test_a_move_the_number_does_not_follow_is_not_measured(p_after):
    reaction = Reaction(settings())
    moved(reaction, SECOND, p_after=p_after)
    assert reaction.pending is None


def test_a_book_that_never_follows_is_left_out():
    reaction = Reaction(settings(wait_seconds=5))
    came = moved(reaction, SECOND)
    assert reaction.pending is not None
    reaction.index_seen(came + 6 * SECOND, INDEX + 1_800, MIDDLE, 0.6)
    assert (reaction.pending, reaction.samples) == (None, ())


def test_an_unknown_book_forgets_what_is_under_way():
    reaction = Reaction(settings())
    moved(reaction, SECOND)
    reaction.index_seen(2 * SECOND, INDEX, 0, 0.5)
    reaction.followed(3 * SECOND)
    assert (reaction.pending, reaction.samples) == (None, ())


def ready(outcome="yes", own=0.1, over=0.02, after_ms=0, reactions=(400, 400, 400), **changes):
    """Asked ``after_ms`` after a move up."""
    subject = learnt(reactions, **changes)
    came = moved(subject, 1_000 * SECOND)
    now = came + after_ms * MILLISECOND
    return delay_capture(settings(**changes), outcome, over, subject, own, now)


def test_the_evidence_names_the_move_and_both_latencies():
    evidence = dict(ready())
    assert evidence["move_bp"] == pytest.approx(2.0)
    assert evidence["own_p95_seconds"] == 0.1
    assert evidence["reaction_p25_seconds"] == 0.4
    assert evidence["reactions"] == 3


@pytest.mark.parametrize(
    ("case", "veto"),
    [
        ({"enabled": False}, "delay_off"),
        ({"reactions": (400,)}, "reaction_not_measured"),
        ({"own": None}, "own_latency_not_measured"),
        ({"own": 0.4}, "venue_faster_than_us"),
        ({"own": 0.1, "reactions": (50, 50, 50, 900, 900, 900, 900)}, "venue_faster_than_us"),
        ({"outcome": "no"}, "index_moved_the_other_way"),
        ({"after_ms": 310}, "move_too_old"),
        ({"extra_dollars": 0.03}, "edge_below_kind"),
    ],
)
def test_each_refusal_has_its_name(case, veto):
    assert ready(**case) == veto


def test_without_a_move_under_way_there_is_nothing_to_capture():
    subject = learnt((400, 400, 400))
    assert delay_capture(settings(), "yes", 1.0, subject, 0.1, SECOND) == "index_has_not_moved"
