"""What is held and what rests, once a second: exits, take-profits, renewals, closing everything.

An exit waits for what already works toward the same end: never is more on its way out than is held.
What rests lives only while it is renewed, and is renewed only while it is wanted.
"""

import math

from kalshi_assistant.domain.contract import Contract, Outcome
from kalshi_assistant.domain.entries import Holding
from kalshi_assistant.domain.events import Level, OperatorFlattened, OperatorHalted
from kalshi_assistant.domain.intents import Intent, Note
from kalshi_assistant.domain.orders import ASK, BID, Position
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.domain.units import (
    PRICE_SCALE,
    Price,
    Quantity,
    complement,
)
from kalshi_assistant.engine import guard, orders
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.execution.lifecycle import Underway
from kalshi_assistant.execution.terms import Wish, closing, taking_profit
from kalshi_assistant.market.fees import trade_fee_up
from kalshi_assistant.quant.layout import R_P
from kalshi_assistant.risk.breakers import FLATTEN
from kalshi_assistant.strategy.exits import leave

DEPTH = 100
RENEW_SHARE = 2
"""A resting order is renewed when less than half of its life is left."""


def tend(state: State) -> tuple[Intent, ...]:
    """Every market in which something is held or rests."""
    intents: tuple[Intent, ...] = ()
    if state.desk.flattening is not None or _goes_on_flattening(state):
        return _flatten(state)
    for each in list(state.orders.unfinished()):
        intents += _keep_alive(state, each) + orders.cap_resting(state, each.order.ticker)
    for held in state.ledger.holdings():
        market = state.markets.get(held.ticker)
        if held.quantity != 0 and market is not None:
            intents += _consider(state, market)
    return intents


def halted(state: State, event: OperatorHalted) -> tuple[Intent, ...]:
    """A halt by hand takes out what rests as well."""
    return guard.halted(state, event) + orders.cancel_resting(state, event.reason)


def flattened(state: State, event: OperatorFlattened) -> tuple[Intent, ...]:
    """Close everything, and stay out until a person says otherwise. The wish is kept as a halt."""
    state.desk.flattening = event.reason
    text = f"closing everything: {event.reason}"
    state.story.tell(state.now, "warning", "account", text)
    halt = OperatorHalted(event.at, event.received_at, event.reason, FLATTEN)
    return (Note("warning", "account", text), *halted(state, halt), *_flatten(state))


def _goes_on_flattening(state: State) -> bool:
    """Whether something is held while the wish to close everything stands: after a restart, or by
    a fill that was told late.
    """
    halt = next((each for each in state.breakers.halts if each.breaker == FLATTEN), None)
    if halt is None or not any(_to_close(state, held) for held in state.ledger.holdings()):
        return False
    state.desk.flattening = halt.reason
    state.story.tell(state.now, "warning", "account", f"closing what is held: {halt.reason}")
    return True


def _to_close(state: State, held: Holding) -> bool:
    """Whether something is held in a market that is not over, as far as is known."""
    contract = state.universe.contract(held.ticker)
    return held.quantity != 0 and (contract is None or state.now < contract.close_time)


def _flatten(state: State) -> tuple[Intent, ...]:
    """Take out what rests; what is held is sold at what the book pays."""
    intents = orders.cancel_resting(state, state.desk.flattening or "flatten")
    left = False
    for held in state.ledger.holdings():
        if not _to_close(state, held):
            continue
        left = True
        market, contract = state.markets.get(held.ticker), state.universe.contract(held.ticker)
        if market is None or contract is None:
            continue  # it is asked for
        bids = _bids(market, state.ledger.position(held.ticker))
        if not bids or any(state.orders.unfinished(held.ticker)):
            continue
        position = state.ledger.position(held.ticker)
        intents += _exit(
            state, contract, position, Quantity(abs(held.quantity)), bids[-1][0], "flat"
        )
    if not left and state.orders.open == 0:
        state.desk.flattening = None
        state.story.tell(state.now, "info", "account", "everything is closed")
    return intents


def _bids(market: MarketState, position: Position) -> tuple[Level, ...]:
    """What the book pays for the outcome held, in its prices, best first."""
    if not market.book.known:
        return ()
    if position.quantity > 0:
        return market.book.levels(BID, DEPTH)
    asks = market.book.levels(ASK, DEPTH)
    return tuple((complement(price), quantity) for price, quantity in asks)


# --- exits ---


def _consider(state: State, market: MarketState) -> tuple[Intent, ...]:
    contract, position = market.contract, state.ledger.position(market.ticker)
    if contract is None or contract.fees is None or state.now >= contract.close_time:
        return ()
    found = leave(
        state.settings.exits,
        position,
        _bids(market, position),
        _p_yes(state, market),
        (contract.close_time - state.now) / SECOND,
        contract.fees,
        state.precision,
    )
    resting = state.settings.orders.rest_take_profit
    if found is None or (found.reason == "take_profit" and resting):
        return _rest_take_profit(state, contract, position) if resting else ()
    busy = list(state.orders.unfinished(market.ticker))
    if busy:  # first what is under way has to be out of the way
        intents: tuple[Intent, ...] = ()
        for each in busy:
            intents += orders.cancel(state, each, f"an exit is wanted: {found.reason}")
        return intents
    return _exit(state, contract, position, found.quantity, found.limit, found.reason)


def _exit(
    state: State,
    contract: Contract,
    position: Position,
    quantity: Quantity,
    limit: Price,
    why: str,
) -> tuple[Intent, ...]:
    """An order that can only make the position smaller."""
    outcome: Outcome = "no" if position.quantity > 0 else "yes"
    # a level may stand where the grid was before it changed
    down = (Price(step) for step in range(limit, 0, -1))
    least = next((each for each in down if _on_grid(contract, each)), limit)
    wish = Wish(
        outcome=outcome, quantity=quantity, limit=complement(least), kind=why, fair=None, top=None
    )
    return orders.send(state, closing(wish, orders.next_id(state), contract, state.now))


def _p_yes(state: State, market: MarketState) -> float | None:
    """The number of this market, if it is the one that was evaluated last."""
    p_yes = float(state.index.real[R_P])
    return None if market is not state.focus or math.isnan(p_yes) else p_yes


# --- what rests ---


def _rest_take_profit(state: State, contract: Contract, position: Position) -> tuple[Intent, ...]:
    """Offer what is held where it brings the profit that is wanted, once, for no more than is
    held.
    """
    wanted = state.settings.exits.take_profit_dollars
    if wanted <= 0 or any(state.orders.owing(contract.ticker)):
        return ()
    if guard.surely_held(state, contract.ticker) != position.quantity:
        return ()  # the venue says otherwise: it is told again, or the account is read
    if state.desk.closed_to("take_profit", contract.exchange_index) is not None:
        return ()
    held = abs(position.quantity)
    # micro-dollars for hundredths of a contract are 1/10,000 dollar a contract
    paid = -(-(position.cost + position.fees) // held)
    target = _on_grid_up(contract, paid + round(wanted * PRICE_SCALE))
    if target is None:
        return ()
    outcome: Outcome = "no" if position.quantity > 0 else "yes"
    wish = Wish(
        outcome=outcome,
        quantity=Quantity(held),
        limit=complement(target),
        kind="take_profit",
        fair=None,
        top=None,
    )
    settings = state.settings.orders
    return orders.send(
        state, taking_profit(wish, orders.next_id(state), contract, state.now, settings)
    )


def _on_grid_up(contract: Contract, price: int) -> Price | None:
    """The lowest price of the market's grid from ``price`` on; the grid is the same for both
    outcomes. ``None`` beyond its end.
    """
    for step in range(max(price, 1), PRICE_SCALE):
        if _on_grid(contract, Price(step)):
            return Price(step)
    return None


def _on_grid(contract: Contract, price: Price) -> bool:
    """Whether a price of either outcome is one of the market's."""
    return contract.on_grid(complement(price)) and contract.on_grid(price)


def _keep_alive(state: State, each: Underway) -> tuple[Intent, ...]:
    """Renew what is still wanted, take out what is not."""
    order, contract = each.order, state.universe.contract(each.order.ticker)
    if each.state != "working" or order.time_in_force != "good_till_canceled":
        return ()
    if contract is None or each.expires_at is None:
        return ()
    why = _unwanted(state, each, contract)
    if why is not None:
        return orders.cancel(state, each, why)
    settings = state.settings.orders
    until = settings.expiry(state.now, contract.close_time)
    left = each.expires_at - state.now
    if left > settings.rest_seconds * SECOND // RENEW_SHARE or until <= each.expires_at:
        return ()
    return orders.renew(each, until)


def _unwanted(state: State, each: Underway, contract: Contract) -> str | None:
    """Why a resting order should not rest any longer."""
    order = each.order
    closed = state.desk.closed_to(order.purpose, order.exchange_index)
    standing = state.breakers.blocks(order.purpose, state.now)
    if closed is None and standing is not None:
        closed = standing.reason
    if closed is not None or order.purpose != "entry":
        return closed
    if state.risk_block is not None or state.paused is not None:
        return state.risk_block or "signals are paused"
    if (veto := guard.vetoed(state, order)) is not None:
        return f"no entries now: {veto}"
    if contract.close_time - state.now < state.settings.signal.min_seconds_to_close * SECOND:
        return "too late"
    market = state.markets.get(order.ticker)
    p_yes = None if market is None else _p_yes(state, market)
    buys_yes = order.side == BID
    if p_yes is None or not _still_worth(state, order.limit, p_yes, contract, buys_yes=buys_yes):
        return "no number" if p_yes is None else "no edge any more"
    return None


def _still_worth(
    state: State, limit: Price, p_yes: float, contract: Contract, *, buys_yes: bool
) -> bool:
    """Whether a resting entry would still be a good buy after the fee of a maker."""
    price = limit if buys_yes else complement(limit)
    worth = p_yes if buys_yes else 1.0 - p_yes
    rate = 0 if contract.fees is None else contract.fees.maker_rate_e6
    fee = trade_fee_up(rate, price, Quantity(100)) / 1_000_000
    return worth - price / PRICE_SCALE - fee >= state.threshold / 2
