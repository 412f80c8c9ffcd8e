"""What costs much of a snapshot is made anew once a second, a part at a time."""

from types import SimpleNamespace

import pytest

from kalshi_assistant.runtime import live
from kalshi_assistant.runtime.live import Live


class Watch:
    """A stopwatch on a clock of the test's own."""

    at = 0.0

    def __init__(self):
        self.begun = Watch.at

    def seconds(self):
        return Watch.at - self.begun


@pytest.fixture
def made(monkeypatch):
    """(a live run with nothing but these parts, what was made)."""
    monkeypatch.setattr(live, "Stopwatch", Watch)
    found = []
    subject = object.__new__(Live)
    subject._slow, subject._timed, subject._stopped = None, (), SimpleNamespace(is_set=bool)
    subject._slow_for, subject._timed_for = Watch(), Watch()
    subject.engine = SimpleNamespace(slow_views=lambda: found.append("views") or object())
    subject.probe = SimpleNamespace(view=lambda: found.append("stages") or ("stage",))
    subject._heartbeat = SimpleNamespace(view=lambda: "heartbeat")
    return subject, found


@pytest.mark.parametrize(("period", "each"), [(0.25, 1.25), (1.0, 2.0), (5.0, 10.0)])
def test_every_part_is_made_in_its_turn_however_rare_snapshots_are(made, period, each):
    subject, found = made
    subject._renew_slow_parts()
    assert found == ["views", "stages"]
    assert subject._timed == ("stage", "heartbeat")
    for _ in range(40):
        found.clear()
        Watch.at += period
        subject._renew_slow_parts()
        assert len(found) <= 1
        assert subject._slow_for.seconds() <= each
        assert subject._timed_for.seconds() <= each


def test_the_last_one_is_whole(made):
    subject, found = made
    subject._renew_slow_parts()
    subject._stopped = SimpleNamespace(is_set=lambda: True)
    subject._renew_slow_parts()
    assert found == ["views", "stages"] * 2
