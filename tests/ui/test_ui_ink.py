"""Lines: their width is kept whatever they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kalshi_assistant.domain.time import DAY, HOUR, MINUTE, SECOND
from kalshi_assistant.ui.panels.axes import round_scale, ticks
from kalshi_assistant.ui.renderables import words
from kalshi_assistant.ui.renderables.ink import fit, length, line, rule, spread, text_of, to_ascii
from kalshi_assistant.ui.renderables.palette import DARK, LIGHT
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


def test_both_palettes_ink_every_role():
    assert DARK.keys() == LIGHT.keys()


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


@pytest.mark.parametrize(
    ("micro", "told"),
    [(17_500, "1.75"), (20_000, "2"), (100, "0.01"), (-1, "-0.0001"), (0, "0")],
)
def test_an_exact_amount_has_as_many_decimals_as_it_takes(micro: int, told: str):
    assert words.exact_cents(micro) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "—"), (0.423, "0.42 ms"), (131.2, "131 ms"), (2_140.0, "2.1 s"), (float("nan"), "?")],
)
def test_milliseconds_are_as_fine_as_they_matter(value: float | None, told: str):
    assert words.milliseconds(value) == told


@pytest.mark.parametrize(("quantity", "told"), [(34_000, "340"), (303_531, "3.0k"), (50, "0")])
def test_contracts_in_short_take_few_cells(quantity: int, told: str):
    assert words.short_contracts(quantity) == told


@given(st.floats(-1e12, 1e12), st.floats(0, 1e9), st.integers(2, 280))
def test_a_round_scale_holds_what_it_is_for_and_ends_on_round_values(
    low: float, height: float, down: int
):
    scale = round_scale(low, low + height, down, 10.0)
    assert scale.low <= low
    assert scale.high >= low + height
    assert 0 <= scale.y(low) < down
    assert len([*ticks(scale, 10, 10.0)]) <= 40
