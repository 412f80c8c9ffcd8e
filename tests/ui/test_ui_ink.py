"""Lines: their width is kept whatever they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kalshi_assistant.domain.time import DAY, HOUR, MINUTE, SECOND
from kalshi_assistant.ui.renderables import words
from kalshi_assistant.ui.renderables.ink import fit, length, line, rule, spread, text_of, to_ascii
from kalshi_assistant.ui.renderables.overlay import framed_over
from kalshi_assistant.ui.renderables.plot import Plot, bar

WIDTHS = st.integers(0, 60)


@given(st.text(), WIDTHS)
def test_a_fitted_line_takes_its_width_in_cells_whatever_the_text(text: str, width: int):
    fitted = fit(line((text, "plain")), width)
    assert length(fitted) == width
    assert cell_len(text_of(fitted)) == width


@given(st.text(), st.text(), WIDTHS)
def test_a_spread_line_takes_its_width(left: str, right: str, width: int):
    assert length(fit(spread(line(left), line(right), width), width)) == width


@given(st.text(max_size=20), st.text(max_size=20), WIDTHS)
def test_a_rule_takes_its_width(title: str, note: str, width: int):
    assert length(rule(title, width, note)) == width


@given(st.text())
def test_ascii_has_the_same_length(text: str):
    fitted = fit(line(text), 30)
    assert length(to_ascii(fitted)) == 30
    assert text_of(to_ascii(fitted)).isascii()


def test_what_is_cut_ends_with_a_mark():
    assert text_of(fit(line("closes in 02:47"), 10)) == "closes in…"


@given(st.floats(), st.integers(0, 40))
def test_a_bar_never_leaves_its_width(share: float, width: int):
    if share == share:
        assert len(bar(share, width)) <= width


@given(st.integers(1, 60), st.integers(0, 20), st.integers(1, 50), st.integers(0, 20))
def test_a_box_over_a_page_leaves_its_size(width: int, height: int, inner: int, rows: int):
    page = [fit(line("─" * width), width)] * height
    drawn = framed_over(page, [fit(line("x"), inner)] * rows, width)
    assert [length(content) for content in drawn] == [width] * height


def test_around_a_box_the_page_is_as_it_was():
    page = [line("abcdefgh")] * 4
    drawn = framed_over(page, [line("xx"), line("yy")], 8)
    assert [text_of(content) for content in drawn] == [
        "ab┌──┐gh",
        "ab│xx│gh",
        "ab│yy│gh",
        "ab└──┘gh",
    ]


def test_a_plot_drops_dots_outside():
    plot = Plot(2, 1)
    plot.dot(-1, 0, "index")
    plot.dot(0, 4, "index")
    assert [text_of(drawn) for drawn in plot.lines()] == ["  "]


def test_a_plot_sets_eight_dots_a_cell():
    plot = Plot(1, 1)
    plot.upright(0, 0, 3, "index")
    plot.upright(1, 0, 3, "index")
    assert text_of(plot.lines()[0]) == "⣿"


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (-SECOND, "00:00"),
        (1, "00:01"),
        (167 * SECOND, "02:47"),
        (59 * MINUTE + 60 * SECOND, "1:00:00"),
        (3 * DAY, "3 days"),
    ],
)
def test_countdown(span: int, told: str):
    assert words.countdown(span) == told


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (-SECOND, "0.0 s"),
        (SECOND * 52 // 10, "5.2 s"),
        (42 * SECOND, "42 s"),
        (5 * MINUTE, "5 min"),
        (3 * HOUR, "3 h"),
        (4 * DAY, "4 days"),
    ],
)
def test_age(span: int, told: str):
    assert words.age(span) == told


@pytest.mark.parametrize(
    ("probability", "told"),
    [
        (None, "—"),
        (0.0, "0.0 %"),
        (0.0001, "<0.1 %"),
        (0.6123, "61.2 %"),
        (0.99989, ">99.9 %"),
        (1.0, "100.0 %"),
        (float("nan"), "?"),
    ],
)
def test_percent_claims_no_certainty_by_rounding(probability: float | None, told: str):
    assert words.percent(probability) == told


def test_money_and_prices():
    assert words.index_dollars(9125062) == "$91,250.62"
    assert words.signed_money(-1_237_500) == "-$1.24"
    assert words.price_cents(5850) == "58.5"
    assert words.price_cents(5600, 1) == "56.0"
    assert words.contracts(34050) == "340.50"
    assert words.contracts(34000) == "340"
    assert words.signed_cents(-0.00004) == "0.0"
    assert words.dollars(float("inf")) == "$?"
    assert words.dollars(1e20) == "$1.00e+20"
