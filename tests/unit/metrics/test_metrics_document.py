"""The state as a document: every field, in the units that are promised."""

import json

from hypothesis import given
from msgspec.structs import replace

from kalshi_assistant.control.records import number_record
from kalshi_assistant.engine.page_views import ScoreView
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.metrics.document import snapshot_record, state_bytes
from tests.support import page_views, views
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


def test_the_curves_of_the_main_page_are_told_with_null_where_nothing_was_known():
    told = snapshot_record(views.busy())["market"]
    trail = told["trail"]
    assert (trail["first_at"], trail["step_seconds"]) == ("2026-11-21T17:00:00Z", 3)
    assert trail["model"][0] == 0.56
    assert trail["market"][40:50] == [None] * 10
    assert {len(trail[name]) for name in ("model", "blend", "low", "high")} == {244}
    assert told["fan"][-1] == {"at": "2026-11-21T17:15:00Z", "mean": "91255.10", "sd": "14.02"}
    costs = told["costs"]
    assert (len(costs["taker"]), costs["taker"][49], costs["maker"][49]) == (99, "0.175", "0.00")
    assert costs["taking_yes"] == {"worst_price": "0.5850", "cost": "5.85", "fee": "0.17"}
    assert told["belief"]["simulated"][0]["variant"] == "gbm"


def test_what_is_held_and_what_rests_is_told_for_every_assumption():
    told = snapshot_record(views.busy())["trading"]
    assert [each["policy"] for each in told["held"]] == ["of record", "optimistic", "conservative"]
    assert told["held"][2]["worth"] == "2.2119"
    assert told["orders"][0]["ahead"] == "340.00"


def test_every_page_has_its_records():
    scores = (ScoreView("model", 600, 12, 0.1725),)
    told = snapshot_record(replace(page_views.normal(), scores=scores))
    assert told["scores"] == [{"by": "model", "seconds_left": 600, "windows": 12, "brier": 0.1725}]
    limits = {each["limit"]: each for each in told["risk"]["limits"]}
    assert isinstance(limits["max_order_dollars"]["now"], str)
    assert isinstance(limits["max_drawdown_percent"]["now"], float)
    assert {each["kind"] for each in told["risk"]["breakers"]} == {"halt", "pause", "guard"}
    assert [each["verdict"] for each in told["evidence"]]
    assert told["decisions"][0]["net_edge"] is not None
    assert [trade["purpose"] for trade in told["trades"]] == ["exit", "entry"]
    assert told["curve"][0][1] == "-1.29"


@given(drawn_from(Snapshot))
def test_any_snapshot_becomes_json(snapshot):
    """Infinities and absences included: what JSON has no word for is ``null``."""
    json.loads(state_bytes(standing(snapshot)), parse_constant=lambda name: 1 / 0)
