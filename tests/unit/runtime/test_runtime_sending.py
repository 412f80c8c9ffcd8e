"""Requests leave signed and once; a question that fails becomes an event that says how."""

import asyncio

import pytest

from kalshi_assistant.domain.events import ExchangeStatusSeen, RequestRefused
from kalshi_assistant.domain.intents import Inquire
from kalshi_assistant.runtime import sending
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.http import VenueRest
from kalshi_assistant.runtime.sending import Carrier, NotSentError, UnansweredError
from kalshi_assistant.venues.kalshi import orders, rest
from kalshi_assistant.venues.kalshi.tokens import Tokens
from tests.support.scripted_venue import HANG, RESET, ScriptedVenue

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

SERIES = {
    "series": {
        "ticker": "KXBTC15M",
        "fee_type": "quadratic",
        "fee_multiplier": 1,
        "exchange_index": 2,
    }
}
STATUS = {
    "exchange_index_statuses": [
        {"exchange_index": 2, "exchange_active": True, "trading_active": True}
    ]
}
SCHEDULE = {"schedule": {"maintenance_windows": []}}


async def sent(venue, request, seconds=5.0, check=None):
    carrier = Carrier(venue.url, None, SystemClock())
    try:
        return await carrier.send(request, seconds, check)
    finally:
        await carrier.close()


async def inquired(venue, count):
    clock, told = SystemClock(), asyncio.Queue()

    def put(events):
        for event in events:
            told.put_nowait(event)

    asking = VenueRest(venue.url, None, clock, clock, put, Tokens())
    asking.inquire(Inquire("exchange_status"))
    async with asyncio.timeout(10):
        found = [await told.get() for _ in range(count)]
    await asking.close()
    return found


async def test_a_conversation_is_carried_to_its_end():
    async with ScriptedVenue().open() as venue:
        venue.on("GET", "/series/KXBTC15M", (200, SERIES))
        venue.on("GET", "/exchange/status", (200, STATUS))
        venue.on("GET", "/exchange/schedule", (200, SCHEDULE))
        found = await inquired(venue, 2)
    assert isinstance(found[0], ExchangeStatusSeen)
    assert [path for _, path, *_ in venue.seen] == [
        "/series/KXBTC15M",
        "/exchange/status",
        "/exchange/schedule",
    ]


@pytest.mark.parametrize(
    ("answer", "code", "final"),
    [
        ((404, {"error": {"code": "not_found", "message": "?"}}), "not_found", True),
        ((429, {"error": "too many requests"}), "429", False),
        ((503, ""), "503", False),
        ((301, ""), "301", True),
        (RESET, "unreachable", False),
    ],
)
async def test_a_question_that_fails_says_how(answer, code, final):
    async with ScriptedVenue().open() as venue:
        venue.on("GET", "/series/KXBTC15M", answer)
        (found,) = await inquired(venue, 1)
    assert isinstance(found, RequestRefused)
    assert (found.request, found.code, found.final) == ("exchange_status", code, final)


async def test_what_left_without_an_answer_is_not_what_never_left():
    async with ScriptedVenue().open() as venue:
        venue.on("GET", "/exchange/status", HANG)
        with pytest.raises(UnansweredError, match="no answer in time"):
            await sent(venue, rest.exchange_status(), 0.2)
        with pytest.raises(NotSentError, match="changed my mind"):
            await sent(venue, rest.exchange_status(), 5, lambda: "changed my mind")
        assert len(venue.seen) == 1
    with pytest.raises(NotSentError, match="not sent: "):
        await sent(venue, rest.exchange_status())


async def test_a_body_without_end_is_no_answer(monkeypatch):
    monkeypatch.setattr(sending, "BODY_BYTES_MAX", 10)
    async with ScriptedVenue().open() as venue:
        venue.on("GET", "/exchange/status", (200, "x" * 11))
        with pytest.raises(UnansweredError, match="over 10 bytes"):
            await sent(venue, rest.exchange_status())


async def test_a_redirect_is_not_followed():
    async with ScriptedVenue().open() as venue:
        venue.on("GET", "/exchange/status", (307, ""))
        assert (await sent(venue, rest.exchange_status())).status == 307
        assert len(venue.seen) == 1


# --- the account's own token limits ---

LIMITS = {
    "usage_tier": "advanced",
    "read": {"refill_rate": 300, "bucket_capacity": 900},
    "write": {"refill_rate": 300, "bucket_capacity": 900},
    "grants": [],
}


async def learnt(answer):
    """What came of asking for them, and how many cancels then fit at once."""
    tokens, clock = Tokens(), SystemClock()
    async with ScriptedVenue().open() as venue:
        venue.on("GET", "/account/limits", answer)
        asking = VenueRest(venue.url, None, clock, clock, lambda _: None, tokens)
        known, said = await asking.learn_limits()
        await asking.close()
    cancel, now = orders.cancel("v1", "KXBTC15M-T", 2), clock.now()
    return known, said, sum(tokens.take(cancel, now) for _ in range(1_000))


async def test_reads_and_orders_go_by_what_the_venue_allows_this_account():
    known, said, cancels = await learnt((200, LIMITS))
    assert (known, cancels) == (True, 450)
    assert said == (
        "token limits of tier advanced: reads 300 a second, 900 at once; writes 300 a second, 900 "
        "at once"
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((401, {"error": {"code": "no", "message": "who?"}}), "no: who?"),
        ((200, {"usage_tier": "x"}), "account limits: "),
        ((200, LIMITS | {"write": {"refill_rate": 0, "bucket_capacity": 1}}), "account limits: "),
        (RESET, ""),
    ],
)
async def test_without_an_answer_the_smallest_account_is_taken_for_ours_and_that_is_said(
    answer, why
):
    known, said, cancels = await learnt(answer)
    assert (known, cancels) == (False, 50)
    assert "does not tell this account's token limits" in said
    assert why in said
    assert said.endswith("reads 200 a second, 600 at once; writes 100 a second, 100 at once")
