"""The order that cannot trade: placed, read, cancelled, read; never on the true venue."""

import json

import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND, format_iso
from kalshi_assistant.runtime.demo_order import demo_order
from tests.support.order_venue import SILENCE, START, TICKER, OrderVenue, answer, carried, refusal

PLACE = ("POST", "/portfolio/events/orders")
CANCEL = ("DELETE", "/portfolio/events/orders/")


def listed(**more):
    found = {
        "ticker": TICKER,
        "status": "active",
        "close_time": format_iso(START + 10 * MINUTE),
        "exchange_index": 2,
    }
    return found | more


class DemoVenue(OrderVenue):
    """Takes orders as well, and lists markets."""

    def _usual(self, request):
        if request.path == "/markets":
            return answer(200, {"markets": self.markets})
        if request.method == "POST":
            self.placed.append(json.loads(request.body))
            self.add("new", client=self.placed[-1]["client_order_id"])
            return answer(201, {"order_id": "new", "fill_count": "0.00"})
        return super()._usual(request)


def stand(markets=None, **faults):
    venue = DemoVenue(**faults)
    venue.markets = [listed()] if markets is None else markets
    venue.placed = []
    return venue


def tried(venue, environment="demo"):
    lines = carried(demo_order(environment, "doctor-1", START), venue)
    return {line.name.removeprefix("demo_order."): line for line in lines}


@pytest.mark.parametrize("environment", ["prod", "", "Demo"])
def test_the_true_venue_is_refused_before_anything_is_asked(environment):
    with pytest.raises(OperatorError, match="demo or --env local only"):
        demo_order(environment, "doctor-1", START)


@pytest.mark.parametrize("environment", ["demo", "local"])
def test_it_is_placed_read_cancelled_and_read_again(environment):
    venue = stand()
    lines = tried(venue, environment)
    assert [(name, line.status) for name, line in lines.items()] == [
        ("place", "pass"),
        ("read", "pass"),
        ("cancel", "pass"),
        ("gone", "pass"),
    ]
    assert venue.resting() == []
    assert venue.placed == [
        {
            "ticker": TICKER,
            "client_order_id": "doctor-1-0",
            "side": "bid",
            "count": "0.01",
            "price": "0.0100",
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
            "post_only": True,
            "cancel_order_on_pause": True,
            "expiration_time": (START + MINUTE) // SECOND,
            "exchange_index": 2,
            "subaccount": 0,
        }
    ]


def test_where_it_would_trade_the_other_side_is_taken():
    cross = answer(400, {"code": "invalid_order", "message": "m", "details": "post only cross"})
    venue = stand(faults={PLACE: [cross]})
    assert tried(venue)["gone"].status == "pass"
    assert [(each["side"], each["price"]) for each in venue.placed] == [("ask", "0.9900")]
    both = stand(faults={PLACE: [cross, cross]})
    assert tried(both)["place"].status == "fail"


@pytest.mark.parametrize("found", [refusal(400, "insufficient_balance"), SILENCE, answer(201, {})])
def test_an_order_that_is_not_taken_ends_it(found):
    venue = stand(faults={PLACE: [found]})
    (line,) = tried(venue).values()
    assert (line.status, line.outside) == ("fail", True)


def test_an_id_that_would_make_another_request_is_not_used():
    venue = stand(faults={PLACE: [answer(201, {"order_id": ""})]})
    assert list(tried(venue)) == ["place"]
    assert venue.requests("DELETE") == []


def test_a_refused_cancel_is_told_and_the_order_read():
    venue = stand(faults={CANCEL: [refusal(409, "trading_is_paused")]})
    lines = tried(venue)
    assert lines["cancel"].status == "fail"
    assert "trading_is_paused" in lines["cancel"].say
    assert lines["gone"].status == "fail"
    assert "resting" in lines["gone"].say


@pytest.mark.parametrize(
    "markets",
    [
        [],
        [listed(status="closed")],
        [listed(close_time=format_iso(START + MINUTE))],
        [listed(exchange_index=None)],
        [listed(close_time="soon")],
        [{"ticker": TICKER}],
    ],
)
def test_without_an_open_market_nothing_is_placed(markets):
    venue = stand(markets)
    (line,) = tried(venue).values()
    assert line.status == "fail"
    assert venue.placed == []


def test_the_market_that_closes_first_is_taken():
    later = listed(ticker="LATER", close_time=format_iso(START + HOUR))
    venue = stand([later, listed()])
    tried(venue)
    assert venue.placed[0]["ticker"] == TICKER


def test_it_is_placed_in_the_subaccount_that_trades_and_its_answer_is_timed():
    venue, heard = stand(), []
    talk = demo_order("demo", "doctor-1", START, 5, heard.append)
    carried(talk, venue)
    (placed,) = venue.requests("POST")
    assert json.loads(placed.body)["subaccount"] == 5
    (cancelled,) = venue.requests("DELETE")
    assert dict(cancelled.query)["subaccount"] == "5"
    assert len(heard) == 1
