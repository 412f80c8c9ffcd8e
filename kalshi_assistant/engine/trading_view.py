"""Trading as readers see it: whether orders may leave, what is at stake, what is under way."""

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.units import Money, Quantity, complement
from kalshi_assistant.engine import guard
from kalshi_assistant.engine.snapshot import BreakerView, HeldView, OrderView, TradingView
from kalshi_assistant.engine.state import State
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.execution.lifecycle import Underway
from kalshi_assistant.risk.breakers import STOPS_IN_WORDS, breaker_of
from kalshi_assistant.risk.limits import in_canary

ORDERS_SHOWN = 20
OF_RECORD = "of record"
"""The account itself; on paper it is the realistic assumption."""


def trading_view(state: State) -> TradingView | None:
    """``None`` while only watching."""
    if not state.settings.trades:
        return None
    desk, now = state.desk, guard.worth(state)
    return TradingView(
        closed_because=state.risk_block or desk.closed_because,
        armed=desk.armed,
        venue=desk.venue,
        agreed=desk.agreed,
        cash=state.ledger.cash,
        equity=now.equity,
        peak=desk.peak,
        day_pnl=now.day_pnl,
        worst=guard.worst(state),
        orders=tuple(_order(each) for each in list(state.orders.owing())[:ORDERS_SHOWN]),
        breakers=_breakers(state),
        policies=() if desk.venue else tuple(desk.policy_profit.items()),
        good_windows=desk.good_windows,
        canary=in_canary(desk.good_windows, state.settings.risk),
        held=_held(state),
    )


def _held(state: State) -> tuple[HeldView, ...]:
    """The market in focus, under every assumption that has an account."""
    focus = state.focus
    if focus is None:
        return ()
    beside = {} if state.desk.venue else state.desk.policies
    ledgers = {OF_RECORD: state.ledger} | beside
    return tuple(_held_by(state, name, each, focus.ticker) for name, each in ledgers.items())


def _held_by(state: State, policy: str, ledger: Ledger, ticker: Ticker) -> HeldView:
    found = next((each for each in ledger.holdings() if each.ticker == ticker), None)
    if found is None:
        return HeldView(policy, Quantity(0), *[Money(0)] * 4)
    return HeldView(
        policy=policy,
        quantity=found.quantity,
        cost=found.cost,
        fees=found.fees,
        realized=found.realized,
        worth=guard.marked(state, found),
    )


def _order(each: Underway) -> OrderView:
    order = each.order
    buys_yes = order.side == BID
    return OrderView(
        id=order.id,
        ticker=order.ticker,
        outcome="yes" if buys_yes else "no",
        limit=order.limit if buys_yes else complement(order.limit),
        quantity=Quantity(each.quantity),
        filled=Quantity(each.filled),
        state=each.state,
        purpose=order.purpose,
        kind=order.kind,
        made_at=order.made_at,
        expires_at=each.expires_at,
    )


def _breakers(state: State) -> tuple[BreakerView, ...]:
    return tuple(
        BreakerView(
            name=each.name,
            state=each.state,
            reason=each.reason,
            since=each.since,
            stops=STOPS_IN_WORDS[breaker_of(each.name).stops],
        )
        for each in state.breakers.shown(state.now)
    )
