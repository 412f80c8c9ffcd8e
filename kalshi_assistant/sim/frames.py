"""The venue's WebSocket messages, made from events: each body encoded once for every client.

A *notice* is what one event becomes: its channel, its topic (a ticker, an index, or nothing), and
the encoded ``msg``. Only the envelope with ``sid`` and ``seq`` differs between connections, so a
session splices it around the body.

Events of the account's orders become notices like all others: there is one account, and everybody
who is connected has its key.
"""

from collections import deque
from collections.abc import Iterable
from functools import singledispatchmethod
from typing import Any, Final

import msgspec

from kalshi_assistant.domain import events as ev
from kalshi_assistant.domain.ids import BRTI, Ticker
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.time import MILLISECOND, MINUTE, SECOND, Nanos, format_iso
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    ONE_DOLLAR,
    QUANTITY_SCALE,
    Price,
    complement,
    format_index,
    format_price,
    format_quantity,
    notional,
)
from kalshi_assistant.market.calendar import QUARTER_HOUR
from kalshi_assistant.sim import listing, private
from kalshi_assistant.sim import order_documents as orders

ORDERBOOK: Final = "orderbook_delta"
TICKER: Final = "ticker"
TRADE: Final = "trade"
LIFECYCLE: Final = "market_lifecycle_v2"
INDEX: Final = "cfbenchmarks_value"
INDEX_5HZ: Final = "cfbenchmarks_value_5hz"
FILL: Final = "fill"
USER_ORDERS: Final = "user_orders"
POSITIONS: Final = "market_positions"
ORDER_GROUPS: Final = "order_group_updates"

INDICES: Final = (BRTI,)
"""The indices this venue has values of."""

_PRINTS_IN_A_MINUTE: Final = 60
_EVERYTHING: Final = ""
_CENT_E8: Final = 1_000_000

_encode: Final = msgspec.json.Encoder().encode


class Notice(msgspec.Struct, frozen=True, gc=False):
    """One message for everybody who subscribed to ``channel`` and ``topic``."""

    channel: str
    topic: str
    """A ticker or an index; empty for those that go to every subscriber of the channel."""
    type: str
    body: bytes
    yes_body: bytes
    """The same with the NO side in YES dollars, for ``use_yes_price``."""


def notice(channel: str, topic: str, type_: str, body: dict[str, Any]) -> Notice:
    """A notice that looks the same to everybody."""
    encoded = _encode(body)
    return Notice(channel, topic, type_, encoded, encoded)


class Frames:
    """Turns events into notices; remembers what later messages have to repeat.

    Invariant: an event is encoded once, however many read it; twice where ``use_yes_price`` makes a
    difference.
    """

    def __init__(self) -> None:
        self._tickers: dict[Ticker, Notice] = {}
        self._last_size: dict[Ticker, str] = {}
        self._turnover: dict[Ticker, int] = {}
        self._halted: set[Ticker] = set()
        self._prints: dict[str, deque[ev.IndexPrinted]] = {}
        self._last_5hz: dict[str, Nanos] = {}

    def publish(self, events: Iterable[private.Happened]) -> list[Notice]:
        """The notices of ``events``, in order; some events have none, some have two."""
        return [each for event in events for each in self._notices(event)]

    def ticker(self, ticker: Ticker) -> Notice | None:
        """The last ticker message of a market, for those who ask for it on subscribing."""
        return self._tickers.get(ticker)

    def tickers(self) -> tuple[Ticker, ...]:
        """The markets that have a ticker message."""
        return tuple(self._tickers)

    @singledispatchmethod
    def _notices(self, _event: private.Happened) -> tuple[Notice, ...]:
        return ()

    # --- the book and the tape ---

    @_notices.register
    def _(self, event: ev.BookSnapshot) -> tuple[Notice, ...]:
        return (book_notice(event),)

    @_notices.register
    def _(self, event: ev.BookDelta) -> tuple[Notice, ...]:
        return (delta_notice(event, {}),)

    @_notices.register
    def _(self, event: private.OwnDelta) -> tuple[Notice, ...]:
        named = {"client_order_id": event.client_order_id} if event.client_order_id else {}
        return (delta_notice(event, named | {"subaccount": event.subaccount}),)

    @_notices.register
    def _(self, event: ev.TradeSeen) -> tuple[Notice, ...]:
        self._last_size[event.ticker] = format_quantity(event.quantity)
        traded = self._turnover.get(event.ticker, 0)
        self._turnover[event.ticker] = traded + notional(event.price, event.quantity)
        return (notice(TRADE, event.ticker, "trade", _trade(event)),)

    @_notices.register
    def _(self, event: ev.QuoteSeen) -> tuple[Notice, ...]:
        made = notice(TICKER, event.ticker, "ticker", self._ticker(event))
        self._tickers[event.ticker] = made
        return (made,)

    def _ticker(self, event: ev.QuoteSeen) -> dict[str, Any]:
        return {
            "market_id": listing.market_id(event.ticker),
            "market_ticker": event.ticker,
            "price_dollars": format_price(event.last_price),
            "yes_bid_dollars": format_price(event.bid),
            "yes_ask_dollars": format_price(event.ask),
            "volume_fp": format_quantity(event.volume),
            "open_interest_fp": format_quantity(event.open_interest),
            "dollar_volume": self._turnover.get(event.ticker, 0) // MONEY_SCALE,
            "dollar_open_interest": event.open_interest // (2 * QUANTITY_SCALE),
            "yes_bid_size_fp": format_quantity(event.bid_size),
            "yes_ask_size_fp": format_quantity(event.ask_size),
            "last_trade_size_fp": self._last_size.get(event.ticker, "0.00"),
            "ts": event.at // SECOND,
            "ts_ms": event.at // MILLISECOND,
            "time": format_iso(event.at),
        }

    # --- the index ---

    @_notices.register
    def _(self, event: ev.IndexPrinted) -> tuple[Notice, ...]:
        prints = self._prints.setdefault(event.index, deque(maxlen=_PRINTS_IN_A_MINUTE))
        if prints and event.at <= prints[-1].at:
            return ()
        prints.append(event)
        body = _raw_value(event) | {"avg_60s_data": _average(event)} | self._closing_average(event)
        return (notice(INDEX, event.index, INDEX, body), *self._tick(event))

    @_notices.register
    def _(self, event: ev.IndexTicked) -> tuple[Notice, ...]:
        return self._tick(event)

    def _tick(self, event: ev.IndexPrinted | ev.IndexTicked) -> tuple[Notice, ...]:
        """The fast channel carries whole seconds too, and drops repeated stamps."""
        if event.at <= self._last_5hz.get(event.index, -1):
            return ()
        self._last_5hz[event.index] = event.at
        body = _raw_value(event) | {
            "value_usd": format_average(event.value * _CENT_E8),
            "source_ts_ms": event.at // MILLISECOND,
        }
        return (notice(INDEX_5HZ, event.index, INDEX_5HZ, body),)

    def _closing_average(self, event: ev.IndexPrinted) -> dict[str, Any]:
        """In the last minute of a window only: the venue's own average over (close - 60 s, close].

        It is off the settlement value by one print. Source: channel text of September 2026.
        """
        close = -(-event.at // QUARTER_HOUR) * QUARTER_HOUR
        opened = close - MINUTE
        if event.at <= opened:
            return {}
        values = [each.value for each in self._prints[event.index] if each.at > opened]
        average = {
            "value": format_average(sum(values) * _CENT_E8 // len(values)),
            "window_size": len(values),
            "window_start_ts_ms": opened // MILLISECOND,
            "window_end_ts_exclusive": event.at // MILLISECOND,
        }
        return {"last_60s_windowed_average_15min": average}

    # --- the life of markets ---

    @_notices.register
    def _(self, event: ev.MarketListed) -> tuple[Notice, ...]:
        if event.status != "initialized":
            return ()
        contract = event.contract
        return (
            notice(LIFECYCLE, _EVERYTHING, "event_lifecycle", listing.event_created(contract)),
            notice(LIFECYCLE, _EVERYTHING, LIFECYCLE, listing.created(contract)),
        )

    @_notices.register
    def _(self, event: ev.StrikeSet) -> tuple[Notice, ...]:
        return lifecycle(
            event.ticker,
            "metadata_updated",
            strike_type=listing.STRIKE_TYPE,
            floor_strike=listing.floor_strike(event.strike),
            yes_sub_title=listing.target(event.strike),
        )

    @_notices.register
    def _(self, event: ev.MarketStatusChanged) -> tuple[Notice, ...]:
        """Halts and what ends them; a scheduled open or close has no message at this venue."""
        if event.status == "inactive":
            self._halted.add(event.ticker)
            return lifecycle(event.ticker, "deactivated", is_deactivated=True)
        if event.status == "active" and event.ticker in self._halted:
            self._halted.discard(event.ticker)
            return lifecycle(event.ticker, "activated", is_deactivated=False)
        return ()

    @_notices.register
    def _(self, event: ev.CloseTimeChanged) -> tuple[Notice, ...]:
        return lifecycle(event.ticker, "close_date_updated", close_ts=event.close_time // SECOND)

    @_notices.register
    def _(self, event: ev.GridChanged) -> tuple[Notice, ...]:
        steps = listing.grid(event.price_ranges)
        return lifecycle(event.ticker, "price_level_structure_updated", **steps)

    @_notices.register
    def _(self, event: ev.MarketDetermined) -> tuple[Notice, ...]:
        return lifecycle(
            event.ticker,
            "determined",
            result=event.result,
            settlement_value=format_price(ONE_DOLLAR if event.result == "yes" else 0),
            determination_ts=event.at // SECOND,
        )

    @_notices.register
    def _(self, event: ev.SettlementPublished) -> tuple[Notice, ...]:
        self._forget(event.ticker)
        return lifecycle(event.ticker, "settled", settled_ts=event.at // SECOND)

    @_notices.register
    def _(self, event: ev.FeesChanged) -> tuple[Notice, ...]:
        body = {"event_ticker": event.event_ticker, **listing.fee_override(event.fees)}
        return (notice(LIFECYCLE, _EVERYTHING, "event_fee_update", body),)

    # --- the account ---

    @_notices.register
    def _(self, event: private.FillTold) -> tuple[Notice, ...]:
        return (notice(FILL, event.fill.ticker, "fill", orders.fill_message(event.fill)),)

    @_notices.register
    def _(self, event: private.OrderTold) -> tuple[Notice, ...]:
        body = orders.user_order(event.order)
        return (notice(USER_ORDERS, event.order.ticker, "user_order", body),)

    @_notices.register
    def _(self, event: private.PositionTold) -> tuple[Notice, ...]:
        body = orders.position_message(event.position)
        return (notice(POSITIONS, event.position.ticker, "market_position", body),)

    @_notices.register
    def _(self, event: private.GroupTold) -> tuple[Notice, ...]:
        body = orders.order_group_message(event)
        return (notice(ORDER_GROUPS, _EVERYTHING, "order_group_updates", body),)

    def _forget(self, ticker: Ticker) -> None:
        """A settled market says nothing more."""
        self._tickers.pop(ticker, None)
        self._last_size.pop(ticker, None)
        self._turnover.pop(ticker, None)
        self._halted.discard(ticker)


def lifecycle(ticker: Ticker, event_type: str, **more: Any) -> tuple[Notice, ...]:
    """One lifecycle message about ``ticker``; the channel has no filter."""
    body = {"market_ticker": ticker, "event_type": event_type, **more}
    return (notice(LIFECYCLE, _EVERYTHING, LIFECYCLE, body),)


def book_notice(book: ev.BookSnapshot) -> Notice:
    """A whole book: both sides ascending, the best level last; an empty side is absent."""
    body, in_yes = (_encode(_snapshot(book, use_yes)) for use_yes in (False, True))
    return Notice(ORDERBOOK, book.ticker, "orderbook_snapshot", body, in_yes)


def _snapshot(book: ev.BookSnapshot, use_yes: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "market_ticker": book.ticker,
        "market_id": listing.market_id(book.ticker),
    }
    if book.bids:
        body["yes_dollars_fp"] = levels(book.bids)
    if book.asks:
        body["no_dollars_fp"] = levels(book.asks) if use_yes else no_levels(book.asks)
    return body


def levels(side: tuple[ev.Level, ...]) -> list[tuple[str, str]]:
    """Levels as ``[price, count]``, ascending."""
    return [(format_price(price), format_quantity(size)) for price, size in sorted(side)]


def no_levels(asks: tuple[ev.Level, ...]) -> list[tuple[str, str]]:
    """YES asks as what the venue keeps: NO bids in NO dollars, ascending."""
    return levels(tuple((complement(price), size) for price, size in asks))


def delta_notice(event: ev.BookDelta, more: dict[str, Any]) -> Notice:
    """One change of one level, with ``more`` said where the account caused it."""
    side = "yes" if event.side == BID else "no"
    own = event.price if event.side == BID else complement(event.price)
    body = _encode(_delta(event, side, own, more))
    in_yes = body if event.side == BID else _encode(_delta(event, side, event.price, more))
    return Notice(ORDERBOOK, event.ticker, "orderbook_delta", body, in_yes)


def _delta(event: ev.BookDelta, side: str, price: Price, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "market_ticker": event.ticker,
        "market_id": listing.market_id(event.ticker),
        "price_dollars": format_price(price),
        "delta_fp": format_quantity(event.change),
        "side": side,
        **more,
        "ts": format_iso(event.at),
        "ts_ms": event.at // MILLISECOND,
    }


def _trade(event: ev.TradeSeen) -> dict[str, Any]:
    return trade_sides(event) | {
        "trade_id": event.trade_id,
        "market_ticker": event.ticker,
        "ts": event.at // SECOND,
        "ts_ms": event.at // MILLISECOND,
    }


def trade_sides(event: ev.TradeSeen) -> dict[str, Any]:
    """Price, size and direction of a trade, as the socket and REST share them."""
    return {
        "yes_price_dollars": format_price(event.price),
        "no_price_dollars": format_price(complement(event.price)),
        "count_fp": format_quantity(event.quantity),
        "taker_side": event.taker,
        "taker_outcome_side": event.taker,
        "taker_book_side": "bid" if event.taker == "yes" else "ask",
        "is_block_trade": event.is_block,
    }


def _raw_value(event: ev.IndexPrinted | ev.IndexTicked) -> dict[str, Any]:
    """The publisher's own frame, which the venue passes on as a string inside its own."""
    value = {
        "type": "value",
        "time": event.at // MILLISECOND,
        "id": event.index,
        "value": format_index(event.value),
    }
    return {
        "index_id": event.index,
        "received_at": event.received_at // MILLISECOND,
        "data": _encode(value).decode(),
    }


def _average(event: ev.IndexPrinted) -> dict[str, Any]:
    """The average of the prints in [at - 60 s, at); the print itself where there were none."""
    average, count = event.average_60s_e8, event.average_60s_prints
    if average is None or not count:
        average, count = event.value * _CENT_E8, 0
    return {
        "value": format_average(average),
        "window_size": count,
        "window_start_ts_ms": (event.at - MINUTE) // MILLISECOND,
        "window_end_ts_exclusive": event.at // MILLISECOND,
    }


def format_average(value_e8: int) -> str:
    """An integer of 1e-8 dollar with its eight decimals."""
    return f"{value_e8 // 10**8}.{value_e8 % 10**8:08d}"
