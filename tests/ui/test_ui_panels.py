"""Every panel as text, at the width it has on 80 columns, in its states."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import Price, Quantity
from kalshi_assistant.engine.snapshot import ReplicaView
from kalshi_assistant.ui.panels.header import header
from kalshi_assistant.ui.panels.page import PANELS, page
from kalshi_assistant.ui.panels.scene import Scene
from kalshi_assistant.ui.renderables.ink import fit, text_of
from tests.support import views
from tests.support.screen import Golden, room

LEFT, RIGHT, WHOLE = 51, 28, 80


def text(panel: str, snapshot: views.Snapshot, width: int, height: int) -> str:
    """The panel's lines as they are shown."""
    lines = PANELS[panel](Scene(snapshot), room(width, height))
    return "\n".join(text_of(fit(drawn, width)).rstrip() for drawn in lines)


@pytest.mark.parametrize(
    ("panel", "width", "height"),
    [
        ("header", WHOLE, 2),
        ("chart", LEFT, 8),
        ("ladder", RIGHT, 8),
        ("probability", LEFT, 7),
        ("feeds", RIGHT, 5),
        ("paper", RIGHT, 2),
        ("settlement", WHOLE, 3),
        ("verdict", WHOLE, 1),
        ("log", WHOLE, 8),
        ("windows", WHOLE, 4),
        ("vetoes", 40, 5),
        ("signals", WHOLE, 3),
        ("trail", 76, 9),
        ("costs", 46, 12),
        ("health", WHOLE, 1),
    ],
)
def test_panel_at_its_place_on_80_columns(panel: str, width: int, height: int, golden: Golden):
    scene = Scene(views.snapshot())
    drawn = PANELS[panel](scene, room(width, height))
    golden(panel, [fit(content, width) for content in drawn])


@pytest.mark.parametrize(("width", "height"), [(80, 23), (120, 39), (200, 59)])
@pytest.mark.parametrize("moment", ["snapshot", "busy", "last_minute", "nothing_yet"])
def test_page_at_common_sizes(moment: str, width: int, height: int, golden: Golden):
    snapshot = getattr(views, moment)()
    golden(f"page-{moment}-{width}x{height}", page(Scene(snapshot), room(width, height)))


def test_page_in_ascii_uses_ascii_only(golden: Golden):
    lines = page(Scene(views.last_minute()), room(80, 23, ascii_only=True))
    assert all(text_of(drawn).isascii() for drawn in lines)
    golden("page-ascii-80x23", lines)


@pytest.mark.parametrize(
    ("panel", "width", "height"),
    [
        ("chart", 106, 18),
        ("ladder", 42, 13),
        ("trail", 106, 12),
        ("costs", 43, 16),
        ("paper", 44, 7),
        ("signals", 94, 7),
        ("health", 200, 1),
        ("settlement", 200, 5),
    ],
)
def test_panel_where_there_is_room(panel: str, width: int, height: int, golden: Golden):
    for name, snapshot in (("busy", views.busy()), ("last_minute", views.last_minute())):
        drawn = PANELS[panel](Scene(snapshot), room(width, height))
        golden(f"wide-{panel}-{name}", [fit(content, width) for content in drawn])


def test_wide_page_in_ascii_uses_ascii_only(golden: Golden):
    lines = page(Scene(views.busy()), room(120, 39, ascii_only=True))
    assert all(text_of(drawn).isascii() for drawn in lines)
    assert not any("?" in text_of(drawn) for drawn in lines), "a glyph without an ASCII form"
    golden("page-ascii-120x39", lines)


# --- header ---


def test_pause_and_exchange_trouble_are_said_in_words():
    snapshot = views.snapshot(paused="from the screen", exchange_says="maintenance until 05:00 EST")
    said = text("header", snapshot, 120, 2)
    assert "exchange: maintenance until 05:00 EST · PAUSED: from the screen" in said


def test_a_stale_index_carries_its_age():
    snapshot = views.snapshot(index=views.index(received_at=views.ago(5.2)))
    assert "(5.2 s old)" in text("header", snapshot, WHOLE, 2)


def test_between_windows_the_next_opening_counts_down():
    opens = Nanos(views.NOW + 192 * SECOND)
    snapshot = views.nothing_yet(upcoming_open=opens)
    assert "next window opens in 03:12" in text("header", snapshot, WHOLE, 2)


def test_a_narrow_header_keeps_the_countdown():
    assert "closes in 02:47" in text("header", views.snapshot(), 60, 2)


def test_after_the_close_the_result_is_awaited():
    snapshot = views.snapshot(at=Nanos(views.CLOSE + SECOND))
    assert "closed, awaiting the result" in text("header", snapshot, WHOLE, 2)


# --- chart ---


def test_a_strike_far_away_is_told_and_not_drawn():
    market = views.market(strike=views.STRIKE + 100_000)
    assert "▲ strike $961 above this chart" in text("chart", views.snapshot(market=market), LEFT, 8)


def test_a_flat_index_is_a_line():
    flat = views.index(tail=(9126218,) * 60, first_second=views.NOW // SECOND - 59)
    said = text("chart", views.snapshot(index=flat, market=None), LEFT, 8)
    assert "⠤" in said or "⣀" in said or "⠒" in said or "⠉" in said


def test_a_chart_without_prints_says_so():
    assert "no index prints yet" in text("chart", views.nothing_yet(), LEFT, 8)


# --- ladder ---


def test_an_unknown_book_shows_no_price():
    book = views.book(known=False, unknown_because="gap, waiting for a snapshot")
    said = text("ladder", views.snapshot(market=views.market(book=book)), RIGHT, 8)
    assert "book unknown: gap, waiting" in said
    assert "57.0" not in said


def test_an_empty_side_is_said():
    book = views.book(asks=())
    said = text("ladder", views.snapshot(market=views.market(book=book)), RIGHT, 8)
    assert "no asks" in said
    assert "one side is empty" in said


def test_a_crossed_book_is_said():
    book = views.book(bids=((5900, 100),), asks=((5850, 100),))
    market = views.market(book=book)
    assert "crossed by 0.5¢" in text("ladder", views.snapshot(market=market), RIGHT, 8)


# --- probability ---


def test_no_number_says_why_with_the_age():
    market = views.market(number=views.no_number("index_stale"), veto="index_stale")
    snapshot = views.snapshot(market=market, index=views.index(received_at=views.ago(5.2)))
    assert "no number: the index is stale (5.2 s)" in text("probability", snapshot, LEFT, 7)


def test_a_fee_is_told_per_contract():
    said = text("probability", views.snapshot(), LEFT, 7).splitlines()
    assert said[4].split()[4:] == ["+2.7", "-1.7", "-0.2", "-0.2", "0.0", "+0.6", "▲"]


def test_a_side_that_cannot_be_bought_says_so():
    market = views.market(edge_no=None)
    said = text("probability", views.snapshot(market=market), LEFT, 7)
    assert "NO  no price for the wanted size" in said


# --- settlement ---


def test_cells_tell_above_below_missing_and_to_come():
    cells = text("settlement", views.last_minute(37, missing=(12,)), WHOLE, 3).splitlines()[1]
    assert cells[12] == "x"
    assert set(cells[:12]) <= {"▀", "▄"}
    assert cells[37:60] == "·" * 23
    assert "36/60 in, 1 lost" in cells


def test_a_print_exactly_at_the_strike_is_above():
    settlement = replace(views.settlement(), cells=(views.STRIKE,) + (0,) * 59)
    snapshot = replace(views.last_minute(1, ()), market=views.market(settlement=settlement))
    assert text("settlement", snapshot, WHOLE, 2).splitlines()[1][0] == "▀"


def test_both_averages_and_what_the_rest_must_average_stand_side_by_side():
    said = text("settlement", views.last_minute(), WHOLE, 2)
    assert "A $91,249.42  B $91,249.57  rest must average $91,231.10" in said


def test_without_one_print_is_told_with_its_range():
    said = text("settlement", views.last_minute(), 120, 5)
    assert "one print lost: average -$0.12 to +$0.19, P(YES) 96.9 to 97.4 %" in said
    assert "without one: P 96.9 to 97.4 %" in text("settlement", views.last_minute(), WHOLE, 3)


def test_what_the_rest_may_do_is_seen_from_the_index():
    assert "rest may fall $22.90" in text("settlement", views.last_minute(), 120, 5)
    settlement = replace(views.last_minute().market.settlement, needed=91_260.0)
    market = replace(views.last_minute().market, settlement=settlement)
    assert "rest must rise $6.00" in text(
        "settlement", replace(views.last_minute(), market=market), 120, 5
    )


# --- state of the account, own orders, marks ---


@pytest.mark.parametrize(
    ("mode", "environment", "armed", "said", "role"),
    [
        ("watch", "prod", False, " WATCH ", "here"),
        ("paper", "demo", True, " PAPER ", "here"),
        ("live", "prod", True, " LIVE: real money ", "alert"),
        ("live", "demo", True, " LIVE: play money ", "alert"),
        ("live", "prod", False, " LIVE: real money, not armed ", "alert"),
    ],
)
def test_the_state_is_a_word_in_reverse(
    mode: str, environment: str, armed: bool, said: str, role: str
):
    trading = None if mode == "watch" else views.trading(armed=armed)
    snapshot = views.snapshot(mode=mode, environment=environment, trading=trading)
    assert (said, role) in header(Scene(snapshot), room(WHOLE, 2))[0]


def test_our_order_stands_in_the_ladder_with_what_is_ahead_of_it():
    assert "◆10, 340 ahead" in text("ladder", views.busy(), 43, 13)
    assert "◆10 q340" in text("ladder", views.busy(), RIGHT, 13)
    unknown = views.busy(trading=views.trading(orders=(views.order(ahead=None),)))
    assert "◆10, ? ahead" in text("ladder", unknown, 43, 13)


def test_an_order_where_nobody_else_stands_has_a_rung_of_its_own():
    order = views.order(outcome="yes", limit=Price(5750), ahead=Quantity(0))
    said = text("ladder", views.busy(trading=views.trading(orders=(order,))), 43, 13)
    assert "57.5        0" in said
    assert "◆10, 0 ahead" in said


def test_a_stale_book_is_grey_with_its_age():
    book = views.book(stale=True, changed_at=views.ago(42))
    lines = PANELS["ladder"](Scene(views.snapshot(market=views.market(book=book))), room(RIGHT, 8))
    assert "42 s old" in text_of(lines[0])
    assert {role for drawn in lines[1:] for _, role in drawn} == {"faint"}


def test_a_stale_chart_is_grey_with_its_age():
    snapshot = views.snapshot(index=views.index(received_at=views.ago(5.2)))
    lines = PANELS["chart"](Scene(snapshot), room(LEFT, 8))
    assert "5.2 s old" in text_of(lines[0])
    assert {role for drawn in lines[1:] for _, role in drawn} == {"faint"}


def test_signals_and_fills_of_this_window_are_marked_and_no_others():
    said = text("chart", views.busy(), 106, 18)
    assert (said.count("▲"), said.count("◆")) == (1, 1)
    fill = views.fill(ticker="KXBTC15M-26NOV211200-00")
    other = text("chart", views.busy(trades=(fill,), signals=()), 106, 18)
    assert "◆" not in other
    assert "▲" not in other


def test_a_chart_without_a_number_has_no_fan():
    said = text("chart", views.snapshot(market=views.market(fan=None)), LEFT, 8)
    assert "sigma" not in said
    assert "60 s average $91,258.20" in said


def test_bars_of_the_ladder_are_to_one_scale_also_where_an_order_of_ours_rests():
    """Ours stands before the end of a bar and never makes a longer one of a shorter one."""
    bare = text("ladder", views.busy(trading=None), 60, 13).splitlines()
    ours = text("ladder", views.busy(), 60, 13).splitlines()
    drawn = [(one.count("█"), other.count("█"), "◆" in other)
             for one, other in zip(bare, ours, strict=True)]  # fmt: skip
    assert [own for *_, own in drawn].count(True) == 1
    for one, other, own in drawn:
        assert other <= one if own else other == one


def test_profit_is_a_range_over_three_queues_with_what_is_open():
    said = text("paper", views.busy(), 44, 7)
    assert "best +$0.85 likely +$0.75 worst -$0.61" in said
    assert "ends YES +$3.98  NO -$6.02" in said
    nobody_knows = tuple(replace(each, worth=None) for each in views.trading().held)
    said = text("paper", views.busy(trading=views.trading(held=nobody_knows)), 44, 7)
    assert "best — likely — worst —" in said


def test_where_there_is_one_line_for_the_account_an_order_under_way_has_it():
    said = text("paper", views.busy(), RIGHT, 2)
    assert "working 10 NO at 40¢, 340" in said
    assert "$995.22" in text("paper", views.busy(trading=views.trading(orders=())), RIGHT, 2)
    closed = views.busy(trading=views.trading(closed_because="halted by a person"))
    assert "no entries: halted" in text("paper", closed, 40, 2)


def test_one_contract_at_fifty_cents_is_told_for_both_kinds_of_account():
    assert "1 at 50¢: 1.75¢ direct, 2¢ broker" in text("costs", views.snapshot(), 46, 12)


def test_costs_that_are_not_known_are_not_invented():
    market = views.market(costs=None)
    assert "has not said the fees" in text("costs", views.snapshot(market=market), 46, 12)
    thin = views.market(costs=views.costs(waiting_yes=None, taking_yes=None))
    said = text("costs", views.snapshot(market=thin), 46, 12)
    assert "YES take — wait —" in said
    assert "does not show so much" in said


def test_without_a_number_costs_are_known_and_edges_are_not():
    none = views.no_number("index_stale")
    market = views.market(number=none, edge_yes=None, edge_no=None)
    snapshot = views.snapshot(market=market)
    assert "round trip 4.92¢ each" in text("costs", snapshot, 46, 12)
    assert "YES no edge without a number" in text("probability", snapshot, LEFT, 7)


def test_what_stands_on_an_old_index_is_grey_with_the_reason():
    plain = views.last_minute()
    none = replace(
        plain.market.number, p_yes=None, band_low=None, band_high=None, no_number="index_stale"
    )
    snapshot = replace(plain, market=replace(plain.market, number=none))
    stands = PANELS["settlement"](Scene(snapshot), room(120, 5))[2]
    assert {role for _, role in stands[:-1]} == {"faint"}
    assert stands[-1] == ("  ! the index is stale (0.4 s)", "warn")


def test_trouble_comes_first_in_the_line_of_health():
    said = text("health", views.snapshot(), 60, 1)
    assert said.startswith("health  signal→order 6.10 ms ✗")
    queues = (views.queues()[0], replace(views.queues()[1], dropped=7))
    assert "7 lost" in text("health", views.snapshot(queues=queues), 60, 1)


# --- feeds, paper, windows ---


def test_feeds_in_trouble_come_first():
    feeds = (*views.all_feeds(), views.feed("clock", state="down", reason="it jumped by 3 s"))
    said = text("feeds", views.snapshot(feeds=feeds), RIGHT, 5).splitlines()
    assert said[0].endswith("1 DOWN ─")
    assert said[1].startswith("✗ clock")


def test_a_position_is_told_with_its_side():
    market = views.market(position=-1000, position_cost=4_300_000)
    assert "holds 10 NO" in text("paper", views.snapshot(market=market), RIGHT, 2)


def test_a_settlement_that_differs_is_loud():
    snapshot = views.snapshot(windows=(views.window(agrees=False),))
    assert "✗ DIFFERS" in text("windows", snapshot, WHOLE, 2)


def test_the_copy_of_the_index_says_what_it_is_made_of_and_how_far_it_is_off():
    copy = ReplicaView(
        at=views.NOW, value=9126218, corrected=9126301, used=("coinbase", "kraken"),
        left_out=(("gemini", "unknown"),), coverage=0.9, compared=120, error_mean=0.83,
        error_sd=1.0231,
    )  # fmt: skip
    seen = (views.feed("replica"), views.feed("spot.kraken", drift_levels=2))
    snapshot = views.snapshot(feeds=seen, index=views.index(replica=copy))
    drawn = text("feeds", snapshot, 44, 5)
    assert "±$1.02 2 of 3 venues" in drawn
    assert "kraken" in drawn
    assert "2 drifted" in drawn


def test_estimates_are_named_in_the_header_and_drawn_apart_in_the_last_minute():
    guesses = tuple(place < 20 for place in range(60))
    seen = views.last_minute()
    settlement = replace(seen.market.settlement, guesses=guesses)
    index = replace(seen.index, label="estimate from 5 venues", estimated=True)
    snapshot = replace(seen, market=replace(seen.market, settlement=settlement), index=index)
    assert "estimate from 5 venues $91,254.00" in text("header", snapshot, WHOLE, 2)
    drawn = text("settlement", snapshot, WHOLE, 3)
    assert drawn.count("▘") + drawn.count("▖") == 19 + 2  # the missing one stays missing; legend
    assert "17 in, 19 est, 1 x" in drawn
    assert "settle nothing" in drawn


def test_without_a_key_the_header_and_the_book_say_so():
    snapshot = views.snapshot(polled=True)
    assert "info only" in text("header", snapshot, WHOLE, 2)
    assert "polled" in text("ladder", snapshot, RIGHT, 8)


def test_a_wrong_clock_and_a_missing_network_are_said():
    wrong = "this machine's clock is about 412 ms ahead"
    snapshot = views.snapshot(clock=views.ClockView(412.0, wrong))
    assert "CLOCK +412 ms" in text("header", snapshot, WHOLE, 2)
    away = views.nothing_yet()
    away = replace(away, upcoming_open=None, unreachable="cannot reach Kalshi (no route)")
    assert "nothing to trade: cannot reach Kalshi (no route)" in text("verdict", away, WHOLE, 1)
