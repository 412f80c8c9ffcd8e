"""Integers of the house become what a person reads."""

import msgspec
from hypothesis import given

from kalshi_assistant.domain.contract import Contract, FeeTerms, PriceRange
from kalshi_assistant.domain.events import BookSnapshot, Event, MarketListed, StrikeSet
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.intents import Approved, Intent, Submit
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Price, Quantity
from kalshi_assistant.journal.readable import readable
from tests.support.journals import NOON
from tests.support.struct_strategies import drawn_from

NOON_TEXT = "2026-11-21T17:00:00Z"
A = Ticker("A")


def test_times_are_iso_and_the_tag_is_the_type() -> None:
    assert readable(StrikeSet(NOON, Nanos(NOON + 250_000_000), A, IndexValue(9_125_062))) == {
        "type": "StrikeSet",
        "at": NOON_TEXT,
        "received_at": "2026-11-21T17:00:00.250Z",
        "ticker": "A",
        "strike": "91250.62",
    }


def test_levels_are_pairs_of_dollars_and_contracts() -> None:
    event = BookSnapshot(NOON, NOON, A, ((Price(5_600), Quantity(2_500)),), ())
    said = readable(event)
    assert isinstance(said, dict)
    assert (said["bids"], said["asks"]) == ([["0.5600", "25.00"]], [])


def test_what_is_not_known_stays_null_and_structs_nest() -> None:
    grid = (PriceRange(Price(0), Price(10_000), Price(100)),)
    fees = FeeTerms("quadratic", 70_000, 0)
    contract = Contract(A, "E", NOON, NOON, None, grid, fees, 2, 2)
    said = readable(MarketListed(NOON, NOON, contract, "active"))
    assert isinstance(said, dict)
    assert said["contract"] == {
        "ticker": "A",
        "event_ticker": "E",
        "open_time": NOON_TEXT,
        "close_time": NOON_TEXT,
        "strike": None,
        "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
        "fees": {"kind": "quadratic", "taker_rate_e6": 70_000, "maker_rate_e6": 0},
        "exchange_index": 2,
        "round_digits": 2,
    }


def test_an_approved_order_is_readable() -> None:
    order = Order(ClientOrderId("n-1-1"), A, 0, Price(5_600), Quantity(100), NOON)
    said = readable(Submit(Approved(order, NOON)))
    assert isinstance(said, dict)
    approved = said["order"]
    assert isinstance(approved, dict)
    assert approved["valid_until"] == NOON_TEXT
    assert isinstance(approved["what"], dict)
    assert approved["what"]["limit"] == "0.5600"


def test_plain_values_pass() -> None:
    assert readable({"a": (1, None, 0.5, True)}) == {"a": [1, None, 0.5, True]}
    assert readable(b"x") == "b'x'"


@given(value=drawn_from(Event | Intent))
def test_everything_that_is_said_is_json(value: Event | Intent) -> None:
    assert msgspec.json.decode(msgspec.json.encode(readable(value)))["type"] == type(value).__name__
