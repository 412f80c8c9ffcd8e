"""What each kind of rule finds in snapshots, and that it says so once."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.alerts.grammar import parse
from kalshi_assistant.alerts.watching import Watching
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Money, Price, Quantity
from kalshi_assistant.engine.snapshot import BreakerView, LogLine, TradingView
from tests.support import views
from tests.support.views import NOW, ago


def watching(*rules):
    return Watching([parse(rule) for rule in rules])


def titles(watched, *snapshots):
    """What is found in each of these snapshots."""
    return [[found.title for found in watched.see(snapshot)] for snapshot in snapshots]


def with_p(p, **changes):
    return views.snapshot(market=views.market(number=views.number(p_yes=p), **changes))


def with_book(bid, ask, **changes):
    book = views.book(bids=((Price(bid), Quantity(100)),), asks=((Price(ask), Quantity(100)),))
    return views.snapshot(market=views.market(book=replace(book, **changes)))


def trading(**changes):
    plain = TradingView(
        closed_because=None, armed=True, venue=False, agreed=True, cash=Money(1), equity=Money(2),
        peak=Money(2), day_pnl=Money(0), worst=Money(0), orders=(), breakers=(), policies=(),
        good_windows=0, canary=False,
    )  # fmt: skip
    return views.snapshot(trading=replace(plain, **changes))


def test_a_new_signal_is_told_and_the_history_is_not():
    old, new = views.signal(made_at=ago(703)), views.signal(made_at=ago(1))
    first, second = views.snapshot(signals=(old,)), views.snapshot(signals=(new, old))
    watched = watching("signal any", "signal edge>2c", "signal edge>3c", "signal momentum")
    assert titles(watched, first, second, second) == [
        [],
        ["Signal: YES baseline_gap, edge 2.3c"] * 2,
        [],
    ]


def test_a_probability_that_crosses_is_told_with_its_direction():
    watched = watching("p crosses 0.8")
    seen = titles(watched, with_p(0.7), with_p(0.81), with_p(0.9), with_p(None), with_p(0.79))
    assert seen == [
        [],
        ["P(YES) crossed above 0.8"],
        [],
        [],
        ["P(YES) crossed below 0.8"],
    ]
    assert titles(watching("p crosses below 0.8"), with_p(0.7), with_p(0.9)) == [[], []]


def test_another_market_crosses_nothing():
    other = with_p(0.9, ticker="KXBTC15M-OTHER")
    assert titles(watching("p crosses 0.8"), with_p(0.7), other) == [[], []]


def test_a_spread_is_told_when_it_widens_and_again_only_after_it_narrowed():
    watched = watching("spread>3c")
    unknown = with_book(5000, 5500, known=False)
    seen = titles(
        watched,
        with_book(5000, 5300),  # three cents are not more than three cents
        with_book(5000, 5400),
        unknown,
        with_book(5000, 5400),
        with_book(5000, 5100),
        with_book(5000, 5400),
    )
    assert [len(each) for each in seen] == [0, 1, 0, 0, 0, 1]


@pytest.mark.parametrize(("cents", "found"), [(9_126_218, 0), (9_144_000, 1), (9_108_000, 1)])
def test_an_index_that_moved_far_within_the_span_is_told(cents, found):
    tail = (*[9_126_218] * 299, cents)
    index = views.index(tail=tail, value=IndexValue(cents), value_at=ago(0.25))
    seen = titles(watching("index move 15bp in 60s"), views.snapshot(index=index))
    assert len(seen[0]) == found
    calm = views.index(tail=(9_200_000, *[9_126_218] * 299), value=IndexValue(9_126_218))
    assert titles(watching("index move $500 in 60s"), views.snapshot(index=calm)) == [[]]


def test_missing_prints_and_no_index_move_nothing():
    empty = views.nothing_yet()
    holes = views.snapshot(index=views.index(tail=(0,) * 300))
    assert titles(watching("index move 1bp in 60s"), empty, holes) == [[], []]


def test_a_stale_feed_is_told_once_and_quiet_ones_only_by_name():
    fresh = views.snapshot()
    stale = replace(fresh, at=Nanos(NOW + 10 * 10**9))
    seen = titles(watching("feed stale 5s"), fresh, stale, stale, fresh, stale)
    assert seen[0] == seen[2] == seen[3] == []
    assert "Feed kalshi.book is stale" in seen[1]
    assert "Feed kalshi.lifecycle is stale" not in seen[1]
    assert seen[4] == seen[1]
    named = titles(watching("feed kalshi.lifecycle stale 5s"), fresh)
    assert named == [["Feed kalshi.lifecycle is stale"]]


def test_a_feed_that_is_down_is_told():
    down = views.snapshot(feeds=(views.feed("kalshi.rest", state="down", reason="refused"),))
    assert titles(watching("feed down"), views.snapshot(), down) == [
        [],
        ["Feed kalshi.rest is down"],
    ]
    assert titles(watching("feed kalshi.book down"), down) == [[]]


def test_a_breaker_is_told_when_it_opens():
    view = BreakerView("day_loss", "open", "lost $20", ago(1), "blocks new entries")
    opened = trading(breakers=(view,))
    seen = titles(watching("breaker any", "breaker kill"), trading(), opened, opened, trading())
    assert seen == [[], ["Breaker day_loss is open"], [], []]
    assert titles(watching("breaker day_loss"), opened) == [["Breaker day_loss is open"]]


def test_fills_and_lines_of_the_log_are_told_when_they_are_new():
    lines = views.story()
    fill = LogLine(NOW, "fill", "fill", "bought 10.00 YES at 58c, fee 0.17 (paper)")
    error = LogLine(NOW, "error", "risk", "something broke")
    own = LogLine(NOW, "error", "alerts", "webhook: dropped")
    first, second = views.snapshot(), views.snapshot(log=(own, error, fill, *lines))
    watched = watching("fill any", "log error", "log warning")
    assert titles(watched, first, second) == [[], ["Fill", "error risk", "error risk"]]


def test_more_lines_than_a_snapshot_holds_are_counted_as_not_seen():
    watched = watching("fill any")
    watched.see(views.snapshot())
    watched.see(views.snapshot(log=(LogLine(NOW, "info", "x", "y"),)))
    assert watched.overruns == 1


def test_a_window_is_told_once_it_has_a_result():
    open_end = views.window(1, result=None, settlement=None, agrees=None)
    first = views.snapshot(windows=(views.window(2),))
    second = replace(first, windows=(open_end, views.window(2)))
    third = replace(first, windows=(views.window(1), views.window(2)))
    watched = watching("window result", "window no", "window differs")
    assert titles(watched, first, second, third, third) == [[], [], ["Window settled YES"], []]
    wrong = views.snapshot(windows=(views.window(1, result="no", agrees=False),))
    seen = titles(watching("window no", "window differs"), first, wrong)[1]
    assert seen == ["Window settled NO"] * 2


def test_a_loss_of_the_day_is_told_when_it_passes_the_line():
    watched = watching("loss>$20")
    lost = trading(day_pnl=Money(-20_000_001))
    assert titles(watched, trading(day_pnl=Money(-20_000_000)), lost, lost) == [
        [],
        ["Today's loss is above $20"],
        [],
    ]


def test_an_engine_that_is_gone_is_told_with_what_it_held():
    watched = watching("engine gone", "fill any")
    assert [found.text for found in watched.gone("no goodbye")] == ["no goodbye"]
    watched.see(views.snapshot(market=views.market(position=Quantity(1000))))
    (found,) = watched.gone("no goodbye")
    assert "it held 10.00 of KXBTC15M" in found.text


def test_another_engine_begins_anew():
    watched = watching("signal any", "breaker any")
    opened = trading(breakers=(BreakerView("kill", "open", None, None, "blocks"),))
    assert len(watched.see(opened)) == 1
    watched.begin_anew()
    again = replace(opened, signals=(views.signal(made_at=ago(1)),))
    assert [found.title for found in watched.see(again)] == ["Breaker kill is open"]
