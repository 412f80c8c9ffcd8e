"""What signals have brought: told to the evidence, kept beyond the process, and shown."""

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import Intent, Keep
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.signals import Signal, SignalKind
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, complement
from kalshi_assistant.engine.forecasts import market_price
from kalshi_assistant.engine.page_views import EvidenceView, TradeView
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.execution.evidence import COUNTS_AT_A_VENUE, COUNTS_ON_PAPER, KINDS
from kalshi_assistant.market.calendar import day_of
from kalshi_assistant.quant.verdict import PLANNED_EDGE


def signalled(state: State, market: MarketState, signal: Signal) -> tuple[Intent, ...]:
    """A signal fired; ``market`` has a contract."""
    assert market.contract is not None
    priced = market_price(state, market)
    day = day_of(market.contract.close_time).isoformat()
    kept = state.evidence.signalled(signal, day, None if priced is None else priced.p)
    return _keep(state, (kept,))


def filled(state: State, fill: OrderFilled, order: Order | None) -> tuple[Intent, ...]:
    """A fill that was entered, in the account of record or beside it."""
    kept = state.evidence.filled(fill, order)
    return () if kept is None else _keep(state, (kept,))


def traded(state: State, fill: OrderFilled, order: Order | None) -> None:
    """A fill in the account of record, to be shown."""
    buys_yes = fill.side == BID
    state.trades.appendleft(
        TradeView(
            at=fill.received_at,
            ticker=fill.ticker,
            outcome="yes" if buys_yes else "no",
            quantity=fill.quantity,
            price=fill.price if buys_yes else complement(fill.price),
            fee=fill.fee,
            is_taker=fill.is_taker,
            purpose="unknown" if order is None else order.purpose,
            kind="" if order is None else order.kind,
            source=fill.source,
        )
    )


def settled(state: State, ticker: Ticker, result: Outcome) -> tuple[Intent, ...]:
    """A market has its result."""
    venue = state.desk.venue
    return _keep(state, state.evidence.settled(ticker, result, state.now, venue=venue))


def corrected(state: State, ticker: Ticker, result: Outcome) -> tuple[Intent, ...]:
    """The venue changed the result of a market."""
    venue = state.desk.venue
    return _keep(state, state.evidence.correct(ticker, result, state.now, venue=venue))


def paid_out(state: State) -> None:
    """The account's profit after a payout, for the curve."""
    state.curve.append((Nanos(state.now), Money(state.ledger.realized)))


def _keep(state: State, entries: tuple[EvidenceKept, ...]) -> tuple[Intent, ...]:
    """While only watching there is nowhere to keep it: the process remembers."""
    return tuple(Keep(entry) for entry in entries) if state.settings.trades else ()


def evidence_view(state: State) -> tuple[EvidenceView, ...]:
    """Every kind of signal, also those that never fired."""
    today = day_of(state.now).isoformat()
    return tuple(_kind(state, kind, today) for kind in KINDS)


def _kind(state: State, kind: SignalKind, today: str) -> EvidenceView:
    evidence = state.evidence
    found, whole = evidence.finding(kind, today), evidence.total(kind)
    scored = whole.scored
    return EvidenceView(
        kind=kind,
        signals=whole.signals,
        windows=whole.windows,
        waiting=evidence.waiting(kind),
        days=found.days,
        counted=found.windows,
        policy=COUNTS_AT_A_VENUE if state.desk.venue else COUNTS_ON_PAPER,
        mean=found.mean,
        low=found.low,
        high=found.high,
        profits=whole.policies,
        scored=scored,
        brier_model=whole.model / scored if scored else None,
        brier_market=whole.market / scored if scored else None,
        verdict=found.verdict,
        needed=found.needed,
        planned_edge=PLANNED_EDGE,
        configs=len(whole.configs),
    )
