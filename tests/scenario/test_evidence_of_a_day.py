"""A simulated day on paper: what the evidence says was earned is what the ledger paid out."""

import msgspec
import pytest

from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.execution.evidence import KINDS, days_of
from kalshi_assistant.lab.order_soaking import _Day
from kalshi_assistant.runtime.store import Store

pytestmark = pytest.mark.long

SEED, MINUTES = 2, 20


def test_evidence_is_what_the_ledger_paid_out(tmp_path):
    path = tmp_path / "ledger.sqlite"
    day = _Day(SEED, MINUTES, path, well=True, paper=True)
    assert day.run().crashed is None
    state = day._last.engine._state
    pending = sum(held.realized - held.fees for held in state.ledger.holdings())
    totals = [state.evidence.total(kind) for kind in KINDS]
    earned = {}
    for total in totals:
        for policy, profit in total.policies:
            earned[policy] = earned.get(policy, 0) + profit
    assert sum(total.windows for total in totals) > 0
    assert earned["realistic"] == state.ledger.realized - pending
    assert earned["conservative"] == state.desk.policy_profit["conservative"]
    assert earned["optimistic"] == state.desk.policy_profit["optimistic"]
    assert list(days_of(rows_of(path))) == [
        each for kind in KINDS for each in state.evidence.days(kind)
    ]


def rows_of(path):
    """Settled windows as the file has them."""
    store = Store.open(path)
    found = store._rows("SELECT body FROM evidence WHERE settled = 1 ORDER BY at, number")
    store.close()
    return [msgspec.json.decode(body, type=EvidenceKept) for (body,) in found]
