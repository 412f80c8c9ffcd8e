"""Paper and live over one simulated day, each beside the backtest of its own journal: the signals
are the same, and every fill is or says why it is not.
"""

import json
from dataclasses import replace

import pytest

from kalshi_assistant.cli import main
from kalshi_assistant.execution.terms import OrderSettings
from kalshi_assistant.journal.codec import EVENTS
from kalshi_assistant.journal.reader import JournalReader
from kalshi_assistant.lab.backtest_input import Notices, journal
from kalshi_assistant.lab.backtesting import RECORDED, Backtesting, result
from kalshi_assistant.lab.comparing import compare, settings_of_run, told_by_backtest, told_by_run
from tests.scenario.test_simulated_windows import PAPER
from tests.support.build import CLOSE, ns
from tests.support.journalled_runs import as_if_live, on_paper

pytestmark = [
    pytest.mark.long,
    pytest.mark.enable_socket,  # an event loop wants a pair of them
    pytest.mark.timeout(600),
]
SEED = 5
MAKING = replace(PAPER, orders=OrderSettings(style="make"))
RUNS = {
    "paper": (on_paper, PAPER),
    "paper, resting": (on_paper, MAKING),
    "live": (as_if_live, PAPER),
    "live, resting": (as_if_live, MAKING),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The journal of each run, made when it is first asked for."""
    found = {}

    def journal_of(name):
        if name not in found:
            run, settings = RUNS[name]
            folder = tmp_path_factory.mktemp("run")
            found[name] = run(folder, settings, SEED, ns(CLOSE - 180), ns(CLOSE + 120))
        return found[name]

    return journal_of


def told(path):
    run = told_by_run([path])
    settings = settings_of_run([path], run)
    return run, told_by_backtest(journal([path], Notices()), settings, SEED)


@pytest.mark.parametrize("name", RUNS)
def test_signals_are_the_same_and_every_other_fill_has_its_reason(written, name):
    run, back = told(written(name))
    found = compare(run, back)
    assert run.signals
    assert found.signals_agree, found.lines
    assert found.count("signal", same=True) == len(run.signals)
    fills = [each for each in found.lines if each.what == "fill"]
    theirs = sum(map(len, run.fills.values()))
    assert len(fills) >= theirs > 0
    assert sum(each.run[0] != "-" for each in fills) == theirs
    for each in found.lines:
        assert each.reason is None or len(each.reason) > 10


def test_on_paper_the_orders_met_the_book_when_they_did_in_the_run(written):
    run, back = told(written("paper"))
    assert run.delays == back.delays
    assert run.orders == back.orders


def test_the_command_lists_every_line_and_leaves_with_0(written, tmp_path, capsys):
    path = written("live")
    given = ["backtest", str(path), "--compare", "--cache-dir", str(tmp_path)]
    assert main([*given, "--json"]) == 0
    *lines, last = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert {each["type"] for each in lines} == {"compared"}
    assert (last["type"], last["signals_agree"], last["signals_differing"]) == (
        "comparison", True, 0,
    )  # fmt: skip
    assert last["signals_same"] == sum(each["what"] == "signal" for each in lines)
    assert main(given) == 0
    out = capsys.readouterr().out
    assert out.count("same    signal") == last["signals_same"]
    assert out.count("DIFFERS fill") == last["fills_differing"]


def test_a_signal_that_differs_is_told_and_leaves_with_1(written):
    path = written("paper")
    run, back = told(path)
    run.signals.pop()
    found = compare(run, back)
    assert not found.signals_agree
    assert found.count("signal", same=False) == 1
    (line,) = [each for each in found.lines if each.what == "signal" and each.reason]
    assert (line.run, line.reason) == ("-", "only in the backtest")


def test_other_latencies_are_named(written):
    path = written("paper")
    run = told_by_run([path])
    slow = replace(journal([path], Notices()), delays=(2 * 10**9,), by_order=())
    back = told_by_backtest(slow, settings_of_run([path], run), SEED)
    reasons = [each.reason for each in compare(run, back).lines if each.what == "fill"]
    assert any(each and "other latency: " in each for each in reasons), reasons
    assert any(each and "2000.0 ms in the backtest" in each for each in reasons)


def test_a_run_that_traded_has_a_life_at_its_own_latency(written):
    path = written("live")
    material = journal([path], Notices())
    assert len(material.delays) == len(material.by_order) > 0
    work = Backtesting(material, PAPER, SEED)
    for _ in work.run():
        pass
    found = result(work, Notices())
    assert list(found["latencies"])[-2:] == [RECORDED, "assumed"]
    events = sum(1 for _ in JournalReader(EVENTS, [path]))
    assert 0 < work.events <= events


@pytest.mark.parametrize("extra", [["--set", "signal.contracts=2"], ["a-recording.jsonl.gz"]])
def test_only_a_run_as_it_was_is_compared(written, capsys, extra):
    assert main(["backtest", str(written("paper")), *extra, "--compare"]) == 2
    assert "--compare takes" in capsys.readouterr().err
