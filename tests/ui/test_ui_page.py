"""Whatever is in a snapshot and however large the terminal: no exception, no line too long."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.ui.panels.axes import LONGEST_AHEAD, MARGIN_SECONDS, span_to_close
from kalshi_assistant.ui.panels.page import Place, arrange, page
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, length, text_of
from tests.support import views
from tests.support.screen import NEW_YORK, room
from tests.support.struct_strategies import drawn_from

SIZES = st.tuples(st.integers(1, 240), st.integers(1, 70))


def assert_fills(lines: list[Line], width: int, height: int) -> None:
    assert [length(drawn) for drawn in lines] == [width] * height


def overlap(one: Place, other: Place) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@given(SIZES, st.booleans())
def test_panels_neither_overlap_nor_leave_the_page(size: tuple[int, int], with_feeds: bool):
    width, height = size
    places = arrange(width, height, with_feeds=with_feeds)
    for place in places:
        assert place.x >= 0
        assert place.y >= 0
        assert place.width > 0
        assert place.height > 0
        assert place.x + place.width <= width
        assert place.y + place.height <= height
    assert not [pair for pair in combinations(places, 2) if overlap(*pair)]


@given(drawn_from(Snapshot), SIZES, st.booleans(), st.booleans(), st.none() | st.text(max_size=9))
def test_any_snapshot_is_drawn_at_any_size(
    snapshot: Snapshot, size: tuple[int, int], with_feeds: bool, ascii_only: bool, trouble: str
):
    space = Room(*size, NEW_YORK, ascii_only)
    scene = Scene(snapshot, trouble)
    assert_fills(page(scene, space, with_feeds=with_feeds), *size)


@given(SIZES)
def test_a_believable_snapshot_is_drawn_at_any_size(size: tuple[int, int]):
    for snapshot in (views.snapshot(), views.busy(), views.last_minute(), views.nothing_yet()):
        for ascii_only in (False, True):
            assert_fills(page(Scene(snapshot), room(*size, ascii_only=ascii_only)), *size)


def test_everything_important_is_on_80_by_24():
    panels = {place.panel for place in arrange(80, 23)}
    assert panels >= {"header", "chart", "ladder", "probability", "feeds", "paper", "settlement",
                      "verdict", "log"}  # fmt: skip


@given(
    st.lists(st.integers(-1, 10_000), max_size=400),
    st.integers(-(10**9), 2**40),
    st.integers(1, 60),
    SIZES,
)
def test_any_trail_is_drawn_at_any_size(
    values: list[int], first_second: int, step: int, size: tuple[int, int]
):
    trail = views.trail(
        first_second=first_second, step_seconds=step, model=tuple(values), market=tuple(values[::2])
    )
    market = views.market(trail=trail)
    assert_fills(page(Scene(views.snapshot(market=market)), room(*size)), *size)


@given(st.integers(0, 1_200), SIZES)
def test_the_plane_ends_at_the_close_and_stands_still_while_time_passes(
    left: int, size: tuple[int, int]
):
    """Every span puts now and the close on the plot, and its last second is the same in between
    zooms.
    """
    across, market = 2 * size[0], views.market()
    at = views.CLOSE - left * SECOND
    span = span_to_close(market, at, across)
    assert (span is None) == (left > LONGEST_AHEAD)
    if span is not None:
        assert 0 <= span.x(at // SECOND) <= span.x(views.CLOSE // SECOND) < across
        end = span.start + across * span.seconds_per_dot
        assert end == views.CLOSE // SECOND + MARGIN_SECONDS


def test_every_panel_has_its_place_where_there_is_room():
    for width, height in ((120, 38), (200, 58), (240, 70)):
        panels = {place.panel for place in arrange(width, height)}
        assert panels >= {"trail", "costs", "health", "chart", "ladder", "settlement", "paper"}


def test_a_low_page_shows_costs_in_place_of_feeds():
    panels = {place.panel for place in arrange(80, 22, with_feeds=False)}
    assert "costs" in panels
    assert "feeds" not in panels


def test_feeds_give_their_place_to_windows():
    assert "windows" in {place.panel for place in arrange(80, 23, with_feeds=False)}


def test_more_room_is_a_deeper_ladder_and_a_wider_chart():
    small = {place.panel: place for place in arrange(80, 23)}
    large = {place.panel: place for place in arrange(200, 59)}
    assert large["ladder"].height > 3 * small["ladder"].height
    assert large["chart"].width > 2 * small["chart"].width
    assert large["log"].height > small["log"].height


def test_numbers_of_a_silent_engine_are_drawn_faint():
    lines = page(Scene(views.snapshot(), "no news from the engine for 5 s"), room(80, 23))
    loud = [drawn for drawn in lines if any(role not in ("faint", "plain") for _, role in drawn)]
    assert [text_of(drawn).strip() for drawn in loud] == ["no news from the engine for 5 s"]


@given(
    st.lists(st.just(0) | st.integers(1, 10**9), max_size=1000),
    st.integers(-(10**9), 10**10),
    st.none() | st.integers(1, 10**9),
    SIZES,
)
def test_any_index_is_drawn_at_any_size(
    tail: list[int], first_second: int, strike: int | None, size: tuple[int, int]
):
    index = views.index(tail=tuple(tail), first_second=first_second)
    snapshot = views.snapshot(index=index, market=views.market(strike=strike))
    assert_fills(page(Scene(snapshot), room(*size)), *size)
