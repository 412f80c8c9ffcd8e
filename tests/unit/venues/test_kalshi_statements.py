"""The whole account is read freshness first, every page of it, or it is not told."""

import json

import pytest

from kalshi_assistant.domain.events import AccountSeen, Malformed, VenuePosition
from kalshi_assistant.domain.intents import ReadAccount
from kalshi_assistant.domain.time import SECOND, format_iso
from kalshi_assistant.venues.kalshi.rest import RefusalError
from kalshi_assistant.venues.kalshi.statements import AccountReader
from tests.support.kalshi_frames import NOW, TICKER
from tests.support.talks import Script

AS_OF = NOW - SECOND
STAMP, CASH, NETTING = (
    "/exchange/user_data_timestamp",
    "/portfolio/balance",
    "/portfolio/subaccounts/netting",
)
ORDERS, FILLS, PAID, HELD = (
    f"/portfolio/{name}" for name in ("orders", "fills", "settlements", "positions")
)


def body(**members):
    return json.dumps(members).encode()


def order(order_id, status="resting", filled="0.00", ticker=TICKER):
    return {
        "order_id": order_id,
        "ticker": ticker,
        "book_side": "ask",
        "status": status,
        "yes_price_dollars": "0.5600",
        "fill_count_fp": filled,
        "remaining_count_fp": "1.00",
        "initial_count_fp": "1.00",
        "created_time": format_iso(NOW),
    }


def position(ticker):
    return {
        "ticker": ticker,
        "position_fp": "1.00",
        "market_exposure_dollars": "0.5600",
        "realized_pnl_dollars": "0.0000",
        "fees_paid_dollars": "0.0175",
    }


def plain():
    return {
        STAMP: [body(as_of_time=format_iso(AS_OF))],
        CASH: [
            body(
                balance=1,
                balance_dollars="3.5000",
                balance_breakdown=[
                    {"exchange_index": 0, "balance": "1.0000"},
                    {"exchange_index": 2, "balance": "2.5000"},
                ],
            )
        ],
        ORDERS: [body(orders=[], cursor="")],
        FILLS: [body(fills=[], cursor="")],
        PAID: [body(settlements=[], cursor="")],
        HELD: [body(market_positions=[], event_positions=[], cursor="")],
        NETTING: [body(netting_configs=[{"subaccount_number": 3, "enabled": True}])],
    }


def read(**answers):
    """What was told and asked; keywords are paths by the names of this file."""
    script = Script(plain() | {globals()[name]: bodies for name, bodies in answers.items()})
    told = []
    reader = AccountReader(lambda: NOW, told.extend, subaccount=3)
    done = script.hold(reader.talk(ReadAccount("start", NOW - 900 * SECOND)))
    return done, told, script.asked


def test_freshness_is_asked_before_anything_else():
    done, told, asked = read()
    assert done
    assert [request.path for request in asked] == [
        STAMP,
        CASH,
        ORDERS,
        ORDERS,
        FILLS,
        PAID,
        HELD,
        NETTING,
    ]
    expected = AccountSeen(
        AS_OF,
        NOW,
        AS_OF,
        NOW - 900 * SECOND,
        3_500_000,
        ((0, 1_000_000), (2, 2_500_000)),
        (),
        (),
        (),
        (),
        True,
    )
    assert told == [expected]


def test_our_subaccount_is_named_wherever_there_is_a_choice():
    _, _, asked = read()
    assert all(dict(each.query)["subaccount"] == "3" for each in asked[1:-1])
    assert all(each.signed for each in asked[1:])


def test_what_rests_is_read_however_old_it_is_and_the_later_reading_counts():
    resting = body(orders=[order("old"), order("both")], cursor="")
    recent = body(orders=[order("both", "executed", "1.00"), order("new", "canceled")], cursor="")
    _, told, asked = read(ORDERS=[resting, recent])
    assert dict(asked[2].query)["status"] == "resting"
    assert "min_ts" not in dict(asked[2].query)
    assert dict(asked[3].query)["min_ts"] == str(NOW // SECOND - 900)
    assert [(each.order_id, each.status, each.filled) for each in told[0].orders] == [
        ("old", "resting", 0),
        ("both", "executed", 100),
        ("new", "canceled", 0),
    ]


def test_every_page_of_a_list_is_read():
    pages = [
        body(market_positions=[position(TICKER)], cursor="p2"),
        body(market_positions=[position("KXOTHER-1")], cursor=""),
    ]
    _, told, asked = read(HELD=pages)
    assert [dict(each.query).get("cursor") for each in asked if each.path == HELD] == [None, "p2"]
    assert [each.ticker for each in told[0].positions] == [TICKER, "KXOTHER-1"]
    assert told[0].positions[0] == VenuePosition(TICKER, 100, 560_000, 0, 17_500)


BAD = {
    "STAMP": b"{}",
    "CASH": b'{"balance": 5}',
    "ORDERS": body(orders=[{"ticker": TICKER}]),
    "FILLS": body(fills=[{"ticker": TICKER}]),
    "PAID": body(settlements=[{}]),
    "HELD": body(market_positions=[position(TICKER) | {"position_fp": "many"}]),
    "NETTING": body(netting_configs=None),
}


@pytest.mark.parametrize("name", BAD)
def test_an_account_known_in_part_is_not_told(name):
    done, told, _ = read(**{name: [BAD[name]]})
    assert not done
    assert [type(event) for event in told] == [Malformed]


def test_an_order_of_ours_in_a_state_nobody_knows_leaves_the_account_untold():
    done, told, _ = read(ORDERS=[body(orders=[order("v1", "pondering")])])
    assert not done
    assert [type(event) for event in told] == [Malformed]


def test_what_makes_no_sense_in_another_series_is_left_out():
    foreign = order("v1", "pondering", ticker="KXOTHER-1")
    done, told, _ = read(
        ORDERS=[body(orders=[foreign, order("v2")])],
        PAID=[body(settlements=[{"ticker": "KXOTHER-1", "market_result": "void"}])],
    )
    assert done
    assert [each.order_id for each in told[0].orders] == ["v2"]


def test_a_list_without_end_is_no_account():
    done, told, asked = read(FILLS=[body(fills=[], cursor="again")])
    assert not done
    assert "over 20 pages" in told[0].reason
    assert len([each for each in asked if each.path == FILLS]) == 20


def test_a_key_that_may_not_ask_for_netting_leaves_it_unknown():
    done, told, _ = read(NETTING=[403])
    assert done
    assert told[0].netting is None


@pytest.mark.parametrize(("name", "status"), [("NETTING", 503), ("CASH", 401), ("FILLS", 429)])
def test_other_refusals_are_the_carriers_affair(name, status):
    with pytest.raises(RefusalError) as refused:
        read(**{name: [status]})
    assert refused.value.error.status == status
