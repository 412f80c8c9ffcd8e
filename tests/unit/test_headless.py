"""The assistant without a screen: what is told, when, and in which words."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kalshi_assistant.control.records import number_record, window_record
from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.engine.snapshot import LogLine, Snapshot
from kalshi_assistant.headless import EXIT_DONE, EXIT_OUTSIDE, Lines, as_text, run
from tests.support import views
from tests.support.struct_strategies import drawn_from


def kinds(records: Sequence[dict[str, Any]]) -> list[str]:
    return [record["type"] for record in records]


def told(lines: Lines, snapshot: Snapshot, kind: str) -> list[dict[str, Any]]:
    return [record for record in lines.feed(snapshot) if record["type"] == kind]


# --- what is told ---


def test_a_window_has_the_promised_fields_and_no_other():
    assert window_record(views.window()) == {
        "type": "window",
        "ticker": "KXBTC15M-26NOV211245",
        "strike": "91250.62",
        "settlement": "91262.40",
        "our_settlement": "91262.40",
        "result": "yes",
        "prints": 60,
        "p_yes": {"600": 0.61, "300": 0.72, "120": 0.88, "60": 0.97},
        "p_market": {"600": 0.58},
        "p_blend": {"600": 0.6},
        "signals": 1,
        "vetoes": {"edge_below_threshold": 812},
        "paper_pnl": "1.2375",
    }


def test_a_number_carries_money_as_text_and_probability_as_number():
    record = number_record(views.snapshot())
    assert record["at"] == "2026-11-21T17:12:13.250Z"
    assert (record["strike"], record["index"]) == ("91250.62", "91262.18")
    assert (record["bid"], record["ask"]) == ("0.5700", "0.5850")
    assert (record["edge_yes"], record["edge_no"]) == ("0.0063", "-0.0635")
    assert (record["p_yes"], record["market_mid"]) == (0.6123, 0.5775)
    assert record["seconds_left"] == 166.75
    assert record["veto"] == "edge_below_threshold"


def test_a_number_has_the_same_fields_without_a_market():
    assert number_record(views.nothing_yet()).keys() == number_record(views.snapshot()).keys()


def test_no_number_names_its_reason():
    market = views.market(number=views.no_number("index_stale"))
    record = number_record(views.snapshot(market=market))
    assert (record["p_yes"], record["no_number"]) == (None, "index_stale")


def test_what_is_not_finite_is_null():
    number = views.number(sd=float("inf"), sigmas=float("nan"))
    record = number_record(views.snapshot(market=views.market(number=number)))
    assert (record["sd"], record["sigmas"]) == (None, None)


def test_a_signal_is_told_with_what_it_was_decided_on():
    record = told(Lines(), views.snapshot(), "signal")[0]
    assert record["outcome"] == "yes"
    assert (record["quantity"], record["worst_price"]) == ("10.00", "0.5850")
    assert (record["net_edge"], record["threshold"]) == ("0.0231", "0.0200")


def test_signals_and_windows_are_not_told_twice_as_notes():
    levels = {record["level"] for record in told(Lines(), views.snapshot(), "note")}
    assert levels == {"info", "warning", "error", "fill"}


# --- when it is told ---


def test_the_first_snapshot_tells_everything():
    assert set(kinds(Lines().feed(views.snapshot()))) == {
        "note",
        "feed",
        "signal",
        "window",
        "number",
    }


def test_the_same_snapshot_again_tells_nothing():
    lines = Lines()
    lines.feed(views.snapshot())
    assert lines.feed(views.snapshot()) == []


def test_time_alone_is_no_news():
    lines = Lines()
    lines.feed(views.snapshot())
    assert lines.feed(views.snapshot(at=views.ago(-1))) == []


def test_a_moved_number_is_one_line():
    lines = Lines()
    lines.feed(views.snapshot())
    moved = views.snapshot(market=views.market(number=views.number(p_yes=0.7)))
    assert kinds(lines.feed(moved)) == ["number"]


def test_news_comes_oldest_first():
    records = told(Lines(), views.snapshot(), "note")
    assert [record["at"] for record in records] == sorted(record["at"] for record in records)
    assert [window["ticker"][-2:] for window in told(Lines(), views.snapshot(), "window")] == [
        "30",
        "45",
    ]


def test_only_new_log_lines_are_told():
    lines, before = Lines(), views.snapshot()
    lines.feed(before)
    fresh = LogLine(views.NOW, "warning", "feed", "kalshi.socket lost: timed out")
    after = replace(before, log=(fresh, *before.log)[:7])
    assert [record["text"] for record in lines.feed(after)] == ["kalshi.socket lost: timed out"]


def test_a_window_completed_later_is_told_again():
    lines, before = Lines(), views.snapshot()
    lines.feed(before)
    complete = replace(before.windows[1], settlement=before.windows[0].settlement, agrees=True)
    after = replace(before, windows=(before.windows[0], complete))
    assert [record["ticker"] for record in told(lines, after, "window")] == [complete.ticker]


@pytest.mark.parametrize(
    "change",
    [{"state": "down", "reason": "timed out"}, {"gaps": 1}, {"malformed": 1}],
)
def test_a_feed_is_told_when_it_changes_and_not_when_it_ages(change: dict[str, Any]):
    lines = Lines()
    lines.feed(views.snapshot(feeds=(views.feed(),)))
    assert lines.feed(views.snapshot(feeds=(views.feed(last_event_at=views.ago(3)),))) == []
    assert kinds(lines.feed(views.snapshot(feeds=(views.feed(**change),)))) == ["feed"]


@given(st.lists(drawn_from(Snapshot), max_size=4))
def test_every_record_of_any_snapshot_is_json_and_has_a_text(snapshots: list[Snapshot]):
    lines = Lines()
    for snapshot in snapshots:
        for record in lines.feed(snapshot):
            assert json.loads(json.dumps(record, allow_nan=False)) == record
            assert as_text(record)


# --- for people ---


def test_a_number_in_words():
    assert as_text(number_record(views.snapshot())) == (
        "17:12:13Z number KXBTC15M-26NOV211215-15 166.75 s left, P(YES) 0.6123, market 0.5775, "
        "edge YES 0.0063 NO -0.0635, not trading: edge below threshold"
    )


def test_no_market_in_words():
    assert as_text(number_record(views.nothing_yet())) == "17:12:13Z number no market yet"


def test_a_window_in_words():
    text = as_text(window_record(views.window()))
    assert "settled 91262.40 (ours 91262.40, 60 prints), YES, paper 1.2375" in text


# --- printing ---


class Given:
    """A source that gives these snapshots and ends, or breaks."""

    def __init__(self, *snapshots: Snapshot, breaks: Exception | None = None) -> None:
        self._snapshots, self._breaks = snapshots, breaks

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """One after the other, each taken before the next comes."""
        for snapshot in self._snapshots:
            yield snapshot
            await asyncio.sleep(0)
        if self._breaks is not None:
            raise self._breaks


class Closed(io.StringIO):
    """An output whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


async def test_json_lines_are_all_there_is_on_the_output():
    out, err = io.StringIO(), io.StringIO()
    code = await run(Given(views.snapshot()), out=out, err=err, pace_seconds=0)
    records = [json.loads(text) for text in out.getvalue().splitlines()]
    assert (code, err.getvalue()) == (EXIT_DONE, "")
    assert kinds(records)[-1] == "number"


async def test_text_is_one_line_a_record():
    out = io.StringIO()
    await run(Given(views.snapshot()), as_json=False, out=out, pace_seconds=0)
    assert len(out.getvalue().splitlines()) == len(Lines().feed(views.snapshot()))


async def test_the_last_snapshot_is_printed_though_others_were_overtaken():
    changing = [
        views.snapshot(market=views.market(number=views.number(p_yes=step / 100)))
        for step in range(60)
    ]
    out = io.StringIO()
    await run(Given(*changing), out=out, pace_seconds=60)
    numbers = [json.loads(text) for text in out.getvalue().splitlines()]
    printed = [record["p_yes"] for record in numbers if record["type"] == "number"]
    assert printed[-1] == 0.59
    assert len(printed) <= 3


async def test_a_closed_output_is_a_quiet_end():
    code = await run(Given(views.snapshot()), out=Closed(), err=io.StringIO(), pace_seconds=0)
    assert code == EXIT_DONE


async def test_a_broken_source_is_told_on_the_error_output():
    err = io.StringIO()
    source = Given(views.snapshot(), breaks=PassingError("the engine went away"))
    code = await run(source, out=io.StringIO(), err=err, pace_seconds=0)
    assert (code, err.getvalue()) == (EXIT_OUTSIDE, "the engine went away\n")


class Lasting:
    """A source that ends when it is told to."""

    def __init__(self, snapshot):
        self._snapshot, self.over = snapshot, asyncio.Event()

    async def snapshots(self):
        yield self._snapshot
        await self.over.wait()


class Heard(io.StringIO):
    """Ends the source at the third line."""

    def __init__(self, source):
        super().__init__()
        self._source = source

    def write(self, text):
        written = super().write(text)
        if self.getvalue().count("\n") >= 3:
            self._source.over.set()
        return written


async def test_now_and_then_one_line_says_how_it_stands():
    source = Lasting(views.snapshot())
    err = Heard(source)
    async with asyncio.timeout(60):
        await run(source, out=io.StringIO(), err=err, pace_seconds=0, status_seconds=0.001)
    lines = err.getvalue().splitlines()
    assert len(set(lines)) == 1
    assert lines[0].startswith("status ")
    assert "P(YES)" in lines[0]


async def test_who_does_not_read_the_status_ends_nothing():
    code = await run(
        Given(views.snapshot()),
        out=io.StringIO(),
        err=Closed(),
        pace_seconds=0.01,
        status_seconds=0.001,
    )
    assert code == EXIT_DONE
