"""``history``, ``positions``, ``pnl`` and ``export``: what a ledger says, also while it is used."""

import csv
import json
from dataclasses import replace as with_fields

import pytest
from msgspec.structs import replace

from kalshi_assistant import cli
from kalshi_assistant.cli.folders import configuration_of
from kalshi_assistant.domain.entries import OrderKept
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import HOUR
from kalshi_assistant.execution.ledger import Ledger
from tests.support.trading import CASH, NOON, a_morning, fill, opened, order

COMMANDS = ("history", "positions", "pnl")


def run(capsys, *arguments):
    code = cli.main([*map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def traded(tmp_path):
    """A state folder whose paper ledger is in use: three markets, the last still held."""
    store, lease = opened(tmp_path / "prod" / "paper" / "ledger.sqlite")
    ledger = Ledger(CASH)
    entries = a_morning(ledger)
    entries[1] = replace(entries[1], policies=(("optimistic", 5_000_000), ("realistic", 4_382_752)))
    done = OrderKept(NOON, "n-1-1", "v1", "rejected", 0, "price_moved")
    store.keep(
        lease.epoch, [*entries, done], [order(1, fair=620_000, top=5_500), order(2, 1)], NOON
    )
    yield tmp_path
    store.close()


# --- history -------------------------------------------------------------------------------------


def test_trades_are_fills_and_payouts_in_their_order(traded, capsys):
    code, out, _ = run(capsys, "history", "--json", "--state-dir", traded)
    said = objects(out)
    assert code == 0
    assert [each["type"] for each in said] == [
        "fill", "settlement", "fill", "fill", "settlement", "fill",
    ]  # fmt: skip
    first, won, _, sold, _, last = said
    assert (first["at"], first["ticker"], first["buy"]) == ("2026-11-21T12:00:00Z", "A", "yes")
    assert (first["price"], first["quantity"], first["fee"]) == ("0.5600", "10.00", "0.017248")
    assert (first["closed"], sold["closed"]) == ("0.00", "5.00")
    assert (last["buy"], last["price"], last["position"]) == ("no", "0.3000", "-2.00")
    assert (won["pnl"], won["edge"], won["slippage"], won["drift"], won["fees"]) == (
        "4.382752", "0.70", "-0.10", "3.80", "0.017248",
    )  # fmt: skip
    assert won["policies"] == {"optimistic": "5.00", "realistic": "4.382752"}


def test_trades_for_people_say_what_was_done(traded, capsys):
    _, out, err = run(capsys, "history", "--state-dir", traded)
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["time", "market", "what"]
    assert "buy YES" in lines[1]
    assert "56c" in lines[1]
    assert "settled YES" in lines[2]
    assert "+4.382752" in lines[2]
    assert "buy NO to close" in lines[4]
    assert err == ""


def test_only_the_newest_are_listed_and_that_is_said(traded, capsys):
    code, out, err = run(capsys, "history", "--limit", 2, "--json", "--state-dir", traded)
    assert [each["ticker"] for each in objects(out)] == ["B", "C"]
    assert (code, "the newest 2" in err) == (0, True)


def test_windows_are_markets_paid_out(traded, capsys):
    args = ("history", "--what", "windows", "--state-dir", traded)
    assert [each["ticker"] for each in objects(run(capsys, *args, "--json")[1])] == ["A", "B"]
    assert "+4.382752" in run(capsys, *args)[1].splitlines()[1]


def test_orders_are_told_with_how_far_they_got(traded, capsys):
    args = ("history", "--what", "orders", "--state-dir", traded)
    first, second = objects(run(capsys, *args, "--json")[1])
    assert (first["state"], first["reason"], first["order_id"]) == ("rejected", "price_moved", "v1")
    assert (first["fair"], first["top"], first["limit"]) == ("0.62", "0.5500", "0.5600")
    assert (second["state"], second["buy"], second["limit"]) == ("submitted", "no", "0.4400")
    assert "price_moved" in run(capsys, *args)[1].splitlines()[1]


# --- positions -----------------------------------------------------------------------------------


def test_positions_are_what_is_held_and_the_account(traded, capsys):
    code, out, _ = run(capsys, "positions", "--json", "--state-dir", traded)
    held, account = objects(out)
    assert code == 0
    assert (held["ticker"], held["outcome"], held["quantity"]) == ("C", "no", "2.00")
    assert (held["average_price"], held["cost"], held["fees"]) == ("0.3000", "0.60", "0.001")
    assert account["type"] == "account"
    assert account["invested"] == "0.60"
    text = run(capsys, "positions", "--state-dir", traded)[1]
    assert "0.3000" in text
    assert f"cash {account['cash']}, invested 0.60" in text


def test_a_halt_that_stands_is_said_with_whatever_is_asked(traded, capsys):
    store, _ = opened(traded / "prod" / "paper" / "other.sqlite")
    store.halt("too many losses", "losses", NOON)
    store.close()
    (traded / "demo" / "paper").mkdir(parents=True)
    (traded / "prod" / "paper" / "other.sqlite").rename(traded / "demo" / "paper" / "ledger.sqlite")
    code, _, err = run(capsys, "positions", "--env", "demo", "--state-dir", traded)
    assert (code, err) == (0, "halted (losses): too many losses\n")


# --- profit --------------------------------------------------------------------------------------


def test_profit_is_by_day_and_adds_up_to_the_account(traded, capsys):
    day, total = objects(run(capsys, "pnl", "--json", "--state-dir", traded)[1])
    assert (day["type"], day["day"], day["markets"], day["won"]) == ("day", "2026-11-21", 2, 2)
    assert day["pnl"] == "4.623752"
    assert (day["edge"], day["slippage"], day["drift"], day["fees"]) == (
        "0.70", "-0.10", "4.05", "0.026248",
    )  # fmt: skip
    assert day["range"] == ["4.382752", "5.00"]
    assert (total["type"], total["pnl"]) == ("total", day["pnl"])
    assert (total["realized"], total["account_fees"]) == ("4.622752", "0.027248")
    text = run(capsys, "pnl", "--state-dir", traded)[1]
    assert "4.382752 to 5.00" in text
    assert "not paid out yet: 4.622752" in text


def test_a_day_is_new_york_s_and_the_newest_are_shown(tmp_path, capsys):
    store, lease = opened(tmp_path / "prod" / "paper" / "ledger.sqlite")
    ledger = Ledger(CASH)
    for number, hours in enumerate((16, 17, 41)):  # 23:00 and midnight in New York, and a day on
        at = NOON + hours * HOUR
        filled = ledger.fill(fill(number, ticker=str(number), at=at), None)
        store.keep(lease.epoch, [filled, ledger.settle(str(number), "yes", at)], [], NOON)
    store.close()
    said = objects(run(capsys, "pnl", "--json", "--limit", 2, "--state-dir", tmp_path)[1])
    assert [each.get("day") for each in said] == ["2026-11-22", "2026-11-23", None]
    assert said[-1]["markets"] == 3
    assert said[0]["range"] is None


# --- export --------------------------------------------------------------------------------------


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_export_is_everything_in_its_order(traded, capsys):
    out = traded / "all.csv"
    code, said, _ = run(capsys, "export", "--out", out, "--json", "--state-dir", traded)
    rows = table(out)
    assert code == 0
    assert objects(said) == [
        {
            "type": "export",
            "out": str(out),
            "format": "csv",
            "rows": 6,
            "bytes": out.stat().st_size,
        }
    ]
    assert [row["what"] for row in rows].count("settlement") == 2
    assert (rows[0]["price"], rows[0]["fee"], rows[0]["taker"]) == ("0.5600", "0.017248", "true")
    assert (rows[1]["pnl"], rows[1]["payout"], rows[1]["price"]) == ("4.382752", "10.000000", "")
    assert rows[-1]["cash_after"] == rows[-1]["cash_after"].strip() != ""


def test_export_for_taxes_is_a_line_per_sale_that_adds_up(traded, capsys):
    out = traded / "tax.csv"
    run(capsys, "export", "--out", out, "--format", "tax", "--state-dir", traded)
    first, second = table(out)
    assert first == {
        "Description": "10.00 YES A",
        "Date Acquired": "11/21/2026",
        "Date Sold": "11/21/2026",
        "Proceeds": "10.000000",
        "Cost Basis": "5.600000",
        "Gain": "4.382752",
        "Fees": "0.017248",
    }
    assert (second["Description"], second["Gain"]) == ("5.00 YES B", "0.241000")


def test_export_replaces_nothing_unasked(traded, capsys):
    out = traded / "all.csv"
    out.write_text("mine")
    code, _, err = run(capsys, "export", "--out", out, "--state-dir", traded)
    assert (code, "--force" in err, out.read_text()) == (2, True, "mine")
    assert run(capsys, "export", "--out", out, "--force", "--state-dir", traded)[0] == 0


# --- which ledger, and none ----------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("mode", ["paper", "live"])
def test_without_a_ledger_nothing_is_made_and_the_remedy_is_named(tmp_path, capsys, command, mode):
    code, out, err = run(capsys, command, "--mode", mode, "--json", "--state-dir", tmp_path / "s")
    assert (code, out) == (0, "")
    assert f"run --mode {mode}" in err
    assert not (tmp_path / "s").exists()


def test_an_export_without_a_ledger_writes_no_file(tmp_path, capsys):
    out = tmp_path / "all.csv"
    code, _, err = run(capsys, "export", "--out", out, "--state-dir", tmp_path)
    assert (code, "no paper ledger yet" in err, out.exists()) == (0, True, False)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_ledger_in_which_nothing_happened_says_so(tmp_path, capsys, command):
    opened(tmp_path / "prod" / "paper" / "ledger.sqlite")[0].close()
    code, out, err = run(capsys, command, "--state-dir", tmp_path)
    assert code == 0
    assert ("nothing is held" in out) or ("yet" in err)


def test_live_is_the_account_s_own(traded, capsys):
    _, out, err = run(capsys, "history", "--mode", "live", "--state-dir", traded)
    assert out == ""
    assert str(traded / "prod" / "keyless" / "ledger.sqlite") in err


def test_a_damaged_ledger_ends_with_its_name(tmp_path, capsys):
    path = tmp_path / "prod" / "paper" / "ledger.sqlite"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    code, _, err = run(capsys, "pnl", "--state-dir", tmp_path)
    assert (code, str(path) in err) == (2, True)


def test_an_environment_that_is_none_is_refused():
    with pytest.raises(OperatorError, match="write prod, demo or local"):
        configuration_of("moon", None, None)


def test_the_local_venue_has_no_key_of_yours(tmp_path):
    found = configuration_of("local", tmp_path, None).settings
    assert found == with_fields(found, environment="local", key_id=None, state_dir=tmp_path)
