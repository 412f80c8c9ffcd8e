"""A run on paper, and the backtest of its journal: the same signals, the same fills."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields

from kalshi_assistant.domain.entries import FillKept, PolicyFillKept, SettlementKept
from kalshi_assistant.domain.intents import Announce, Keep
from kalshi_assistant.lab.backtest_audit import audit
from kalshi_assistant.lab.backtest_input import Material, Notices, from_outside
from kalshi_assistant.lab.backtest_measures import POLICIES, profits_of
from kalshi_assistant.lab.backtest_report import render_report
from kalshi_assistant.lab.backtest_tables import write_tables
from kalshi_assistant.lab.backtesting import ASSUMED, GRID, Backtesting, result
from kalshi_assistant.runtime.backtest import Backtest, Latency
from kalshi_assistant.runtime.simulate import Simulation
from kalshi_assistant.sim.latency import LatencyModel
from tests.scenario.test_simulated_windows import PAPER, START
from tests.support.build import CLOSE, ns

FILLS = FillKept | PolicyFillKept
SEED = 3


@pytest.fixture(scope="module")
def run():
    """Events, signals and fills of the end of a window and the start of the next."""
    events, signals, fills = [], [], []

    def watch(event, intents):
        events.append(event)
        signals.extend(each.signal for each in intents if isinstance(each, Announce))
        kept = (each.entry for each in intents if isinstance(each, Keep))
        fills.extend(each for each in kept if isinstance(each, FILLS))

    Simulation(SEED, START, PAPER, watch=watch).run(ns(CLOSE + 200))
    return events, signals, fills


def material(events, led=True):
    outside = [each for each in events if from_outside(each, led=led)]
    return Material(
        name="a run",
        files=(),
        begins=outside[0].received_at,
        ends=outside[-1].received_at,
        markets=(),
        events=iter(outside),
        led=led,
    )


def test_the_backtest_of_a_journal_signals_what_the_run_signalled(run):
    events, signals, fills = run
    life = Backtest(PAPER, Latency(ASSUMED, None), SEED, led=True)
    life.see_all(material(events).events)
    assert signals
    told = [(each.kind, each.made_at, each.edge) for each in life.record.signals]
    assert told == [(each.kind, each.made_at, each.edge) for each in signals]
    # The simulation looks at arrivals ten times a second, a backtest at their own instants.
    ours = [each for each in life.record.entries if isinstance(each, FILLS)]
    assert [with_fields(each, at=0) for each in ours] == [with_fields(each, at=0) for each in fills]
    assert all(0 <= theirs.at - mine.at <= 10**8 for mine, theirs in zip(ours, fills, strict=True))


def test_the_same_past_gives_the_same_object_and_its_sums_add_up(run, tmp_path):
    events, *_ = run

    def lived():
        work = Backtesting(material(events), PAPER, SEED)
        for _ in work.run():
            pass
        return work, result(work, Notices())

    work, found = lived()
    assert found == lived()[1]
    assert list(found["latencies"]) == [*(each.name for each in GRID), ASSUMED]
    for life in work.lives:
        record = life.backtest.record
        settled = [each for each in record.entries if isinstance(each, SettlementKept)]
        kept = sum(each.pnl for each in settled)
        assert kept == sum(pnl for _, pnl in profits_of(record, "realistic"))
        for each in settled:
            assert each.pnl == each.edge + each.slippage + each.drift - each.fees
        said = found["latencies"][life.backtest.latency.name]
        assert set(said["policies"]) == set(POLICIES)
        assert len(life.marks.found) == sum(isinstance(each, FillKept) for each in record.entries)
    page = render_report([(found, work)])
    assert page.count("<svg") >= 5
    assert page == render_report([(found, work)])
    sums, windows, fills = write_tables(work, found, tmp_path)
    assert len(sums.read_text().splitlines()) == 1 + len(work.lives) * len(POLICIES)
    assert windows.read_text().startswith("latency,ticker,at,result")
    assert fills.read_text().count("\n") > 1


def test_latency_is_what_it_says(run):
    events, *_ = run
    for each in GRID:
        model = each.model(PAPER)
        assert isinstance(model, LatencyModel)
        assert {model.draw(part) for part in (0.0, 0.3, 0.99)} == {each.milliseconds * 10**6}
    life = Backtest(PAPER, Latency("500 ms", 500), SEED, led=True)
    life.see_all(material(events).events)
    made = {order.id: order.made_at for order in life.record.orders}
    takers = [
        each
        for each in life.record.entries
        if isinstance(each, FillKept) and each.is_taker and each.client_order_id in made
    ]
    assert takers
    assert all(each.at - made[each.client_order_id] >= 500 * 10**6 for each in takers)


def test_the_audit_holds_and_a_cheat_is_found(run, monkeypatch):
    events, *_ = run
    findings = list(audit(lambda: material(events), PAPER, SEED))
    assert [each.change for each in findings] == [
        *["shuffled future"] * 3, "delayed data", "delayed data", *["dropped fees"] * 2,
    ]  # fmt: skip
    assert all(each.held for each in findings)

    def peeking():
        """A material that tells results before their time."""
        found = material(events)
        first = next(each for each in events if type(each).__name__ == "IndexPrinted")
        at_once = [each for each in events if type(each).__name__ == "IndexPrinted"][-1]
        early = with_fields(first, value=at_once.value)
        return replace(found, events=iter([early, *found.events]))

    calls = iter(range(100))

    def cheating():
        return peeking() if next(calls) else material(events)

    assert not all(each.held for each in audit(cheating, PAPER, SEED))
