"""``explain``: a window told again is the window as it was lived; what is missing is named."""

import json
import re
from dataclasses import replace as replace_fields

import pytest
from msgspec.structs import replace

from kalshi_assistant import cli
from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.entries import FillKept, SettlementKept
from kalshi_assistant.domain.time import format_iso
from kalshi_assistant.domain.units import format_money, format_price, format_quantity
from kalshi_assistant.engine.feeds import BOOK
from tests.support import tapes, traded_tape
from tests.support.build import CLOSE, OPEN, TICKER, ns
from tests.support.trading import CASH, NOON, opened


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """The journal of a window with two orders, and the life it is of."""
    events = tapes.one_window()
    gap = e.Gap(ns(OPEN + 400), ns(OPEN + 400), BOOK, (TICKER,), 5, 9)
    events.insert(next(k for k, each in enumerate(events) if each.received_at > gap.at), gap)
    folder = tmp_path_factory.mktemp("lived")
    return traded_tape.write_journal(folder, events)


def run(capsys, *arguments):
    code = cli.main(["explain", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def said(lived, capsys):
    """The object of the window."""
    code, out, err = run(capsys, "--window", TICKER, lived[0], "--json")
    assert code == 0, err
    return json.loads(out)


def test_the_result_is_the_one_that_was_lived(said, lived):
    report = lived[1].record.windows[0]
    assert (said["type"], said["ticker"], said["result"]) == ("explanation", TICKER, report.result)
    assert (said["strike"], said["settlement"]) == ("91250.00", "91257.25")
    assert (said["our_settlement"], said["agrees"]) == ("91257.25", True)
    assert said["verdict"].startswith("YES: the average of the last sixty prints was 91257.25")
    assert said["prints"]["last_minute"] == 60
    assert said["vetoes"] == report.vetoes


def test_orders_fills_and_profit_are_those_of_the_life(said, lived):
    record = lived[1].record
    assert [each["id"] for each in said["orders"]] == [order.id for order in record.orders]
    kept = [entry for entry in record.entries if isinstance(entry, FillKept)]
    mine = [each for each in said["fills"] if each["source"] == "realistic"]
    assert [(each["quantity"], each["fee"], each["order"]) for each in mine] == [
        (format_quantity(fill.quantity), format_money(fill.fee), fill.client_order_id)
        for fill in kept
    ]
    (end,) = [entry for entry in record.entries if isinstance(entry, SettlementKept)]
    names = ("pnl", "edge", "slippage", "drift", "fees")
    assert {name: said["profit"][name] for name in names} == {
        name: format_money(getattr(end, name)) for name in names
    }


def test_decisions_carry_their_reasons_and_what_became_of_them(said, lived):
    acted = [each for each in said["decisions"] if each["signal"]]
    assert [each["at"] for each in acted] == [
        format_iso(signal.made_at) for signal in lived[1].record.signals
    ]
    assert all(each["became"].startswith("filled") and each["evidence"] for each in acted)
    assert all(each["net_edge"] >= each["threshold"] for each in acted)


def test_the_numbers_are_those_that_were_journalled(said, lived):
    """At the instants kept for the score, and second by second in between."""
    forecasts = lived[1].record.forecasts
    assert [each["p_model"] for each in said["forecasts"]] == [each.p_model for each in forecasts]
    at = {each["at"]: each for each in said["seconds"]}
    assert len(at) >= 890
    assert at[format_iso(ns(CLOSE - 100))]["index"] is not None
    some = at[format_iso(ns(OPEN + 100))]
    assert (some["bid"], some["ask"]) == (format_price(4_800), format_price(5_200))


def test_a_gap_is_told_and_its_book_is_not_known_until_it_is_mended(said):
    assert {each["what"] for each in said["troubles"]} >= {f"gap in {BOOK}"}
    at = {each["at"]: each["bid"] for each in said["seconds"]}
    assert at[format_iso(ns(OPEN + 399 - 2))] is not None
    assert at[format_iso(ns(OPEN + 402))] is None


def test_people_read_the_same(lived, capsys):
    code, out, _ = run(capsys, "--window", TICKER, lived[0])
    assert code == 0
    first = out.splitlines()
    assert first[0].startswith(f"{TICKER}  2026-11-21T17:00:00Z to 2026-11-21T17:15:00Z")
    assert "= edge" in first[2]
    for heading in ("P(YES)", "decisions", "orders", "fills", "troubles and notes"):
        assert f"\n{heading}\n" in out
    assert max(len(line) for line in first) < 300


def test_the_page_loads_nothing_and_has_every_part(lived, tmp_path, capsys):
    path = tmp_path / "window.html"
    code, _, err = run(capsys, "--window", TICKER, lived[0], "--html", path)
    text = path.read_text()
    assert code == 0
    assert f"written: {path}" in err
    assert text.count("<svg") == 4
    assert not re.search(r"(?:src|href)=\"(?!#)", text)
    assert "<script" not in text
    assert "default-src 'none'" in text
    for part in ("Numbers", "Profit", "Decisions", "Orders of ours", "Why it did not trade"):
        assert part in text
    again = tmp_path / "again.html"
    run(capsys, "--window", TICKER, lived[0], "--html", again)
    assert again.read_text() == text


def test_a_window_that_is_not_over_is_told_as_far_as_it_went(tmp_path, capsys):
    events = [each for each in tapes.one_window() if each.received_at < ns(OPEN + 300)]
    journal = tapes.write_journal(tmp_path, events)
    code, out, err = run(capsys, "--window", TICKER, journal, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["result"], found["profit"]) == (None, None)
    assert "end before this window was over" in err


def test_two_windows_of_one_ticker_are_told(tmp_path, capsys):
    """As in the autumn hour: the same name, an hour later."""
    events = tapes.one_window()
    listed = next(each for each in events if isinstance(each, e.MarketListed))
    hour = 3_600 * 10**9
    terms = listed.contract
    other = replace(terms, open_time=terms.open_time + hour, close_time=terms.close_time + hour)
    later = ns(CLOSE + 8)
    events.append(replace(listed, at=later, received_at=later, contract=other))
    code, _, err = run(capsys, "--window", TICKER, tapes.write_journal(tmp_path, events))
    assert code == 0
    assert "two windows share this ticker" in err


@pytest.mark.parametrize(("environment", "told"), [("simulated", 1), ("prod", 2)])
def test_of_simulated_runs_the_newest_alone_is_told(tmp_path, capsys, environment, told):
    """Each is a world of its own, with the same tickers."""
    events = tapes.one_window()
    settings = replace_fields(tapes.SETTINGS, environment=environment)
    begun = [each for each in events if each.received_at < ns(OPEN + 300)]
    first = tapes.write_journal(tmp_path, begun, settings, created=OPEN - 60)
    second = tapes.write_journal(tmp_path, events, settings)
    code, out, err = run(capsys, "--window", TICKER, first, second, "--json")
    assert code == 0
    assert len(json.loads(out)["runs"]) == told
    assert ("other worlds saw a window of this name too: 20261121T165900Z" in err) == (told == 1)


def test_a_ticker_that_nobody_saw_names_the_nearest(lived, capsys):
    code, out, err = run(capsys, "--window", "KXBTC15M-26NOV211216-16", lived[0])
    assert (code, out) == (2, "")
    assert f"no journal saw KXBTC15M-26NOV211216-16; the nearest it did see: {TICKER}" in err


def test_a_damaged_block_is_named_and_a_torn_tail_is_only_told(lived, tmp_path, capsys):
    content = lived[0].read_bytes()
    torn = tmp_path / lived[0].name
    torn.write_bytes(content[:-7])
    code, _, err = run(capsys, "--window", TICKER, torn)
    assert code == 0
    assert "dropped" in err
    at = content.index(TICKER.encode(), len(content) // 2)
    torn.write_bytes(content[:at] + b"?" + content[at + 1 :])
    code, _, err = run(capsys, "--window", TICKER, torn)
    assert code == 2
    assert f"{torn}: the block at" in err


def test_the_ledger_is_laid_beside_the_journal(lived, tmp_path, capsys):
    (end,) = [each for each in lived[1].record.entries if isinstance(each, SettlementKept)]
    store, lease = opened(tmp_path / "prod" / "paper" / "ledger.sqlite", CASH)
    try:
        store.keep(lease.epoch, [end], [], NOON)
        where = ("--state-dir", tmp_path)
        _, out, _ = run(capsys, "--window", TICKER, lived[0], *where)
        assert f"the ledger: YES, profit {format_money(end.pnl)}, as in the journal" in out
    finally:
        store.close()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--window", ""), "is no ticker"),
        (("--window", "a" * 99), "is no ticker"),
        (("--window", TICKER), "there are no journals"),
        (("--window", TICKER, "nowhere.events"), "is not there"),
        (("--window", TICKER, "--html", "."), "cannot be a file there"),
    ],
)
def test_wrong_use_is_said_before_any_work(capsys, arguments, why):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert why in err
