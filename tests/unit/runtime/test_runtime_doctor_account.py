"""What the doctor makes of a venue's answers, one question at a time."""

import json
from email.utils import format_datetime

import pytest

from kalshi_assistant.domain.time import MILLISECOND, SECOND, as_datetime
from kalshi_assistant.runtime.carrying import Answer
from kalshi_assistant.runtime.doctor_account import NOBODY, OF_ACCOUNT, AccountCheck, clock_line
from tests.support.order_venue import SERIES, SILENCE, answer, refusal

NOW = 1_795_280_400 * SECOND
KEY = "key-1"
STATUS = {
    "exchange_active": True,
    "trading_active": True,
    "exchange_index_statuses": [
        {"exchange_index": 0, "exchange_active": True, "trading_active": False},
        {"exchange_index": 2, "exchange_active": True, "trading_active": True},
    ],
}
KEYS = {"api_keys": [{"api_key_id": KEY, "name": "n", "scopes": ["read", "write::trade"]}]}
BALANCE = {
    "balance": 1,
    "balance_breakdown": [
        {"exchange_index": 0, "balance": "1000.0000"},
        {"exchange_index": 2, "balance": "250.3471"},
    ],
}
NETTING = {"netting_configs": [{"subaccount_number": 0, "enabled": True}]}


def dated(body, *, off=0, took=50 * MILLISECOND):
    """An answer of a venue whose clock shows ``NOW`` while ours is ``off`` from it."""
    date = format_datetime(as_datetime(NOW), usegmt=True)
    return Answer(200, json.dumps(body).encode(), date, NOW + off, NOW + off + took)


GOOD = {
    "/exchange/status": dated(STATUS),
    "/series/KXBTC15M": answer(200, SERIES),
    "/account/limits": answer(200, {"usage_tier": "basic"}),
    "/api_keys": answer(200, KEYS),
    "/portfolio/balance": answer(200, BALANCE),
    "/portfolio/subaccounts/netting": answer(200, NETTING),
}
PROBE = f"/portfolio/events/orders/{NOBODY}"


def looked(key=KEY, trades=True, subaccount=0, **changes):
    """The check after its conversation, its lines by name, and the paths it asked."""
    answers = GOOD | {path.replace("__", "/"): found for path, found in changes.items()}
    check, asked = AccountCheck(key, trades, NOW, subaccount=subaccount), []
    talk = check.talk()
    try:
        step = next(talk)
        while True:
            asked.append(step)
            step = talk.send(answers[step.path])
    except StopIteration as end:
        lines = {line.name: line for line in end.value}
    return check, lines, asked


def status_of(lines):
    return {name: line.status for name, line in lines.items()}


def test_all_well():
    check, lines, asked = looked()
    assert set(status_of(lines).values()) == {"pass"}
    assert list(lines) == ["network", "clock", "exchange", *OF_ACCOUNT]
    assert (check.shard, check.cash, check.netting) == (2, 250_347_100, True)
    assert {step.method for step in asked} == {"GET"}


def test_without_a_key_only_the_public_is_asked():
    _, lines, asked = looked(key=None)
    assert [lines[name].status for name in OF_ACCOUNT] == ["skip"] * 4
    assert not any(step.signed for step in asked)


def test_without_a_network_nothing_else_is_asked():
    _, lines, asked = looked(__exchange__status=SILENCE)
    assert lines["network"].status == "fail"
    assert lines["network"].outside
    assert "no route" in lines["network"].say
    assert len(asked) == 1
    assert {line.status for name, line in lines.items() if name != "network"} == {"skip"}


@pytest.mark.parametrize(
    ("off", "status"),
    [(0, "pass"), (900, "pass"), (-500, "pass"), (1_900, "pass"), (2_500, "warn"),
     (-2_500, "warn"), (5_900, "warn"), (6_100, "fail"), (-5_100, "fail"), (-40_000, "fail")],
)  # fmt: skip
def test_the_clock_is_judged_within_what_whole_seconds_can_tell(off, status):
    found = dated({}, off=off * MILLISECOND)
    assert clock_line(found).status == status


def test_which_way_the_clock_is_wrong():
    assert "9.0 s ahead of" in clock_line(dated({}, off=10 * SECOND)).say
    assert "10.0 s behind" in clock_line(dated({}, off=-10 * SECOND, took=0)).say


@pytest.mark.parametrize("date", ["", "soon", "Sat, 99 Nov 2026 17:00:00 GMT"])
def test_a_venue_without_a_date_leaves_the_clock_unknown(date):
    assert clock_line(Answer(200, b"", date, NOW, NOW)).status == "warn"


def test_a_shard_that_rests_is_a_warning():
    resting = json.loads(json.dumps(STATUS))
    resting["exchange_index_statuses"][1]["trading_active"] = False
    assert looked(__exchange__status=dated(resting))[1]["exchange"].status == "warn"


@pytest.mark.parametrize("body", [answer(500), answer(200, {"series": {}}), SILENCE])
def test_a_series_that_cannot_be_read_leaves_the_balance_unknown(body):
    _, lines, _ = looked(__series__KXBTC15M=body)
    assert lines["exchange"].status == "warn"
    assert lines["balance"].status == "warn"


def test_a_refused_key_is_the_outside_and_ends_the_questions():
    found = answer(401, {"code": "authentication_error", "message": "no"})
    _, lines, asked = looked(__account__limits=found)
    assert (lines["key"].status, lines["key"].outside) == ("fail", True)
    assert [lines[name].status for name in OF_ACCOUNT[1:]] == ["skip"] * 3
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("scopes", "trades", "status"),
    [
        (["read", "write"], True, "pass"),
        (["read", "write::trade"], True, "pass"),
        (["read"], True, "fail"),
        (["read", "write::transfer"], True, "fail"),
        ([], True, "fail"),
        (["read"], False, "warn"),
    ],
)
def test_what_the_venue_lists_of_the_key_decides(scopes, trades, status):
    keys = {"api_keys": [{"api_key_id": "other", "scopes": ["read", "write"]},
                         {"api_key_id": KEY, "scopes": scopes}]}  # fmt: skip
    _, lines, asked = looked(trades=trades, __api_keys=answer(200, keys))
    assert lines["scope"].status == status
    assert not any(step.method == "DELETE" for step in asked)


@pytest.mark.parametrize(
    "listed",
    [
        answer(403, {"code": "forbidden"}),
        answer(200, {"api_keys": []}),
        answer(200, {"api_keys": [{"api_key_id": KEY}]}),
        answer(200, {"keys": 1}),
    ],
)
@pytest.mark.parametrize(
    ("probe", "status"),
    [(refusal(404, "not_found"), "pass"), (refusal(403, "scope"), "fail"), (SILENCE, "warn")],
)
def test_where_it_lists_nothing_a_cancel_of_no_order_tells(listed, probe, status):
    _, lines, asked = looked(**{"__api_keys": listed, PROBE: probe})
    assert lines["scope"].status == status
    (sent,) = [step for step in asked if step.method == "DELETE"]
    assert sent.path == PROBE


@pytest.mark.parametrize(("trades", "status"), [(True, "fail"), (False, "warn")])
def test_money_on_another_shard_does_not_count(trades, status):
    poor = {"balance_breakdown": [{"exchange_index": 0, "balance": "1000.0000"}]}
    check, lines, _ = looked(trades=trades, __portfolio__balance=answer(200, poor))
    assert lines["balance"].status == status
    assert "1000.00 on others" in lines["balance"].say
    assert check.cash == 0


@pytest.mark.parametrize(
    "found", [SILENCE, answer(200, {}), answer(200, {"balance_breakdown": [{"balance": "x"}]})]
)
def test_a_balance_that_cannot_be_read_is_not_known(found):
    check, lines, _ = looked(__portfolio__balance=found)
    assert lines["balance"].status == "warn"
    assert check.cash is None


@pytest.mark.parametrize(
    "found",
    [
        SILENCE,
        answer(404, {}),
        answer(200, {"netting_configs": []}),
        answer(200, {"netting_configs": [{"subaccount_number": 1, "enabled": True}]}),
        answer(200, {"netting_configs": [{"subaccount_number": 0, "enabled": "yes"}]}),
    ],
)
def test_netting_that_is_not_told_is_not_known(found):
    check, lines, _ = looked(__portfolio__subaccounts__netting=found)
    assert lines["netting"].status == "warn"
    assert check.netting is None


def configs(*rows):
    found = [{"subaccount_number": number, "enabled": on} for number, on in rows]
    return {"__portfolio__subaccounts__netting": answer(200, {"netting_configs": found})}


@pytest.mark.parametrize(("trades", "status"), [(True, "fail"), (False, "warn")])
def test_netting_that_is_off_is_refused_with_a_remedy(trades, status):
    check, lines, _ = looked(trades=trades, **configs((0, False)))
    assert lines["netting"].status == status
    assert "turn netting on" in lines["netting"].remedy
    assert check.netting is False


def test_netting_may_be_listed_once_for_every_shard():
    check, lines, _ = looked(**configs((0, True), (0, True), (5, False)))
    assert lines["netting"].status == "pass"
    assert check.netting is True


def test_netting_that_differs_between_shards_is_off():
    check, lines, _ = looked(**configs((0, True), (0, False)))
    assert lines["netting"].status == "fail"
    assert "on some shards" in lines["netting"].say
    assert check.netting is False


def test_the_subaccount_that_is_traded_is_the_one_that_is_asked_about():
    _, lines, asked = looked(subaccount=5, **configs((0, True), (5, False)))
    assert lines["netting"].status == "fail"
    assert "in subaccount 5" in lines["netting"].say
    balance = next(each for each in asked if each.path == "/portfolio/balance")
    assert dict(balance.query) == {"subaccount": "5"}
