"""The pages beside the main one, as text, at 80 columns and more, in their states."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kalshi_assistant.engine.page_views import ScoreView
from kalshi_assistant.engine.snapshot import LogLine, Snapshot
from kalshi_assistant.ui.panels.pages import PAGES
from kalshi_assistant.ui.panels.pages.evidence import sentence
from kalshi_assistant.ui.panels.scene import Scene
from kalshi_assistant.ui.renderables.ink import length, text_of
from tests.support import page_views, views
from tests.support.screen import Golden, room

MOMENTS = {
    "empty": page_views.empty,
    "normal": page_views.normal,
    "halted": page_views.halted,
}


def text(name: str, snapshot: Snapshot, width: int = 80, row: int = 0) -> str:
    """A page as it is shown."""
    drawn = PAGES[name](Scene(snapshot), room(width, 24), row)
    return "\n".join(text_of(content).rstrip() for content in drawn)


@pytest.mark.parametrize("width", [80, 168])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", PAGES)
def test_page_at_common_widths(name: str, moment: str, width: int, golden: Golden):
    scene = Scene(MOMENTS[moment]())
    golden(f"{name}-{moment}-{width}", PAGES[name](scene, room(width, 24), 0))


@pytest.mark.parametrize("name", PAGES)
@given(
    moment=st.sampled_from(sorted(MOMENTS)),
    width=st.integers(1, 260),
    row=st.integers(-5, 10_000),
    ascii_only=st.booleans(),
    trouble=st.none() | st.just("no news from the engine for 12 s"),
)
def test_a_page_fits_any_width_and_row(name, moment, width, row, ascii_only, trouble):
    scene = Scene(MOMENTS[moment](), trouble)
    drawn = PAGES[name](scene, room(width, 24, ascii_only=ascii_only), row)
    assert {length(content) for content in drawn} == {width}
    if ascii_only:
        assert all(text_of(content).isascii() for content in drawn)


@given(text=st.text(max_size=300), number=st.sampled_from((nan, inf, -inf, 0.0, 1e300)))
def test_nonsense_from_outside_is_drawn_in_cells(text, number):
    said = LogLine(views.ago(1), "warning", text[:20], text)
    decision = page_views.decision(
        became=text, p_yes=number, sd=number, evidence=((text, number),), expected_average=number
    )
    evidence = page_views.evidence(mean=number, low=number, high=number, brier_model=number)
    feed = views.feed(text, state="down", reason=text, delay_p50_ms=number, delay_p99_ms=number)
    snapshot = page_views.normal(
        log=(said,), decisions=(decision,), evidence=(evidence,), feeds=(feed,)
    )
    for draw in PAGES.values():
        drawn = draw(Scene(snapshot), room(80, 24), 0)
        assert {length(content) for content in drawn} == {80}


@pytest.mark.parametrize("name", PAGES)
def test_while_no_news_comes_the_page_is_grey_and_says_why(name: str):
    first, *rest = PAGES[name](Scene(page_views.normal(), "the engine is gone"), room(80, 24), 0)
    assert text_of(first).rstrip() == "the engine is gone"
    assert {role for content in rest for _, role in content} == {"faint"}


# --- what is chosen ---


def test_the_chosen_decision_is_told_in_full():
    said = text("why", page_views.normal(), row=2)
    assert "3 of 3" in said
    assert "the story of 12:09:53" in said
    assert "not taken: the venue's book follows the index faster than an order\n" in said


def test_a_row_that_is_gone_is_the_last_one():
    assert text("why", page_views.normal(), row=99) == text("why", page_views.normal(), row=2)


def test_the_chosen_breaker_says_what_opens_it():
    place = [each.name for each in page_views.guards()].index("drawdown")
    assert "equity is 20% below its peak" in text("risk", page_views.normal(), row=place)


def test_the_steps_of_an_edge_add_up():
    edge = page_views.decision().edge
    said = text("why", page_views.normal())
    parts = ("gap", "fee", "slippage", "latency", "haircut")
    found = {
        words[0]: float(words[1].removesuffix("¢"))
        for words in (content.split() for content in said.splitlines())
        if words and words[0] in (*parts, "net")
    }
    assert sum(found[name] for name in parts) == pytest.approx(found["net"], abs=0.21)
    assert found["net"] == pytest.approx(100 * edge.net, abs=0.05)


# --- what is said ---


def test_an_open_breaker_says_why_what_it_stops_and_what_it_keeps():
    said = text("risk", page_views.halted())
    assert "✗ drawdown" in said
    assert "OPEN since 11:10:33: equity $790.00 is 21.0%" in said
    assert "blocks new entries; keeps exits, take-profits and cancels; closes: a person" in said
    assert "closes in 28:20" in said


def test_a_limit_that_is_passed_is_said_in_words():
    assert "✗ 1.0 % OVER" in text("risk", page_views.halted())


def test_while_watching_the_risk_page_says_that_nothing_is_at_stake():
    assert "nothing is traded while only watching" in text("risk", page_views.empty())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "no evidence (312 of about 9,225 windows)"),
        (
            {"counted": 9_225},
            "no evidence (9,225 of about 9,225 windows): 2¢ would most likely have shown",
        ),
        (
            {"verdict": "promising", "low": 0.0042, "high": 0.0581},
            "promising (312 windows): earns +0.4¢ to +5.8¢ a contract",
        ),
        (
            {"verdict": "refuted", "low": -0.0791, "high": -0.0031},
            "refuted (312 windows): loses 0.3¢ to 7.9¢ a contract",
        ),
    ],
)
def test_the_sentence_of_a_verdict(changes, said):
    assert sentence(page_views.evidence(**changes)) == said


def test_a_feed_that_is_down_says_why_beneath_it():
    said = text("feeds", page_views.halted()).splitlines()
    place = next(at for at, content in enumerate(said) if "DOWN" in content and at > 1)
    assert said[place + 1].strip() == "the socket closed: 1006"


def test_the_page_of_feeds_says_how_long_paper_orders_take():
    seen = page_views.normal()
    assert seen.trading is not None
    label = "measured: 60 orders, median 82 ms"
    shown = replace(seen, trading=replace(seen.trading, latency=label))
    assert f"paper orders take  {label}" in text("feeds", shown)
    assert "paper orders take" not in text("feeds", seen)


def test_a_single_payout_draws_no_curve():
    snapshot = page_views.normal(curve=page_views.curve()[:1])
    assert "a curve begins with the second window" in text("history", snapshot)


def test_a_curve_that_never_moves_is_a_line():
    flat = tuple((at, 0) for at, _ in page_views.curve())
    assert "20 windows paid out" in text("history", page_views.normal(curve=flat))


def test_a_long_line_of_the_log_is_told_to_its_end():
    last = "and this is the end of it"
    line = LogLine(views.ago(1), "error", "rest", f"{'words ' * 40}{last}")
    said = " ".join(text("log", page_views.normal(log=(line,))).split())
    assert last in said


def test_a_reason_that_is_not_in_the_first_eight_is_counted():
    many = {f"reason_{place}": 100 - place for place in range(12)}
    funnel = page_views.funnel()
    window = replace(page_views.counts(), vetoes=many)
    snapshot = page_views.normal(funnel=replace(funnel, window=window))
    assert "and 4 more reasons, 362 looks" in text("why", snapshot)


def test_the_nearest_horizons_are_shown_where_not_all_have_room():
    lefts = (840, 600, 300, 120, 60, 30, 10, 5)
    scores = tuple(ScoreView("model", left, 3, 0.2) for left in lefts)
    shown = text("evidence", views.snapshot(scores=scores), width=60)
    (head,) = [drawn for drawn in shown.splitlines() if "before the close" in drawn]
    assert head.split()[3:] == ["120", "s", "60", "s", "30", "s", "10", "s", "5", "s"]
    every = text("evidence", views.snapshot(scores=scores), width=90)
    assert "840 s" in every
    assert "windows" in every


def test_before_the_first_result_no_forecast_is_scored():
    assert "no window has its result yet" in text("evidence", views.snapshot())
