"""Refused means certainly not at the venue; everything else is in doubt and is never sent again."""

import json

import pytest

from kalshi_assistant.domain.events import CancelRefused, OrderChanged, OrderUncertain
from kalshi_assistant.domain.intents import Cancel
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.venues.kalshi.refusals import (
    RATE_LIMITED,
    answered,
    cancel_refused,
    refusal_of,
)
from kalshi_assistant.venues.kalshi.rest import parse_error
from tests.support.kalshi_frames import NOW, TICKER

ORDER = Order("n-1-1", TICKER, BID, 5_600, 1_000, made_at=NOW, exchange_index=2)


def nested(code, message=None, **more):
    return json.dumps({"error": {"code": code, "message": message or code} | more}).encode()


def flat(code, message=None, **more):
    return json.dumps({"code": code, "message": message or code} | more).encode()


def refusal(status, body):
    return refusal_of(ORDER, parse_error(status, body), NOW)


NAMED = [
    (400, nested("insufficient_balance"), "insufficient_balance: shard 2 does not hold"),
    (400, flat("available_balance_too_low"), "insufficient_balance: shard 2 does not hold"),
    (400, flat("invalid_order", details="post only cross"), "post_only_cross: "),
    (400, nested("invalid_order", "invalid", details="post only cross"), "post_only_cross: "),
    (400, nested("invalid_order_size"), "invalid_size: "),
    (400, nested("invalid_price"), "off_grid: "),
    (400, nested("invalid_order", "price does not match tick size"), "off_grid: "),
    (400, nested("invalid_order", "expiration_time is in the past"), "expired: "),
    (409, nested("fill_or_kill_insufficient_resting_volume"), "fill_or_kill: "),
    (409, nested("trading_is_paused"), "trading_is_paused: "),
    (409, nested("market_inactive"), "market_closed: "),
    (400, nested("market_closed"), "market_closed: "),
    (409, nested("order_group_triggered"), "order_group: "),
    (404, nested("not_found"), "market_unknown: "),
    (401, b"", "key_refused: "),
    (403, b"<html>no</html>", "key_not_allowed: "),
    (400, nested("order_side_mismatch"), "refused: order_side_mismatch"),
    (418, b"teapot", "refused: 418: teapot"),
]


@pytest.mark.parametrize(("status", "body", "reason"), NAMED)
def test_a_refusal_has_a_name_and_plain_words(status, body, reason):
    found = refusal(status, body)
    assert isinstance(found, OrderChanged)
    assert found.reason.startswith(reason)
    assert (found.status, found.client_order_id, found.order_id) == ("rejected", ORDER.id, "")
    assert (found.filled, found.remaining, found.source) == (0, 0, "venue")


def test_too_many_requests_is_a_refusal_and_nothing_is_sent_again():
    found = refusal(429, b'{"error": "too many requests"}')
    assert (found.status, found.reason) == ("rejected", RATE_LIMITED)


DOUBTFUL = [
    (409, nested("order_already_exists")),
    (409, b'{"error": "order already exists"}'),
    (400, nested("duplicate_client_order_id")),
    (409, nested("a_conflict_nobody_knows")),
    (409, b""),
    (408, b""),
    (425, b""),
    (499, b""),
    (500, nested("internal")),
    (502, b"<html>bad gateway</html>"),
    (503, nested("service_unavailable")),
    (504, b""),
    (503, nested("trading_is_paused")),
    (202, b"{}"),
    (204, b""),
    (301, b""),
    (307, b""),
]


@pytest.mark.parametrize(("status", "body"), DOUBTFUL)
def test_anything_that_may_have_placed_it_leaves_it_in_doubt(status, body):
    found = refusal(status, body)
    assert isinstance(found, OrderUncertain)
    assert (found.client_order_id, found.request) == (ORDER.id, "create")


@pytest.mark.parametrize("status", range(200, 600))
def test_no_status_without_a_word_raises_or_rejects_what_may_be_placed(status):
    found = refusal(status, b"")
    certain = 400 <= status < 500 and status not in (408, 409, 425, 499)
    assert isinstance(found, OrderChanged) == certain


def test_an_unknown_order_refuses_its_cancel_and_is_not_cancelled():
    cancel = Cancel(ORDER.id, "v1", TICKER, 2, "")
    error = parse_error(404, nested("not_found", "order not found"))
    assert answered(error)
    expected = CancelRefused(NOW, NOW, ORDER.id, "v1", "not_found", "order not found")
    assert cancel_refused(cancel, error, NOW) == expected


@pytest.mark.parametrize("status", [408, 425, 429, 499, 500, 503])
def test_a_plea_for_patience_is_no_answer(status):
    assert not answered(parse_error(status, b""))
