"""What a person may ask and order from afar: it can only tighten."""

import pytest

from kalshi_assistant.alerts.remote import Remote
from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.domain.signals import NearMiss
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import Money
from kalshi_assistant.engine.snapshot import FunnelCounts, FunnelView, TradingView
from tests.support import views
from tests.support.alerting import NOW

ANN, BOB = 111, 222


class Desk:
    """An engine that does as it is told."""

    def __init__(self, snapshot):
        self.snapshot = snapshot
        self.done = []
        self.gone = False

    async def command(self, name, argument):
        if self.gone:
            raise PassingError("the engine went away")
        self.done.append((name, argument))
        return f"{name} done"


class Talk:
    """A conversation with codes 1000, 1001, ... and a clock moved by hand."""

    def __init__(self, **changes):
        self.desk = Desk(views.snapshot(**changes))
        self.now = NOW
        self.codes = iter(range(1000, 2000))
        self.remote = Remote(self.desk, lambda: self.now, lambda: str(next(self.codes)))

    async def says(self, text, user=ANN):
        return await self.remote.answer(user, text)

    def later(self, seconds):
        self.now = Nanos(self.now + seconds * SECOND)


def trading():
    return TradingView(
        closed_because="the book is not known", armed=True, venue=False, agreed=True,
        cash=Money(1_000_000_000), equity=Money(1_001_500_000), peak=Money(0),
        day_pnl=Money(1_500_000), worst=Money(20_000_000), orders=(), breakers=(), policies=(),
        good_windows=0, canary=False,
    )  # fmt: skip


async def test_status_pnl_and_why_are_told_from_the_newest_snapshot():
    near = NearMiss(-0.004, "yes", views.NOW, "edge_below_threshold")
    counts = FunnelCounts(1, 900, 890, 12, 3, {"too_early": 480}, {}, 1, 0, near)
    talk = Talk(trading=trading(), funnel=FunnelView(counts, counts))
    status = await talk.says("/status@some_bot")
    assert "PAPER on demo" in status
    assert "P(YES) 0.612" in status
    assert "no entries: the book is not known" in status
    assert "today $1.50" in await talk.says("/pnl")
    why = await talk.says("/why")
    assert why.splitlines()[0] == "now: edge below threshold"
    assert "mostly: too early 480" in why
    assert "nearest miss: YES -0.4c" in why
    assert talk.desk.done == []


async def test_where_nothing_is_traded_or_known_that_is_said():
    talk = Talk(market=None)
    assert "nothing is traded" in await talk.says("/pnl")
    assert "no market" in await talk.says("/why")
    assert "no market now" in await talk.says("/status")


async def test_anything_else_is_answered_with_the_commands():
    talk = Talk()
    for text in ("", "hello", "/start", "/flatten", "/clear", "/quit"):
        assert "/kill" in await talk.says(text)
    assert talk.desk.done == []


async def test_a_pause_is_done_at_once_with_who_asked():
    talk = Talk()
    assert await talk.says("/pause") == "pause done"
    assert talk.desk.done == [("pause", "telegram user 111")]


async def test_a_pause_does_not_take_over_another():
    talk = Talk(paused="by the operator")
    assert "paused already: by the operator" in await talk.says("/pause")
    assert talk.desk.done == []


async def test_a_kill_is_confirmed_twice():
    talk = Talk()
    assert "Confirm 1 of 2 within a minute: /kill 1000" in await talk.says("/kill")
    assert await talk.says("/kill 1000") == "Confirm 2 of 2 within a minute: /kill 1001"
    assert talk.desk.done == []
    assert await talk.says("/kill 1001") == "kill done"
    assert talk.desk.done == [("kill", "telegram user 111")]
    assert "begin again" in await talk.says("/kill 1001")


async def test_a_confirmation_is_good_for_a_minute_for_one_user_and_for_one_command():
    talk = Talk(paused="telegram user 111")
    await talk.says("/kill")
    assert "begin again" in await talk.says("/kill 1000", BOB)
    assert "begin again" in await talk.says("/resume 1000")
    assert "begin again" in await talk.says("/kill 1000")  # another command in between ended it
    await talk.says("/kill")
    assert "that is not the number" in await talk.says("/kill 9999")
    assert "begin again" in await talk.says("/kill 1001")
    await talk.says("/kill")
    talk.later(61)
    assert "begin again" in await talk.says("/kill 1002")
    assert talk.desk.done == []


async def test_only_a_pause_from_here_is_taken_back_and_that_twice_confirmed():
    talk = Talk(paused="telegram user 222")
    await talk.says("/resume")
    await talk.says("/resume 1000")
    assert await talk.says("/resume 1001") == "resume done"
    assert talk.desk.done == [("resume", "telegram user 111")]


@pytest.mark.parametrize(
    ("paused", "words"),
    [("by the operator", "resume there"), (None, "halts are cleared at the machine only")],
)
async def test_what_was_stopped_at_the_machine_is_started_there(paused, words):
    talk = Talk(paused=paused)
    assert words in await talk.says("/resume")
    assert talk.desk.done == []


async def test_a_pause_at_the_machine_in_the_meantime_counts():
    talk = Talk(paused="telegram user 111")
    await talk.says("/resume")
    await talk.says("/resume 1000")
    talk.desk.snapshot = views.snapshot(paused="by the operator")
    assert "resume there" in await talk.says("/resume 1001")
    assert talk.desk.done == []


async def test_without_an_engine_nothing_is_promised():
    talk = Talk()
    talk.desk.gone = True
    assert "/pause was not done: the engine went away" in await talk.says("/pause")
    talk.desk.snapshot = None
    assert "no engine is attached" in await talk.says("/status")
    assert "no engine is attached" in await talk.says("/kill")
