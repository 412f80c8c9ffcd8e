"""``report``: what it adds up is what the ledger has; verdicts, calibration and worst windows."""

import json
import re

import pytest
from msgspec.structs import replace

from kalshi_assistant import cli
from kalshi_assistant.domain.evidence import EvidenceKept, PolicyTally
from kalshi_assistant.domain.time import DAY
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.lab.charts import Dot
from kalshi_assistant.quant.verdict import LEAST_MOST
from tests.support.trading import CASH, NOON, a_morning, opened

RANGE = (("conservative", -1_000_000), ("optimistic", 5_000_000), ("realistic", 4_382_752))


def run(capsys, *arguments):
    code = cli.main(["report", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def window(number, day, gain, result="yes", kind="momentum", claims=((0.7, 0.5),)):
    """A settled window in which the careful assumption bought one contract."""
    cash = -500_000 if result == "yes" else 500_000
    bought = PolicyTally("conservative", 100, 100 if result == "yes" else -100, cash)
    return EvidenceKept(
        NOON + number, f"W-{kind}-{day}-{number}", kind, day, "c", 1, claims, (bought,), result,
        gain, True,
    )  # fmt: skip


@pytest.fixture
def traded(tmp_path):
    """A paper ledger with two days of payouts and forty days of evidence."""
    store, lease = opened(tmp_path / "prod" / "paper" / "ledger.sqlite")
    entries = a_morning(Ledger(CASH))
    entries[1] = replace(entries[1], policies=RANGE)
    days = [f"2026-{9 + d // 28:02d}-{1 + d % 28:02d}" for d in range(40)]
    winning = [
        window(100 * d + k, day, 0.45) for d, day in enumerate(days) for k in range(LEAST_MOST)
    ]
    losing = [
        window(100 * d + k, day, -0.45, kind="baseline_gap", claims=((0.9, 0.4),), result="no")
        for d, day in enumerate(days)
        for k in range(LEAST_MOST)
    ]
    store.keep(lease.epoch, [*entries, *winning, *losing], [], NOON)
    second = replace(entries[1], at=NOON + DAY, ticker="LATER", pnl=-7_000_000, policies=())
    store.keep(lease.epoch, [second], [], NOON)
    yield tmp_path
    store.close()


@pytest.fixture
def said(traded, capsys):
    code, out, err = run(capsys, "--state-dir", traded, "--json")
    assert code == 0, err
    return json.loads(out)


def test_the_sums_are_those_of_pnl(said, traded, capsys):
    assert cli.main(["pnl", "--json", "--state-dir", str(traded)]) == 0
    *days, total = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = ("markets", "won", "pnl", "edge", "slippage", "drift", "fees", "range")
    assert [{name: day[name] for name in ("day", *names)} for day in said["days"]] == [
        {name: day[name] for name in ("day", *names)} for day in days
    ]
    assert {name: said["total"][name] for name in names} == {name: total[name] for name in names}


def test_the_verdict_is_a_sentence_and_follows_from_the_days(said):
    found = {each["kind"]: each for each in said["strategies"]}
    assert (found["momentum"]["verdict"], found["baseline_gap"]["verdict"]) == (
        "promising", "refuted"
    )  # fmt: skip
    assert found["momentum"]["sentence"].startswith("promising: by 320 windows on 40 days")
    assert found["momentum"]["low"] > 0 > found["baseline_gap"]["high"]
    assert found["delay_capture"]["sentence"].startswith("no evidence: 0 windows on 0 days; a verd")
    assert found["momentum"]["profit"] == {"conservative": "160.00"}


def test_the_numbers_it_traded_on_are_scored_beside_the_market(said):
    found = said["calibration"]
    assert (found["n"], found["days"]) == (640, 40)
    assert found["brier_model"] == pytest.approx((0.3**2 + 0.9**2) / 2)
    assert found["brier_market"] == pytest.approx((0.5**2 + 0.4**2) / 2)
    assert found["gain"] == pytest.approx(found["brier_market"] - found["brier_model"])
    assert sum(each["n"] for each in found["bins"]) == 640


def test_the_worst_windows_come_with_the_command_that_explains_them(said, traded):
    worst = said["worst"]
    assert (worst[0]["ticker"], worst[0]["pnl"]) == ("LATER", "-7.00")
    assert worst[0]["command"] == (f"kalshi-assistant explain --window LATER --state-dir {traded}")


def test_a_period_counts_its_days_and_the_verdict_all_before_its_end(traded, capsys):
    where = ("--state-dir", traded, "--json")
    _, out, _ = run(capsys, "--from", "2026-11-22", "--to", "2026-11-22", *where)
    found = json.loads(out)
    assert [day["day"] for day in found["days"]] == ["2026-11-22"]
    assert found["calibration"]["n"] == 0
    kinds = {each["kind"]: each for each in found["strategies"]}
    assert (kinds["momentum"]["counted"], kinds["momentum"]["signals"]) == (320, 0)
    _, out, _ = run(capsys, "--to", "2026-09-02", *where)
    kinds = {each["kind"]: each for each in json.loads(out)["strategies"]}
    assert kinds["momentum"]["counted"] == 2 * LEAST_MOST
    assert kinds["momentum"]["verdict"] == "no evidence"


def test_people_read_the_same(traded, capsys):
    code, out, _ = run(capsys, "--state-dir", traded)
    assert code == 0
    assert "momentum: promising: by 320 windows" in out
    assert "the numbers it traded on: 640 claims on 40 days" in out
    assert "kalshi-assistant explain --window LATER" in out
    assert max(map(len, out.splitlines())) < 200


def test_the_page_loads_nothing(traded, tmp_path, capsys):
    path = tmp_path / "report.html"
    code, _, err = run(capsys, "--state-dir", traded, "--html", path)
    text = path.read_text()
    assert code == 0
    assert f"written: {path}" in err
    assert text.count("<svg") == 2
    assert not re.search(r"(?:src|href)=\"(?!#)", text)
    assert "promising: by 320 windows" in text


def test_an_account_without_trades_says_so(tmp_path, capsys):
    store, _ = opened(tmp_path / "prod" / "paper" / "ledger.sqlite")
    store.close()
    path = tmp_path / "empty.html"
    code, out, _ = run(capsys, "--state-dir", tmp_path, "--html", path)
    assert code == 0
    assert "no market was paid out in this period" in out
    assert "no signal of this period has a result yet" in out
    assert "No window lost money" in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--from", "2026-11-22", "--to", "2026-11-21"), "swap them"),
        (("--from", "2026-02-30"), "is no day"),
        (("--html", "."), "cannot be a file there"),
    ],
)
def test_wrong_use(capsys, arguments, why):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert why in err


def test_no_ledger_is_said(tmp_path, capsys):
    code, out, err = run(capsys, "--state-dir", tmp_path)
    assert (code, out) == (0, "")
    assert "no paper ledger yet" in err


def test_bands_of_the_drawing_are_shares_of_the_claims():
    dot = Dot.of_hits(0.6, 0.7, n=8, claimed=0.65, happened=0.5, hits=[2, 8])
    assert dot.band == (0.25, 1.0)
    assert dot.expected
