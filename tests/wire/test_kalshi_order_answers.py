"""Answers about orders and the account become exactly these facts; mutilated, they become none."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.intents import Renew
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.domain.units import parse_quantity
from kalshi_assistant.engine import feeds
from kalshi_assistant.venues.kalshi.answers import orders as answers
from kalshi_assistant.venues.kalshi.answers import portfolio as account
from tests.support.kalshi_frames import NOW, TICKER

SERIES = "KXBTC15M"
OWN = "6d0b5c1e-2f5d-4d6b-9b43-3f3a0c1b7a10"
VENUE = "b1f0c1de-6a0e-4b54-9a52-2b8c7d0f1e22"
RESTING = Order(
    OWN,
    TICKER,
    BID,
    5_600,
    1_000,
    made_at=NOW,
    time_in_force="good_till_canceled",
    exchange_index=2,
)


def changed(order, **fields):
    return msgspec.structs.replace(order, **fields)


def body(**members):
    return json.dumps(members).encode()


# --- answers to commands ---

ANSWERED = 1_795_280_591_482 * MILLISECOND
CREATED = {
    "order_id": VENUE,
    "client_order_id": OWN,
    "fill_count": "4.00",
    "remaining_count": "6.00",
    "average_fill_price": "0.5600",
    "average_fee_paid": "0.0173",
    "ts_ms": 1_795_280_591_482,
}
RENEW = Renew(OWN, VENUE, TICKER, BID, 5_600, 1_000, 1_795_281_270 * SECOND, 2)


def ordered(status, filled, remaining, order=RESTING, reason=None, at=ANSWERED):
    return e.OrderChanged(
        at,
        NOW,
        TICKER,
        VENUE,
        OWN,
        order.side,
        order.limit,
        status,
        filled,
        remaining,
        reason,
        "venue",
    )


def is_malformed(found, about=""):
    assert isinstance(found, e.Malformed), found
    assert (found.feed, found.at) == (feeds.REST, NOW)
    assert about in found.reason
    return True


@pytest.mark.parametrize(
    ("force", "filled", "remaining", "status"),
    [
        ("good_till_canceled", "4.00", "6.00", "resting"),
        ("good_till_canceled", "0.00", "10.00", "resting"),
        ("good_till_canceled", "10.00", "0.00", "executed"),
        ("good_till_canceled", "4.00", "0.00", "canceled"),
        ("immediate_or_cancel", "0.00", "0.00", "canceled"),
        ("immediate_or_cancel", "4.00", "0.00", "canceled"),
        ("immediate_or_cancel", "10.00", "0.00", "executed"),
        ("immediate_or_cancel", "4.00", "6.00", "unknown"),
        ("fill_or_kill", "10.00", "0.00", "executed"),
        ("fill_or_kill", "4.00", "0.00", "unknown"),
    ],
)
def test_where_a_new_order_stands_follows_from_its_counts(force, filled, remaining, status):
    order = changed(RESTING, time_in_force=force, expires_at=None)
    answer = body(**CREATED | {"fill_count": filled, "remaining_count": remaining})
    expected = ordered(status, parse_quantity(filled), parse_quantity(remaining))
    assert answers.parse_created(answer, order, NOW) == expected


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"client_order_id": "another"}, "another"),
        ({"fill_count": "5.00"}, "more filled and left"),
        ({"fill_count": "-1.00"}, "negative"),
        ({"order_id": ""}, "not an id"),
        ({"ts_ms": 0}, "ts_ms"),
    ],
)
def test_a_confirmation_that_cannot_be_true_is_none(fields, about):
    assert is_malformed(answers.parse_created(body(**CREATED | fields), RESTING, NOW), about)


@pytest.mark.parametrize("field", ["order_id", "fill_count", "remaining_count", "ts_ms"])
def test_no_default_stands_in_for_what_a_confirmation_leaves_out(field):
    answer = {name: value for name, value in CREATED.items() if name != field}
    assert is_malformed(answers.parse_created(body(**answer), RESTING, NOW), field)


def test_a_cancel_says_what_it_took_out():
    answer = body(order_id=VENUE, client_order_id=OWN, reduced_by="6.00", ts_ms=1_795_280_591_482)
    found = answers.parse_canceled(answer, VENUE, NOW)
    assert found == answers.Canceled(ANSWERED, VENUE, 600)
    assert is_malformed(answers.parse_canceled(answer, "another", NOW), "answer about")


def test_a_decrease_says_what_it_left():
    answer = body(order_id=VENUE, remaining_count="2.50", ts_ms=1_795_280_591_482)
    found = answers.parse_decreased(answer, VENUE, NOW)
    assert found == answers.Decreased(ANSWERED, VENUE, 250)
    assert is_malformed(answers.parse_decreased(answer, "another", NOW), "answer about")


@pytest.mark.parametrize(
    ("filled", "remaining", "status"),
    [(400, 600, "resting"), (1_000, 0, "executed"), (400, 0, "unknown")],
)
def test_an_amended_order_stands_as_its_counts_say(filled, remaining, status):
    counts = {"fill_count": f"{filled / 100:.2f}", "remaining_count": f"{remaining / 100:.2f}"}
    found = answers.parse_amended(body(**CREATED | counts), RENEW, NOW)
    assert found == ordered(status, filled, remaining, reason="Amend")


@pytest.mark.parametrize(
    "fields", [{"order_id": "another"}, {"client_order_id": "x"}, {"remaining_count": "7.00"}]
)
def test_an_amendment_of_something_else_is_none(fields):
    assert is_malformed(answers.parse_amended(body(**CREATED | fields), RENEW, NOW))


# --- the account ---

ORDER = {
    "order_id": VENUE,
    "user_id": "a1b2",
    "client_order_id": OWN,
    "ticker": TICKER,
    "outcome_side": "yes",
    "book_side": "bid",
    "type": "limit",
    "status": "resting",
    "yes_price_dollars": "0.5600",
    "no_price_dollars": "0.4400",
    "fill_count_fp": "4.00",
    "remaining_count_fp": "6.00",
    "initial_count_fp": "10.00",
    "created_time": "2026-11-21T17:03:11.482Z",
    "last_update_time": "2026-11-21T17:03:11.482Z",
    "exchange_index": 2,
}
POSITION = {
    "ticker": TICKER,
    "exchange_index": 2,
    "total_traded_dollars": "2.2400",
    "position_fp": "-4.00",
    "market_exposure_dollars": "2.2400",
    "realized_pnl_dollars": "-0.1000",
    "fees_paid_dollars": "0.0690",
    "last_updated_ts": "2026-11-21T17:03:11.490Z",
}
FILL = {
    "fill_id": "4f0a",
    "trade_id": "4f0a",
    "order_id": VENUE,
    "ticker": TICKER,
    "exchange_index": 2,
    "side": "yes",
    "action": "buy",
    "outcome_side": "yes",
    "book_side": "bid",
    "count_fp": "4.00",
    "yes_price_dollars": "0.5600",
    "no_price_dollars": "0.4400",
    "is_taker": True,
    "fee_cost": "0.069000",
    "created_time": "2026-11-21T17:03:11.482Z",
    "subaccount_number": 0,
    "ts": 1_795_280_591,
}
SETTLEMENT = {
    "ticker": TICKER,
    "market_result": "yes",
    "revenue": 400,
    "settled_time": "2026-11-21T17:15:08.135Z",
    "fee_cost": "0.069000",
    "value": 100,
}
BALANCE = {
    "balance": 125_034,
    "balance_dollars": "1250.3471",
    "portfolio_value": 2_150,
    "balance_breakdown": [
        {"exchange_index": 2, "balance": "250.3471"},
        {"exchange_index": 0, "balance": "1000.0000"},
    ],
}


def test_an_order_is_read_as_it_stands():
    found = answers.parse_order(body(order=ORDER), NOW)
    assert found.changed == ordered("resting", 400, 600)
    assert (found.initial, found.exchange_index, found.created_at) == (1_000, 2, ANSWERED)
    assert found.in_account() == e.VenueOrder(
        TICKER, VENUE, OWN, BID, 5_600, "resting", 1_000, 400, 600, 2, ANSWERED
    )


def test_a_status_nobody_knows_is_unknown_and_no_part_of_an_account():
    found = answers.parse_order(body(order=ORDER | {"status": "pondering"}), NOW)
    assert found.changed.status == "unknown"
    with pytest.raises(ValueError, match="nobody knows"):
        found.in_account()


def test_cash_is_in_dollars_and_not_in_the_cut_off_cents():
    found = account.parse_balance(body(**BALANCE), NOW)
    assert found == account.Balance(1_250_347_100, ((0, 1_000_000_000), (2, 250_347_100)))


def test_two_balances_of_one_shard_are_none():
    twice = BALANCE | {"balance_breakdown": BALANCE["balance_breakdown"] * 2}
    assert is_malformed(account.parse_balance(body(**twice), NOW), "two balances")


def test_a_position_of_no_is_negative():
    page = account.parse_positions(body(cursor="", market_positions=[POSITION]), NOW, SERIES)
    expected = e.VenuePosition(TICKER, -400, 2_240_000, -100_000, 69_000)
    assert page == account.Page((expected,), (), None)


def test_a_fill_over_rest_names_the_venues_order_only():
    page = account.parse_fills(body(cursor="more", fills=[FILL]), NOW, SERIES)
    expected = e.OrderFilled(
        ANSWERED,
        NOW,
        TICKER,
        VENUE,
        None,
        "4f0a",
        BID,
        5_600,
        400,
        True,
        69_000,
        None,
        "venue",
    )
    assert page == account.Page((account.SeenFill(expected, 0),), (), "more")


def test_revenue_comes_in_cents():
    page = account.parse_settlements(body(settlements=[SETTLEMENT]), NOW, SERIES)
    at = 1_795_281_308_135 * MILLISECOND
    assert page.items == (e.VenueSettlement(TICKER, "yes", 4_000_000, at),)


LISTS = {
    "orders": (account.parse_orders, "orders", ORDER),
    "positions": (account.parse_positions, "market_positions", POSITION),
    "fills": (account.parse_fills, "fills", FILL),
    "settlements": (account.parse_settlements, "settlements", SETTLEMENT),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_bad_item_of_ours_is_told_and_one_of_another_series_left_out(name):
    parse, key, item = LISTS[name]
    bad = {"ticker": TICKER}
    foreign = {"ticker": "KXBTC15MOON-1"}
    nameless = {"ticker": None}
    page = parse(body(**{key: [item, bad, foreign, nameless]}), NOW, SERIES)
    assert len(page.items) == 1
    assert len(page.malformed) == 2


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_is_missing_is_not_an_empty_one(name):
    parse, _, _ = LISTS[name]
    assert len(parse(b"{}", NOW, SERIES).malformed) == 1


@pytest.mark.parametrize(
    ("listed", "enabled"),
    [
        ([(0, True)], True),
        ([(0, False), (1, True)], False),
        ([(0, True), (0, True)], True),
        ([(0, True), (0, False)], None),
        ([(1, True)], None),
        ([], None),
    ],
)
def test_netting_is_known_where_every_shard_says_the_same(listed, enabled):
    configs = [{"subaccount_number": number, "enabled": on} for number, on in listed]
    found = account.parse_netting(body(netting_configs=configs), NOW, 0)
    assert found == account.Netting(enabled)


def test_the_limits_of_an_account_are_its_buckets():
    buckets = {
        "read": {"refill_rate": 300, "bucket_capacity": 900},
        "write": {"refill_rate": 300, "bucket_capacity": 901},
    }
    found = account.parse_account_limits(body(usage_tier="advanced", **buckets, grants=[]), NOW)
    assert found == account.AccountLimits("advanced", (300, 900), (300, 901))


def test_small_answers():
    as_of = account.parse_user_data_timestamp(body(as_of_time="2026-11-21T17:03:11.482Z"), NOW)
    assert as_of == ANSWERED
    assert answers.parse_queue_position(body(queue_position_fp="12.00"), NOW) == 1_200
    assert answers.parse_group_created(body(order_group_id="og_7c1"), NOW) == "og_7c1"
    group = body(is_auto_cancel_enabled=True, contracts_limit_fp="50.00", orders=[VENUE])
    assert answers.parse_group(group, NOW) == answers.Group(5_000, (VENUE,), cancels=True)


# --- mutilated ---

PARSERS = {
    "created": (body(**CREATED), lambda raw: answers.parse_created(raw, RESTING, NOW)),
    "amended": (body(**CREATED), lambda raw: answers.parse_amended(raw, RENEW, NOW)),
    "canceled": (
        body(order_id=VENUE, reduced_by="6.00", ts_ms=5),
        lambda raw: answers.parse_canceled(raw, VENUE, NOW),
    ),
    "decreased": (
        body(order_id=VENUE, remaining_count="6.00", ts_ms=5),
        lambda raw: answers.parse_decreased(raw, VENUE, NOW),
    ),
    "order": (body(order=ORDER), lambda raw: answers.parse_order(raw, NOW)),
    "balance": (body(**BALANCE), lambda raw: account.parse_balance(raw, NOW)),
    "netting": (
        body(netting_configs=[{"subaccount_number": 0, "enabled": True}]),
        lambda raw: account.parse_netting(raw, NOW, 0),
    ),
    "timestamp": (
        body(as_of_time="2026-11-21T17:03:11.482Z"),
        lambda raw: account.parse_user_data_timestamp(raw, NOW),
    ),
    **{
        name: (body(**{key: [item]}), lambda raw, parse=parse: parse(raw, NOW, SERIES))
        for name, (parse, key, item) in LISTS.items()
    },
}
ODD = [None, True, -1, 1.5, 10**30, "", "x", "NaN", "-0.5", [], {}, "9999-12-31T23:59:59-23:59"]


def mutations(document):
    """Copies of ``document`` with one member odd or missing, at every depth."""
    places = list(document) if isinstance(document, dict) else range(len(document))
    for place in places:
        for odd in ODD:
            copy = json.loads(json.dumps(document))
            copy[place] = odd
            yield copy
        if isinstance(document, dict):
            yield {name: value for name, value in document.items() if name != place}
        if isinstance(document[place], dict | list):
            for deeper in mutations(document[place]):
                copy = json.loads(json.dumps(document))
                copy[place] = deeper
                yield copy


@pytest.mark.parametrize("name", PARSERS)
def test_an_answer_with_anything_odd_in_it_never_raises(name):
    raw, parse = PARSERS[name]
    good = parse(raw)
    assert b"Malformed" not in msgspec.json.encode(good)
    for document in mutations(json.loads(raw)):
        parse(json.dumps(document).encode())


@pytest.mark.parametrize("name", PARSERS)
def test_an_answer_cut_anywhere_is_malformed(name):
    raw, parse = PARSERS[name]
    for length in range(len(raw)):
        assert b"Malformed" in msgspec.json.encode(parse(raw[:length]))


@given(raw=st.binary(max_size=200))
def test_noise_is_malformed(raw):
    for _, parse in PARSERS.values():
        assert b"Malformed" in msgspec.json.encode(parse(raw))
