"""Facts about markets: listed, strike, halted, moved, fees, exchange pauses, public trades and
quotes.
"""

from kalshi_assistant.domain.events import (
    CloseTimeChanged,
    ExchangeStatusSeen,
    FeesChanged,
    GridChanged,
    MaintenanceScheduled,
    MarketListed,
    MarketStatusChanged,
    QuoteSeen,
    StrikeSet,
    TradeSeen,
)
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import Intent, Note
from kalshi_assistant.domain.signals import VETO_CODE
from kalshi_assistant.domain.time import MINUTE, format_iso
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.quant.layout import M_BLOCK, M_RISK

LifecycleFact = StrikeSet | MarketStatusChanged | CloseTimeChanged | GridChanged | FeesChanged


def listed(state: State, event: MarketListed) -> tuple[Intent, ...]:
    """The venue described a market."""
    contract = event.contract
    if contract.strike is not None and state.now < contract.close_time:
        state.inquiries.answered("market", contract.ticker)
    state.universe.take(event)
    if contract.fees is not None:
        state.fees = contract.fees
    refresh(state, contract.ticker)
    return ()


def lifecycle(state: State, event: LifecycleFact) -> tuple[Intent, ...]:
    """A market changed; its description follows."""
    state.feeds.lifecycle.saw(event.at, event.received_at)
    state.universe.take(event)
    if isinstance(event, FeesChanged):
        text = f"fees of {event.event_ticker} are now {event.fees.kind}"
        state.story.tell(state.now, "warning", "fees", text)
        for ticker in list(state.markets):
            refresh(state, ticker)
        return ()
    refresh(state, event.ticker)
    if isinstance(event, MarketStatusChanged) and event.status in ("inactive", "active"):
        word = "halted" if event.status == "inactive" else "trading"
        state.story.tell(state.now, "info", "market", f"{event.ticker} is {word}")
    return ()


def refresh(state: State, ticker: Ticker) -> None:
    """Write what the universe knows of a followed market into its state."""
    contract = state.universe.contract(ticker)
    market = state.markets.get(ticker)
    if contract is None or market is None:
        return
    if market.contract is not None and market.contract.open_time != contract.open_time:
        del state.markets[ticker]  # the autumn hour: the ticker means another window by now
        return
    state.describe(market, contract)
    _block(state, market)


def reblock(state: State) -> None:
    """Tell every market's kernel array whether something outside it forbids signals."""
    for market in state.markets.values():
        _block(state, market)


def _block(state: State, market: MarketState) -> None:
    veto = 0
    if state.paused is not None:
        veto = VETO_CODE["operator_paused"]
    elif state.exchange_says is not None:
        veto = VETO_CODE["exchange_paused"]
    elif state.universe.status(market.ticker) == "inactive":
        veto = VETO_CODE["market_paused"]
    elif state.universe.shares_name(market.ticker):
        veto = VETO_CODE["name_repeats"]
    elif _maintenance_near(state):
        veto = VETO_CODE["maintenance_near"]
    elif state.check.standing is not None:
        veto = VETO_CODE["settlement_mismatch"]
    elif not state.settings.signal.on_estimates and state.on_estimate:
        veto = VETO_CODE["index_estimated"]
    market.book.array[M_BLOCK] = veto
    market.book.array[M_RISK] = 0 if state.risk_block is None else 1


def _maintenance_near(state: State) -> bool:
    """Whether what is bought now may not settle before the venue goes down."""
    lead = int(state.settings.signal.maintenance_minutes * MINUTE)
    return any(start - lead <= state.now < end for start, end in state.maintenance)


def exchange_status(state: State, event: ExchangeStatusSeen) -> tuple[Intent, ...]:
    """Whether the shard trades."""
    state.inquiries.answered("exchange_status")
    state.feeds.rest.saw(event.at, event.received_at)
    state.feeds.back(state.feeds.rest.name)
    state.exchange_trades = event.exchange_active and event.trading_active
    state.resume_at = event.resume_at
    return say_pause(state)


def maintenance(state: State, event: MaintenanceScheduled) -> tuple[Intent, ...]:
    """When the venue plans to be down."""
    state.maintenance = event.windows
    return say_pause(state)


def say_pause(state: State) -> tuple[Intent, ...]:
    """Put pause and maintenance into words; a change is told once."""
    said, before = _pause_in_words(state), state.exchange_says
    state.exchange_says = said
    reblock(state)  # maintenance comes nearer by itself
    if said == before:
        return ()
    text = said or "the exchange trades again"
    state.story.tell(state.now, "warning", "exchange", text)
    return (Note("warning", "exchange", text),)


def _pause_in_words(state: State) -> str | None:
    for start, end in state.maintenance:
        if start <= state.now < end:
            return f"maintenance until {format_iso(end)}"
    if state.exchange_trades:
        return None
    if state.resume_at is not None:
        return f"the exchange paused trading; it expects to resume at {format_iso(state.resume_at)}"
    return "the exchange paused trading; it has not said until when"


def traded(state: State, event: TradeSeen) -> tuple[Intent, ...]:
    """A public trade."""
    state.feeds.trades.saw(event.at, event.received_at)
    market = state.markets.get(event.ticker)
    if market is not None and market.tape.take(event) and not event.is_block:
        market.last_trade = event.price
    return ()


def quoted(state: State, event: QuoteSeen) -> tuple[Intent, ...]:
    """The venue's own best prices: shown, never traded on."""
    state.feeds.quotes.saw(event.at, event.received_at)
    market = state.markets.get(event.ticker)
    if market is not None:
        market.last_trade, market.volume = event.last_price or None, event.volume
    return ()
