"""The state as a document: every field, in the units that are promised."""

import json

from hypothesis import given

from kalshi_assistant.control.records import number_record
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.metrics.document import snapshot_record, state_bytes
from tests.support import views
from tests.support.served_http import standing
from tests.support.struct_strategies import drawn_from


def test_a_document_says_who_is_read_and_how_old_it_is():
    told = json.loads(state_bytes(standing(views.snapshot())))
    state = told.pop("state")
    assert told == {
        "type": "state",
        "up": True,
        "reason": None,
        "age_seconds": 0.25,
        "last_at": "2026-11-21T17:12:13.250Z",
        "attached": 1,
        "engine": {"program": "0.1.0", "pid": 4711, "mode": "paper", "environment": "local"},
    }
    assert state["number"] == number_record(views.snapshot())


def test_without_an_engine_it_says_why_and_shows_no_state():
    told = json.loads(state_bytes(standing(None)))
    assert told["up"] is False
    assert told["reason"] == "no engine runs"
    assert told["state"] is None


def test_money_and_prices_are_texts_in_dollars():
    told = snapshot_record(views.snapshot())
    assert told["paper"]["realized"] == "1.2375"
    best, quantity = told["market"]["book"]["bids"][0]
    assert best == told["number"]["bid"]
    assert isinstance(quantity, str)
    assert told["market"]["edge_yes"]["net"] == "0.0063"
    assert told["market"]["close_time"] == "2026-11-21T17:15:00Z"


def test_a_missing_print_is_null():
    told = snapshot_record(views.last_minute(received=37, missing=(12,)))
    prints = told["market"]["settlement"]["prints"]
    assert len(prints) == 60
    assert prints[12] is None
    assert prints[11] is not None
    assert prints[59] is None


@given(drawn_from(Snapshot))
def test_any_snapshot_becomes_json(snapshot):
    """Infinities and absences included: what JSON has no word for is ``null``."""
    json.loads(state_bytes(standing(snapshot)), parse_constant=lambda name: 1 / 0)
