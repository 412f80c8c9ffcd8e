"""A real order that cannot trade, placed and taken out again: on the demo or a local exchange only.

A hundredth of a contract, post only, at the worst price of the book, gone by itself after a minute.
Each step is read back before the next.
"""

from collections.abc import Callable, Generator
from typing import Final, NamedTuple

import msgspec

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.ids import BTC_15_MINUTES
from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND, Nanos, TimeError, parse_iso
from kalshi_assistant.runtime.carrying import Answer, Pause, Step, Talk
from kalshi_assistant.runtime.doctor import Line, failed, passed
from kalshi_assistant.runtime.sighting import Sighted, cancel_order, is_order_id, read_order, said
from kalshi_assistant.venues.kalshi import rest
from kalshi_assistant.venues.kalshi.rest import Request
from kalshi_assistant.venues.kalshi.schema import Shard
from kalshi_assistant.venues.kalshi.texts import NONSENSE

ALLOWED: Final = ("demo", "local")
LASTS: Final = MINUTE
OPEN_LEAST: Final = 2 * MINUTE
"""A market that closes sooner is not used."""
LOOKS_MAX: Final = 8
LOOK_SECONDS: Final = 0.5
SHAPES: Final = (("bid", "0.0100"), ("ask", "0.9900"))
"""To buy YES at a cent; where that would trade, to sell it at 99."""
_REMEDY: Final = "see what the venue said; nothing of this rests longer than a minute"


class _Market(msgspec.Struct, frozen=True):
    ticker: str
    status: str
    close_time: str
    exchange_index: Shard | None = None


class _Markets(msgspec.Struct, frozen=True):
    markets: list[_Market]


class _Made(msgspec.Struct, frozen=True):
    order_id: str


class _Read(msgspec.Struct, frozen=True):
    status: str
    fill_count_fp: str | None = None


class _OneRead(msgspec.Struct, frozen=True):
    order: _Read


class _Wish(NamedTuple):
    name: str
    now: Nanos
    subaccount: int
    on_answer: Callable[[int], object]


class _Chosen(NamedTuple):
    ticker: str
    exchange_index: int


def demo_order(
    environment: str,
    client_order_id: str,
    now: Nanos,
    subaccount: int = 0,
    on_answer: Callable[[int], object] = lambda _: None,
) -> Talk[tuple[Line, ...]]:
    """The conversation. ``now`` is the venue's time; ``on_answer`` hears how long the order took to
    be answered (ns). Raises OperatorError for any other venue.
    """
    if environment not in ALLOWED:
        raise OperatorError("--demo-order works with --env demo or --env local only")
    return _talk(_Wish(client_order_id, now, subaccount, on_answer))


def _talk(wish: _Wish) -> Talk[tuple[Line, ...]]:
    lines: list[Line] = []
    now = wish.now
    chosen = yield from _market(now)
    if not isinstance(chosen, _Chosen):
        return (failed("demo_order", chosen, "try again in the next window", outside=True),)
    order_id = yield from _place(chosen, wish, lines)
    if order_id is None:
        return tuple(lines)
    resting = yield from _read_until(order_id, "resting")
    lines.append(_line("read", f"it rests in {chosen.ticker}", resting))
    order = Sighted(
        order_id, wish.name, chosen.ticker, chosen.exchange_index, wish.subaccount, None
    )
    answer = yield cancel_order(order)
    wrong = None if answer.accepted else f"it was not cancelled: {said(answer)}"
    lines.append(_line("cancel", "the venue took the cancel", wrong))
    gone = yield from _read_until(order_id, "canceled")
    lines.append(_line("gone", "it is read as cancelled", gone))
    return tuple(lines)


def _line(step: str, say: str, wrong: str | None) -> Line:
    name = f"demo_order.{step}"
    return passed(name, say) if wrong is None else failed(name, wrong, _REMEDY, outside=True)


def _market(now: Nanos) -> Generator[Step, Answer, _Chosen | str]:
    """An open market with time left, or why there is none."""
    listed = rest.markets(BTC_15_MINUTES, Nanos(now + OPEN_LEAST), Nanos(now + HOUR))
    answer = yield listed
    if answer.status != 200:
        return f"the markets cannot be read: {said(answer)}"
    try:
        found = msgspec.json.decode(answer.body, type=_Markets).markets
        closes = {each.ticker: parse_iso(each.close_time) for each in found}
    except (*NONSENSE, TimeError) as error:
        return f"the markets make no sense: {error}"[:200]
    usable = [
        each
        for each in found
        if each.status in ("active", "open")
        and each.exchange_index is not None
        and closes[each.ticker] >= now + OPEN_LEAST
    ]
    if not usable:
        return "no market is open for another two minutes"
    first = min(usable, key=lambda each: closes[each.ticker])
    assert first.exchange_index is not None  # chosen so above
    return _Chosen(first.ticker, first.exchange_index)


def _place(chosen: _Chosen, wish: _Wish, lines: list[Line]) -> Generator[Step, Answer, str | None]:
    """Place it; the venue's id of it."""
    content = [_body(chosen, wish, number) for number in range(len(SHAPES))]
    for body in content:
        answer = yield Request(
            "POST", "/portfolio/events/orders", signed=True, bucket="write", body=body
        )
        if answer.accepted:
            wish.on_answer(answer.received_at - answer.sent_at)
            order_id = _made(answer.body)
            if order_id is None:
                lines.append(_line("place", "", "the answer to it makes no sense"))
            else:
                lines.append(passed("demo_order.place", f"0.01 contract of {chosen.ticker}"))
            return order_id
        if "cross" not in said(answer):
            lines.append(_line("place", "", f"it was not taken: {said(answer)}"))
            return None
    lines.append(_line("place", "", "it would have traded on either side of the book"))
    return None


def _body(chosen: _Chosen, wish: _Wish, number: int) -> bytes:
    side, price = SHAPES[number]
    return msgspec.json.encode(
        {
            "ticker": chosen.ticker,
            "client_order_id": f"{wish.name}-{number}",
            "side": side,
            "count": "0.01",
            "price": price,
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
            "post_only": True,
            "cancel_order_on_pause": True,
            "expiration_time": (wish.now + LASTS) // SECOND,
            "exchange_index": chosen.exchange_index,
            "subaccount": wish.subaccount,
        }
    )


def _made(body: bytes) -> str | None:
    try:
        order_id = msgspec.json.decode(body, type=_Made).order_id
    except NONSENSE:
        return None
    return order_id if is_order_id(order_id) else None


def _read_until(order_id: str, status: str) -> Generator[Step, Answer, str | None]:
    """Read it until it has this status; else what it has, in words."""
    wrong = "it was not read"
    for number in range(LOOKS_MAX):
        answer = yield read_order(order_id)
        wrong = f"it cannot be read: {said(answer)}"
        if answer.status == 200:
            try:
                found = msgspec.json.decode(answer.body, type=_OneRead).order.status
            except NONSENSE as error:
                return f"what the venue says of it makes no sense: {error}"[:200]
            if found == status:
                return None
            wrong = f"it is read as {found[:20]}"
        if number + 1 < LOOKS_MAX:
            yield Pause(LOOK_SECONDS)
    return wrong
