"""Having an order group at the venue: read again, found again, or made; never two."""

import json

import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.intents import EndGroup, HoldGroup
from kalshi_assistant.venues.kalshi.groups import GroupReader
from kalshi_assistant.venues.kalshi.rest import RefusalError
from tests.support.kalshi_frames import NOW
from tests.support.talks import Script

GROUPS = "/portfolio/order_groups"
MADE = {"order_group_id": "og-2", "subaccount": 0, "exchange_index": 2}


def body(**fields):
    return json.dumps(fields).encode()


def group(limit="80.00", orders=(), cancels=True):
    return body(
        is_auto_cancel_enabled=cancels,
        contracts_limit_fp=limit,
        orders=list(orders),
        exchange_index=2,
    )


def listed(*groups):
    return body(order_groups=list(groups))


def item(group_id="og-1", limit="80.00", cancels=True, **more):
    about = {"id": group_id, "contracts_limit_fp": limit, "is_auto_cancel_enabled": cancels}
    return about | {"exchange_index": 2} | more


def wanted(known=None, reset=False):
    return HoldGroup(2, 8_000, known, reset)


def held(answers, ask):
    """What was told and the methods and paths that were asked for."""
    told, script = [], Script(answers)
    script.hold(GroupReader(lambda: NOW, told.extend).hold(ask))
    return told, [(each.method, each.path) for each in script.asked]


def ready(group_id="og-1", was_reset=False):
    return e.GroupReady(NOW, NOW, 2, group_id, 8_000, was_reset)


def test_one_that_is_known_is_read():
    told, asked = held({f"{GROUPS}/og-1": [group()]}, wanted("og-1"))
    assert told == [ready()]
    assert asked == [("GET", f"{GROUPS}/og-1")]


def test_where_there_is_none_one_is_made():
    told, asked = held({GROUPS: [listed()], f"{GROUPS}/create": [body(**MADE)]}, wanted())
    assert told == [ready("og-2")]
    assert asked == [("GET", GROUPS), ("POST", f"{GROUPS}/create")]


def test_one_whose_making_was_not_heard_of_is_found_and_no_second_made():
    answers = {
        GROUPS: [listed(item("busy"), item("og-1"))],
        f"{GROUPS}/busy": [group(orders=["o-1"])],
        f"{GROUPS}/og-1": [group()],
    }
    told, asked = held(answers, wanted())
    assert told == [ready()]
    assert ("POST", f"{GROUPS}/create") not in asked


@pytest.mark.parametrize(
    "other",
    [
        item(limit="50.00"),
        item(cancels=False),
        item(exchange_index=0),
        item(contracts_limit_fp=None),
    ],
)
def test_groups_that_are_not_like_ours_are_left_alone(other):
    told, asked = held({GROUPS: [listed(other)], f"{GROUPS}/create": [body(**MADE)]}, wanted())
    assert told == [ready("og-2")]
    assert len(asked) == 2


def test_one_that_vanished_is_told_and_another_made():
    answers = {
        f"{GROUPS}/og-1": [404],
        GROUPS: [body(order_groups=None)],
        f"{GROUPS}/create": [body(**MADE)],
    }
    told, _ = held(answers, wanted("og-1"))
    assert told == [e.GroupGone(NOW, NOW, "og-1"), ready("og-2")]


@pytest.mark.parametrize("limit", ["50.00", None])
def test_another_limit_is_set_back(limit):
    answers = {f"{GROUPS}/og-1": [group(limit)], f"{GROUPS}/og-1/limit": [b"{}"]}
    told, asked = held(answers, wanted("og-1"))
    assert told == [ready()]
    assert asked[-1] == ("PUT", f"{GROUPS}/og-1/limit")


def test_it_is_reset_only_where_that_was_asked_for():
    answers = {f"{GROUPS}/og-1": [group()], f"{GROUPS}/og-1/reset": [b"{}"]}
    told, asked = held(answers, wanted("og-1", reset=True))
    assert told == [ready(was_reset=True)]
    assert asked[-1] == ("PUT", f"{GROUPS}/og-1/reset")


def test_one_that_cancels_nothing_protects_nobody():
    told, _ = held({f"{GROUPS}/og-1": [group(cancels=False)]}, wanted("og-1"))
    assert [type(each) for each in told] == [e.GroupNotReady]
    assert "auto-cancel is off" in told[0].reason


@pytest.mark.parametrize(
    ("ask", "answers"),
    [
        (wanted("og-1"), {f"{GROUPS}/og-1": [b"nonsense"]}),
        (wanted(), {GROUPS: [b"nonsense"]}),
        (wanted(), {GROUPS: [listed()], f"{GROUPS}/create": [b"{}"]}),
        (wanted(), {GROUPS: [listed()], f"{GROUPS}/create": [body(order_group_id="../x")]}),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_group(ask, answers):
    told, asked = held(answers, ask)
    assert [type(each) for each in told] == [e.Malformed, e.GroupNotReady]
    assert len([each for each in asked if each[0] != "GET"]) <= 1


def test_a_refusal_is_the_carriers_to_tell():
    with pytest.raises(RefusalError):
        held({GROUPS: [listed()], f"{GROUPS}/create": [403]}, wanted())
    with pytest.raises(RefusalError):
        held({f"{GROUPS}/og-1": [500]}, wanted("og-1"))


@pytest.mark.parametrize("answer", [b"{}", 404])
def test_one_that_was_deleted_is_gone(answer):
    told, script = [], Script({f"{GROUPS}/og-1": [answer]})
    script.hold(GroupReader(lambda: NOW, told.extend).end(EndGroup(2, "og-1", delete=True)))
    assert told == [e.GroupGone(NOW, NOW, "og-1")]


def test_one_that_was_triggered_is_still_there():
    told, script = [], Script({f"{GROUPS}/og-1/trigger": [b"{}"]})
    script.hold(GroupReader(lambda: NOW, told.extend).end(EndGroup(2, "og-1", delete=False)))
    assert told == []
