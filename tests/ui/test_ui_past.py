"""The past: what this screen heard, what is rebuilt, and that neither is ever taken for now."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.domain.time import HOUR, SECOND, Nanos
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.ui.bars import Moment, time_bar
from kalshi_assistant.ui.hindsight import HEARD, NOTHING, REBUILT, Hindsight, Memory
from kalshi_assistant.ui.renderables.ink import length, text_of
from tests.support import views
from tests.support.driven import driven
from tests.support.screen import room


@dataclass
class HandPast:
    """A past that holds what it is given, a second each."""

    known: list[Snapshot] = field(default_factory=list)
    share: float = 1.0
    note: str = ""
    whole: bool = False
    trouble: PassingError | None = None
    begun: Snapshot | None = None
    closed: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def state(self) -> "HandPast":
        return self

    @property
    def first(self) -> Nanos | None:
        return self.known[0].at if self.known else None

    @property
    def last(self) -> Nanos | None:
        return self.known[-1].at if self.known else None

    def begin(self, newest: Snapshot) -> None:
        self.begun = self.begun or newest

    async def at(self, instant: Nanos) -> Snapshot | None:
        await self.ready.wait()
        if self.trouble is not None:
            raise self.trouble
        found = [each for each in self.known if each.at // SECOND <= instant // SECOND]
        return found[-1] if found else None

    async def close(self) -> None:
        self.closed = True


def moments(*seconds_ago: float) -> list[Snapshot]:
    return [views.snapshot(at=views.ago(seconds)) for seconds in seconds_ago]


def ready(*seconds_ago: float, **fields: object) -> HandPast:
    past = HandPast(moments(*seconds_ago), **fields)  # type: ignore[arg-type]  # names are right
    past.ready.set()
    return past


# --- what this screen heard ---


def test_the_first_snapshot_of_a_second_is_kept():
    memory = Memory()
    first, second = moments(10, 9.9)
    memory.keep(first)
    memory.keep(second)
    assert memory.at(second.at) == first


def test_a_hole_is_filled_with_what_was_known_before_it():
    memory = Memory()
    early, late = moments(30, 10)
    memory.keep(early)
    memory.keep(late)
    assert memory.at(views.ago(20)) == early
    assert memory.at(views.ago(31)) is None


@given(st.lists(st.integers(0, 400), max_size=60))
def test_memory_is_bounded_in_time_and_never_goes_back(steps: list[int]):
    memory, at = Memory(seconds=600), views.NOW
    small = views.nothing_yet()
    for step in steps:
        at = Nanos(at + step * SECOND)
        memory.keep(replace(small, at=at))
        assert memory.first is not None
        assert at // SECOND - memory.first // SECOND <= 600


def test_memory_is_bounded_in_bytes():
    memory = Memory(size=20_000)
    for snapshot in moments(*range(60, 0, -1)):
        memory.keep(snapshot)
    assert memory._size <= 20_000
    assert memory.at(views.ago(1)) is not None


# --- where to look ---


async def looked_up(hindsight: Hindsight, newest: Snapshot, seconds_ago: float) -> None:
    wanted = hindsight.aim(views.ago(seconds_ago), newest.at)
    await hindsight.look_up(wanted, newest)


async def test_what_was_heard_is_shown_before_anything_is_rebuilt():
    past = ready(20, 10)
    hindsight = Hindsight(past)
    heard, newest = moments(10, 0)
    hindsight.memory.keep(heard)
    hindsight.freeze(newest)
    assert past.begun == newest
    await looked_up(hindsight, newest, 10)
    assert (hindsight.shown, hindsight.note) == (heard, HEARD)


async def test_older_moments_come_from_the_past():
    hindsight = Hindsight(ready(30, 20, 10))
    (newest,) = moments(0)
    hindsight.freeze(newest)
    await looked_up(hindsight, newest, 20)
    assert (hindsight.shown, hindsight.note) == (moments(20)[0], REBUILT)


async def test_a_warning_of_the_past_goes_with_what_it_shows():
    hindsight = Hindsight(ready(30, note="without its beginning"))
    (newest,) = moments(0)
    hindsight.freeze(newest)
    await looked_up(hindsight, newest, 20)
    assert hindsight.note == "without its beginning"


async def test_before_the_beginning_is_the_beginning():
    hindsight = Hindsight(ready(30, share=0.5))
    (newest,) = moments(0)
    hindsight.freeze(newest)
    hindsight.wanted = views.ago(500)
    await hindsight.look_up(views.ago(500), newest)
    assert (hindsight.shown, hindsight.note) == (moments(30)[0], NOTHING)


async def test_a_past_that_cannot_be_had_says_why_and_the_screen_stays():
    past = ready(30, trouble=PassingError("no journal of this engine"))
    hindsight = Hindsight(past)
    (newest,) = moments(0)
    hindsight.freeze(newest)
    await looked_up(hindsight, newest, 20)
    assert (hindsight.shown, hindsight.note) == (newest, "no journal of this engine")


async def test_an_answer_that_is_no_longer_wanted_is_not_shown():
    hindsight = Hindsight(ready(30))
    (newest,) = moments(0)
    hindsight.freeze(newest)
    wanted = hindsight.aim(views.ago(20), newest.at)
    hindsight.release()
    await hindsight.look_up(wanted, newest)
    assert hindsight.shown is None


async def test_one_goes_back_an_hour_at_most_unless_all_of_it_is_there():
    (newest,) = moments(0)
    far = views.ago(3 * 3_600)
    assert Hindsight(ready(2 * 3_600)).aim(far, newest.at) == newest.at - HOUR
    assert Hindsight(ready(2 * 3_600, whole=True)).aim(far, newest.at) == newest.at - 2 * HOUR
    assert Hindsight(None).aim(far, newest.at) == newest.at
    assert Hindsight(ready()).aim(views.ago(-50), newest.at) == newest.at


# --- the bar of time ---


@given(
    st.integers(0, 2 * HOUR), st.none() | st.integers(0, 2 * HOUR), st.integers(20, 240),
    st.booleans(), st.none() | st.integers(0, 2 * HOUR),
)  # fmt: skip
def test_the_bar_of_time_fills_any_width_and_its_clicks_lie_on_it(
    back: int, first: int | None, width: int, frozen: bool, wanted: int | None
):
    moment = Moment(
        shown_at=Nanos(views.NOW - back),
        newest_at=views.NOW,
        first_at=None if first is None else Nanos(views.NOW - first),
        wanted_at=None if wanted is None else Nanos(views.NOW - wanted),
        frozen=frozen,
        note="as this screen heard it",
    )
    bar = time_bar(moment, room(width, 1))
    assert length(bar.content) == width
    assert all(0 <= spot.start < spot.end <= width for spot in bar.spots)
    assert ("PAST" in text_of(bar.content)) is (moment.shown_at // SECOND < views.NOW // SECOND)


async def test_what_is_frozen_stands_still_while_the_engine_goes_on():
    async with driven() as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("space")
        await screen.until(lambda: "FROZEN" in screen.foot)
        await screen.show(views.snapshot(at=views.ago(-75)))
        await screen.until(lambda: "PAST" in screen.foot)
        assert "closes in 02:47" in screen.shown
        assert "1:15 min ago" in screen.foot
        await screen.pilot.press("escape")
        await screen.until(lambda: "closes in 01:32" in screen.shown)
        assert "PAST" not in screen.foot


async def test_one_steps_back_through_what_was_rebuilt_and_forth_again():
    past = ready(*range(200, 5, -1))
    async with driven(past=past, size=(120, 40)) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("left_square_bracket")
        await screen.until(lambda: "closes in 03:47" in screen.shown)
        assert "rebuilt from the journal" in screen.foot
        await screen.pilot.press("left")
        await screen.until(lambda: "closes in 03:48" in screen.shown)
        await screen.pilot.press("right_square_bracket", "right")
        await screen.until(lambda: "closes in 02:47" in screen.shown)
    assert past.closed


async def test_while_it_is_rebuilt_the_bar_says_so_and_what_is_shown_keeps_its_name():
    past = HandPast(moments(100), share=0.43)
    async with driven(past=past) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("left_square_bracket")
        await screen.until(lambda: "rebuilding 43%" in screen.foot)
        assert "12:12:13 > 12:11:13" in screen.foot
        assert "closes in 02:47" in screen.shown
        past.ready.set()
        await screen.until(lambda: "closes in 04:27" in screen.shown)


async def test_a_click_on_the_track_goes_there():
    past = ready(*range(3_600, 5, -1))
    async with driven(past=past, size=(120, 40)) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("z")
        await screen.until(lambda: "├" in screen.foot)
        await screen.pilot.click("#foot", offset=(screen.foot.index("├") + 1, 0))
        await screen.until(lambda: "1:00:00 ago" in screen.foot)


async def test_a_replay_is_never_called_now():
    async with driven(replayed=True) as screen:
        await screen.show(views.snapshot())
        await screen.until(lambda: "REPLAY" in screen.foot)
        assert "12:12:13" in screen.foot


async def test_the_end_of_the_engine_is_said_while_one_looks_back():
    async with driven(size=(120, 40)) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("z")
        screen.source.give(None)
        await screen.until(lambda: "the engine has ended" in screen.foot)
