"""Every boundary is timed against its target, at a bounded price."""

import json

import pytest

from kalshi_assistant.domain.events import OrderChanged, OrderFilled
from kalshi_assistant.domain.intents import Announce, Approved, Submit
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.runtime.logs import open_logs
from kalshi_assistant.runtime.probe import (
    LONGEST,
    ORDERS_MAX,
    SAMPLED,
    TARGETS_MS,
    TURN_WRITES,
    WAITING_MAX,
    Probe,
)
from tests.support import build
from tests.support.build import OPEN, TICKER, ns

MS = MILLISECOND
AT = ns(OPEN)


def fact(at=AT, venue=AT - 3 * MS):
    return build.e.BookDelta(venue, at, TICKER, BID, 5_000, 1)


def submit(name="p-1-1", quantity=1_000, top=5_500, side=BID):
    order = Order(name, TICKER, side, 5_600, quantity, AT, top=top)
    return Submit(Approved(order, AT + SECOND))


def filled(at, quantity=1_000, price=5_600, name="p-1-1", source="venue", side=BID):
    return OrderFilled(
        at, at, TICKER, name, name, f"t{at}", side, price, quantity, True, 1, None, source
    )


def changed(at, status, count, name="p-1-1", source="venue"):
    return OrderChanged(at, at, TICKER, name, name, BID, 5_600, status, count, 0, None, source)


def stage(probe, name):
    (found,) = [view for view in probe.view() if view.name == name]
    return found


def one_order(probe):
    """2 ms to the order, 3 to durable, 4 sent, 60 answered, 90 filled, since receipt."""
    probe.handled(fact(), (submit(),), AT + 2 * MS)
    probe.durable(AT + 3 * MS)
    probe.sent("p-1-1", AT + 4 * MS)
    probe.acked("p-1-1", AT + 60 * MS)
    probe.filled("p-1-1", AT + 90 * MS)


def test_ordinary_facts_are_sampled_one_in_sixteen():
    probe = Probe()
    for _ in range(10 * SAMPLED):
        probe.received(fact())
        probe.handled(fact(), (), AT + MS)
    probe.durable(AT + 2 * MS)
    assert (stage(probe, "venue to receipt").count, stage(probe, "venue to receipt").mean) == (
        10,
        3,
    )
    assert stage(probe, "receipt to handled").mean == 1
    assert stage(probe, "receipt to durable").mean == 2


def test_every_signal_and_every_boundary_of_an_order_is_timed():
    heard = []
    probe = Probe(on_answer=heard.append)
    one_order(probe)
    probe.handled(fact(), (Announce(None),), AT + MS // 2)
    timed = {view.name: view.mean for view in probe.view() if view.count}
    assert timed == {
        "tick to signal": 0.5,
        "signal to order": 2,
        "order to answer": 56,
        "receipt to answer": 60,
        "answer to fill": 30,
    }
    assert heard == [60 * MS]


def test_a_target_is_met_or_not_by_the_99th_percentile():
    probe = Probe()
    assert stage(probe, "tick to signal").met is None
    for _ in range(200):
        probe.handled(fact(), (Announce(None),), AT + MS // 2)
        probe.queued(3)
    assert stage(probe, "tick to signal").met is True
    assert stage(probe, "queue depth").met is True
    for _ in range(5):
        probe.handled(fact(), (Announce(None),), AT + 2 * MS)
        probe.queued(500)
    assert stage(probe, "tick to signal").met is False
    assert stage(probe, "queue depth").met is False
    assert stage(probe, "signal to order").target == 5.0


def test_answers_and_fills_that_are_handled_are_timed_by_their_receipt_once():
    probe = Probe()
    probe.handled(fact(), (submit(),), AT + MS)
    probe.sent("p-1-1", AT + MS)
    probe.handled(filled(AT + 40 * MS, 400), (), AT + 41 * MS)
    probe.handled(filled(AT + 50 * MS, 600), (), AT + 51 * MS)
    probe.acked("p-1-1", AT + 70 * MS)
    assert stage(probe, "receipt to answer").mean == 40
    assert stage(probe, "answer to fill").count == 1


@pytest.mark.parametrize("end_first", [True, False])
def test_how_an_order_fared_is_known_when_its_end_and_all_its_fills_are_told(end_first):
    probe = Probe()
    probe.handled(fact(), (submit(),), AT)
    fill, end = filled(AT + 1, 250), changed(AT + 2, "canceled", 250)
    for event in (end, fill) if end_first else (fill, end):
        probe.handled(event, (), AT + 3)
    assert stage(probe, "fill rate").mean == 0.25
    assert stage(probe, "slippage").mean == 1.0
    assert probe._tracks == {}


def test_slippage_of_the_other_outcome_is_measured_in_its_own_price():
    probe = Probe()
    probe.handled(fact(), (submit(top=4_400, side=ASK),), AT)
    probe.handled(filled(AT + 1, price=5_500, side=ASK), (), AT)
    probe.handled(changed(AT + 2, "executed", 1_000), (), AT)
    assert stage(probe, "slippage").mean == 1.0


def test_refused_orders_and_other_assumptions_count_for_nothing():
    probe = Probe()
    probe.handled(fact(), (submit(),), AT)
    probe.handled(filled(AT + 1, source="optimistic"), (), AT)
    probe.handled(changed(AT + 2, "rejected", 0), (), AT)
    probe.handled(filled(AT + 3, name="somebody else's"), (), AT)
    assert stage(probe, "fill rate").count == 0
    assert stage(probe, "slippage").p50 is None


def test_what_cannot_be_a_delay_is_left_out_and_never_heard():
    heard = []
    probe = Probe(on_answer=heard.append)
    probe.handled(fact(), (submit(),), AT - 1)
    probe.sent("p-1-1", AT - 2)
    probe.acked("p-1-1", AT + LONGEST + 1)
    assert heard == []
    assert all(view.count == 0 for view in probe.view())


def test_a_clock_that_runs_fast_is_read_in_real_time():
    probe = Probe(speed=10.0)
    probe.handled(fact(), (Announce(None),), AT + 5 * MS)
    assert stage(probe, "tick to signal").mean == 0.5


def test_memory_is_bounded_whatever_is_never_answered():
    probe = Probe()
    for number in range(ORDERS_MAX + 50):
        probe.handled(fact(), (submit(f"p-1-{number}"),), AT)
    for _ in range(2 * SAMPLED * WAITING_MAX):
        probe.handled(fact(), (), AT)
    assert len(probe._tracks) == ORDERS_MAX
    assert len(probe._waiting) == WAITING_MAX


def test_every_stage_is_viewed_in_its_order_whether_measured_or_not():
    names = [view.name for view in Probe().view()]
    assert names == [*TARGETS_MS, "queue depth", "fill rate", "slippage"]


def test_a_line_of_the_latency_log_holds_every_measured_stage(tmp_path):
    class Clock:
        def now(self):
            return AT

    logs = open_logs(tmp_path, Clock())
    probe = Probe(logs)
    one_order(probe)
    probe.write()
    logs.close()
    (line,) = (tmp_path / "latency.json").read_text().splitlines()
    said = json.loads(line)
    assert said["what"] == "stages"
    first = said["stages"][0]
    assert (first["name"], first["unit"], first["count"], first["target"]) == (
        "signal to order",
        "ms",
        1,
        5.0,
    )


def test_what_is_told_forgets_after_two_turns():
    probe = Probe()
    probe.handled(fact(), (Announce(None),), AT + MS)
    for _ in range(TURN_WRITES):
        probe.write()
    assert stage(probe, "tick to signal").count == 1
    for _ in range(TURN_WRITES):
        probe.write()
    assert stage(probe, "tick to signal").count == 0
