"""Which orders the venue takes, and what it does with one that it took.

Every function here either does what was asked and answers with the venue's acknowledgement, or
raises Refused and has changed nothing; only a fill-or-kill order that is killed uses up its client
order id.

Chosen where the venue says nothing: between the open of a market and its first quotes orders are
refused as in a pause; an amend moves the order as a whole (its fills stay); what an
immediate-or-cancel order leaves is cancelled with the reason of a plain cancel.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.domain.units import Price, Quantity, format_price, format_quantity
from kalshi_assistant.sim import order_requests as asked
from kalshi_assistant.sim import refusals
from kalshi_assistant.sim.collateral import Wish
from kalshi_assistant.sim.desk import Desk, LiveOrder
from kalshi_assistant.sim.market import SimulatedMarket
from kalshi_assistant.sim.matching import Matcher
from kalshi_assistant.sim.order_groups import OrderGroup
from kalshi_assistant.sim.order_requests import (
    AUTO,
    AmendBody,
    CancelItem,
    CreateBody,
    DecreaseBody,
    NewOrder,
)
from kalshi_assistant.sim.private import UpdateReason
from kalshi_assistant.sim.refusals import Refused
from kalshi_assistant.sim.self_trade import Meeting, meeting

Ack = dict[str, Any]

_HALTED: Final = "trading_is_paused"


# --- create ---


def create(desk: Desk, body: CreateBody, at: Nanos) -> Ack:
    """Place an order."""
    wanted = asked.new_order(body, at)
    market, matcher = _open_market(desk, wanted.ticker, wanted.exchange_index)
    contract = market.contract
    if not contract.on_grid(wanted.price):
        raise refusals.invalid_order("price is not on the grid of the market")
    if wanted.client_order_id and desk.taken(wanted.client_order_id):
        raise Refused(409, "order_already_exists")
    order = _ordered(desk, wanted, market, _group(desk, wanted, market), at)
    quantity = _reducible(desk, wanted) if wanted.reduce_only else wanted.quantity
    met = _meeting(desk, order, matcher, quantity)
    if wanted.time_in_force == "fill_or_kill" and met.there < quantity:
        desk.use(wanted.client_order_id)
        raise Refused(409, "fill_or_kill_insufficient_resting_volume")
    _check_money(desk, order, quantity, met)
    desk.use(wanted.client_order_id)
    _give_way(desk, met, at)
    rests = wanted.time_in_force == "good_till_canceled"
    reason: UpdateReason = "Decrease" if quantity == wanted.quantity else "ReduceOnlyCancel"
    _enter(desk, order, market, quantity, met, reason, rests=rests, fresh=True, at=at)
    desk.expire(order)
    desk.heed_sweeps(order, at)
    return _acknowledged(order, at) | _averages(order.filled, order.yes_value, _paid(order))


def _open_market(desk: Desk, ticker: Ticker, shard: int) -> tuple[SimulatedMarket, Matcher]:
    """A market that takes orders now."""
    market = _listed(desk, ticker, shard)
    if market.status == "inactive" or (market.status == "active" and desk.paused()):
        raise Refused(409, _HALTED)
    if market.status != "active":
        raise Refused(409, "market_inactive")
    if market.trading is None:
        raise Refused(409, _HALTED)
    return market, market.trading.matcher


def _listed(desk: Desk, ticker: Ticker, shard: int) -> SimulatedMarket:
    market = desk.market(ticker)
    if market is None or shard not in (AUTO, market.contract.exchange_index):
        raise refusals.not_found()
    return market


def _group(desk: Desk, wanted: NewOrder, market: SimulatedMarket) -> OrderGroup | None:
    if wanted.group_id is None:
        return None
    group = desk.groups.find(wanted.group_id)
    if group is None:
        raise refusals.not_found()
    here = (wanted.subaccount, market.contract.exchange_index)
    if (group.subaccount, group.exchange_index) != here:
        raise refusals.invalid_order("the order group lives elsewhere")
    if group.triggered:
        raise Refused(409, "order_group_triggered")
    return group


def _ordered(
    desk: Desk, wanted: NewOrder, market: SimulatedMarket, group: OrderGroup | None, at: Nanos
) -> LiveOrder:
    number, order_id = desk.number()
    return LiveOrder(
        number=number,
        order_id=order_id,
        client_order_id=wanted.client_order_id,
        ticker=wanted.ticker,
        exchange_index=market.contract.exchange_index,
        subaccount=wanted.subaccount,
        side=wanted.side,
        price=wanted.price,
        quantity=wanted.quantity,
        self_trade=wanted.self_trade,
        cancel_on_pause=wanted.cancel_on_pause,
        post_only=wanted.post_only,
        group=group,
        created_at=at,
        expires_at=wanted.expires_at,
        fee_terms=_fees(market),
        remaining=wanted.quantity,
    )


def _fees(market: SimulatedMarket) -> FeeTerms:
    terms = market.contract.fees
    if terms is None:
        raise RuntimeError(f"{market.contract.ticker} has no fees")
    return terms


def _reducible(desk: Desk, wanted: NewOrder) -> Quantity:
    """How much of a reduce-only order the position lets through."""
    held = desk.account.holding(wanted.subaccount, wanted.ticker)
    net = 0 if held is None else held.yes - held.no
    closes = -net if wanted.side == BID else net
    return Quantity(min(wanted.quantity, max(closes, 0)))


def _meeting(desk: Desk, order: LiveOrder, matcher: Matcher, quantity: Quantity) -> Meeting:
    """What it would meet; an order that must not trade is refused where it would."""
    best = matcher.best_ask if order.side == BID else matcher.best_bid
    crosses = order.price >= best if order.side == BID else order.price <= best
    if not crosses:
        return Meeting(Quantity(0), (), False)
    if order.post_only:
        raise refusals.invalid_order("post only cross")
    numbers = desk.numbers()
    return meeting(matcher, numbers, order.side, order.price, quantity, order.self_trade)


def _check_money(desk: Desk, order: LiveOrder, quantity: Quantity, met: Meeting) -> None:
    wish = Wish(order.side, order.price, quantity, order.fee_terms.taker_rate_e6)
    if not desk.covered(order, wish, met.met):
        raise refusals.insufficient()


def _give_way(desk: Desk, met: Meeting, at: Nanos) -> None:
    numbers = desk.numbers()
    for own in [numbers[number] for number in met.met]:
        desk.finish(own, at, "SelfTradeCancel")


def _enter(
    desk: Desk,
    order: LiveOrder,
    market: SimulatedMarket,
    quantity: Quantity,
    met: Meeting,
    reason: UpdateReason,
    *,
    rests: bool,
    fresh: bool,
    at: Nanos,
) -> None:
    """Into the book; what neither trades nor may rest is cancelled for ``reason``."""
    rests = rests and not met.stopped
    enters = quantity if rests else met.there
    if enters:
        desk.enter(order, market, enters, rest=rests, at=at)
    if desk.resting(order.order_id) is None:
        if order.remaining:
            desk.finish(order, at, "SelfTradeCancel" if met.stopped else reason)
    elif not (fresh and order.filled):
        desk.told(order, at, None if fresh else "Amend")


# --- cancel and decrease ---


def cancel(desk: Desk, item: CancelItem, at: Nanos) -> Ack:
    """Cancel one order."""
    order = _routed(desk, item.order_id, item.subaccount, item.exchange_index, item.market_ticker)
    _check_operable(desk, order, pausable=False)
    left = desk.finish(order, at, "Decrease")
    return _named(order, at) | {"reduced_by": format_quantity(left)}


def decrease(
    desk: Desk, order_id: str, subaccount: int | None, body: DecreaseBody, at: Nanos
) -> Ack:
    """Make an order smaller where it stands, or cancel it."""
    order = _routed(desk, order_id, subaccount, body.exchange_index, body.market_ticker)
    _check_operable(desk, order, pausable=False)
    if (body.reduce_by is None) == (body.reduce_to is None):
        raise refusals.invalid("exactly one of reduce_by and reduce_to")
    if body.reduce_by is not None:
        by = min(asked.count(body.reduce_by), order.remaining)
    else:
        by = order.remaining - asked.count_or_nothing(body.reduce_to or "")
        if by < 0:
            raise refusals.invalid_size()
    if by == order.remaining:
        desk.finish(order, at, "Decrease")
    elif by:
        desk.shrink(order, by, at)
        desk.told(order, at, "Decrease")
    return _named(order, at) | {"remaining_count": format_quantity(order.remaining)}


def _routed(
    desk: Desk, order_id: str, subaccount: int | None, shard: int | None, ticker: str | None
) -> LiveOrder:
    """The resting order that is meant, where the request goes: without a shard and a ticker it
    goes to shard 0 and finds nothing of another.
    """
    number, wanted = asked.subaccount_of(subaccount), asked.shard_of(shard)
    if ticker is not None and desk.market(Ticker(ticker)) is None:
        raise refusals.not_found()
    order = desk.resting(order_id)
    if wanted == AUTO and ticker is None:
        wanted = 0
    if order is None or order.subaccount != number or wanted not in (AUTO, order.exchange_index):
        raise refusals.not_found()
    if ticker not in (None, order.ticker):
        raise Refused(400, "order_ticker_mismatch")
    return order


def _check_operable(desk: Desk, order: LiveOrder, *, pausable: bool) -> None:
    """After the close nothing is done to an order; in a pause it can be cancelled."""
    market = desk.market(order.ticker)
    if market is None or market.status not in ("active", "inactive"):
        raise Refused(409, "market_inactive")
    if pausable and (market.status == "inactive" or desk.paused()):
        raise Refused(409, _HALTED)


# --- amend ---


def amend(desk: Desk, order_id: str, subaccount: int | None, body: AmendBody, at: Nanos) -> Ack:
    """Change price, size or end of an order. Only what makes it smaller, or changes its end, keeps
    its place.
    """
    ticker = asked.required(body.ticker, "ticker")
    order = _routed(desk, order_id, subaccount, body.exchange_index, ticker)
    _check_same(order, body)
    _check_operable(desk, order, pausable=True)
    market, matcher = _open_market(desk, order.ticker, order.exchange_index)
    price = asked.price(asked.required(body.price, "price"))
    if not market.contract.on_grid(price):
        raise refusals.invalid_order("price is not on the grid of the market")
    remaining = asked.count(asked.required(body.count, "count")) - order.filled
    if remaining <= 0:
        raise refusals.invalid_size()
    ends = _end(order, body, at)
    client_order_id = _new_name(desk, order, body)
    change = _change(desk, order, market, matcher, price, Quantity(remaining), at)
    # Nothing can be refused from here on.
    filled, value, paid = order.filled, order.yes_value, _paid(order)
    order.expires_at, order.client_order_id = ends, client_order_id
    desk.use(body.updated_client_order_id or "")
    change()
    if body.expiration_time:
        desk.expire(order)
    newly = order.filled - filled
    averages = _averages(newly, order.yes_value - value, _paid(order) - paid)
    return _acknowledged(order, at) | {"fill_count": format_quantity(newly)} | averages


def _check_same(order: LiveOrder, body: AmendBody) -> None:
    if asked.side_of(asked.required(body.side, "side")) != order.side:
        raise Refused(400, "order_side_mismatch")
    if body.client_order_id and body.client_order_id != order.client_order_id:
        raise Refused(400, "order_id_and_client_order_id_mismatch")


def _end(order: LiveOrder, body: AmendBody, at: Nanos) -> Nanos | None:
    """Left out: as it is. 0: none."""
    if body.expiration_time is None:
        return order.expires_at
    return asked.expiration(body.expiration_time, at) if body.expiration_time else None


def _new_name(desk: Desk, order: LiveOrder, body: AmendBody) -> str:
    wanted = asked.name(body.updated_client_order_id)
    if not wanted or wanted == order.client_order_id:
        return order.client_order_id
    if desk.taken(wanted):
        raise Refused(409, "order_already_exists")
    return wanted


def _change(
    desk: Desk,
    order: LiveOrder,
    market: SimulatedMarket,
    matcher: Matcher,
    price: Price,
    remaining: Quantity,
    at: Nanos,
) -> Callable[[], None]:
    """How the order is changed, once everything was checked."""
    if price == order.price and remaining <= order.remaining:
        return lambda: _shrink(desk, order, order.remaining - remaining, at)
    before, order.price = order.price, price
    try:
        met = _meeting(desk, order, matcher, remaining)
        _check_money(desk, order, remaining, met)
    finally:
        order.price = before
    return lambda: _move(desk, order, market, price, remaining, met, at)


def _shrink(desk: Desk, order: LiveOrder, by: int, at: Nanos) -> None:
    if by:
        desk.shrink(order, by, at)
    desk.told(order, at, "Amend")


def _move(
    desk: Desk,
    order: LiveOrder,
    market: SimulatedMarket,
    price: Price,
    remaining: Quantity,
    met: Meeting,
    at: Nanos,
) -> None:
    desk.lift(order, market, at)
    _give_way(desk, met, at)
    order.price, order.remaining = price, remaining
    order.quantity = Quantity(order.filled + remaining)
    _enter(desk, order, market, remaining, met, "Amend", rests=True, fresh=False, at=at)


# --- acknowledgements ---


def _named(order: LiveOrder, at: Nanos) -> Ack:
    name = {"client_order_id": order.client_order_id} if order.client_order_id else {}
    return {"order_id": order.order_id, **name, "ts_ms": at // MILLISECOND}


def _acknowledged(order: LiveOrder, at: Nanos) -> Ack:
    return _named(order, at) | {
        "fill_count": format_quantity(order.filled),
        "remaining_count": format_quantity(order.remaining),
    }


def _paid(order: LiveOrder) -> int:
    return order.taker_fees + order.maker_fees


def _averages(filled: int, value: int, fees: int) -> Ack:
    """Average price and fee of a contract, to 1/10,000 dollar; nothing where nothing traded."""
    if not filled:
        return {}
    return {
        "average_fill_price": format_price((2 * value + filled) // (2 * filled)),
        "average_fee_paid": format_price((2 * fees + filled) // (2 * filled)),
    }


def batch(work: Sequence[Callable[[], Ack]], failed: Sequence[Ack]) -> list[Ack]:
    """Every item answered for itself; ``failed`` names each where it is refused."""
    answers = []
    for each, named in zip(work, failed, strict=True):
        try:
            answers.append(each())
        except Refused as refused:
            answers.append(named | {"error": refused.error()})
    return answers
