"""The end of a window: determined, settled, compared, reported."""

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import MarketDetermined, SettlementPublished, StrikeSet
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import Intent, Note, Report, WindowReport
from kalshi_assistant.domain.units import format_index, format_money
from kalshi_assistant.engine import guard, markets
from kalshi_assistant.engine.forecasts import settled
from kalshi_assistant.engine.funnel import counts_of, nearest_miss, veto_counts
from kalshi_assistant.engine.state import MarketState, State


def strike_set(state: State, event: StrikeSet) -> tuple[Intent, ...]:
    """The strike must be the value the previous window settled on."""
    intents = markets.lifecycle(state, event)
    state.inquiries.answered("market", event.ticker)
    text = f"{event.ticker}: strike {format_index(event.strike)}"
    state.story.tell(state.now, "info", "strike", text)
    contract = state.universe.contract(event.ticker)
    if contract is None:
        return intents
    for other in state.markets.values():
        previous = other.settlement
        if previous is None or previous.close_time != contract.open_time:
            continue
        if state.check.next_strike(previous, event.strike) is False:
            return intents + _mismatch(state, event.ticker)
    return intents


def determined(state: State, event: MarketDetermined) -> tuple[Intent, ...]:
    """The venue named the result; the value comes later."""
    state.feeds.lifecycle.saw(event.at, event.received_at)
    state.universe.take(event)
    market = state.markets.get(event.ticker)
    changed = market is not None and market.reported and market.result != event.result
    intents = _result(state, event.ticker, event.result)
    return intents + _report_again(state, market) if market is not None and changed else intents


def published(state: State, event: SettlementPublished) -> tuple[Intent, ...]:
    """The venue published the value it settled on: compare, and close the window's account."""
    state.inquiries.answered("market", event.ticker)
    state.universe.take(event)
    market = state.markets.get(event.ticker)
    if market is None:
        return guard.settled(state, event.ticker, event.result)
    again = market.reported
    if again and (market.published, market.result) == (event.value, event.result):
        return ()
    market.published = event.value
    intents = _result(state, event.ticker, event.result) + _compare(state, market)
    return intents + (_report_again(state, market) if again else report(state, market))


def report(state: State, market: MarketState) -> tuple[Intent, ...]:
    """The window's line, once."""
    if market.reported or market.contract is None:
        return ()
    market.reported = True
    state.funnel.add(counts_of(market.book.array, market.misses, market.signals, market.orders))
    window = describe(market)
    state.windows.appendleft(window)
    state.story.tell(state.now, "window", "window", in_words(window))
    return (Report(window),)


def _report_again(state: State, market: MarketState) -> tuple[Intent, ...]:
    """A line that was given and is so no more: the new one replaces it."""
    if market.contract is None:
        return ()
    window = describe(market)
    for place, each in enumerate(state.windows):
        if each.ticker == window.ticker:
            state.windows[place] = window
    state.story.tell(state.now, "window", "window", in_words(window))
    return (Report(window),)


def describe(market: MarketState) -> WindowReport:
    """What is known of a window now; ``market`` must have a contract."""
    contract, settlement = market.contract, market.settlement
    assert contract is not None
    assert settlement is not None
    ours = settlement.average_a()
    return WindowReport(
        ticker=market.ticker,
        open_time=contract.open_time,
        close_time=contract.close_time,
        strike=contract.strike,
        settlement=market.published,
        our_settlement=ours,
        our_settlement_b=settlement.average_b(),
        result=market.result,
        prints=settlement.count_a,
        p_yes=dict(market.forecasts),
        signals=market.signals,
        vetoes=veto_counts(market.book.array),
        paper_pnl=market.pnl,
        agrees=None if ours is None or market.published is None else ours == market.published,
        p_market=dict(market.market_forecasts),
        p_blend=dict(market.blend_forecasts),
        nearest_miss=nearest_miss(market.book.array, market.misses),
    )


def in_words(window: WindowReport) -> str:
    """A window's line as a person would say it."""
    result = "no result yet" if window.result is None else window.result.upper()
    venue = "unknown" if window.settlement is None else format_index(window.settlement)
    ours = "incomplete" if window.our_settlement is None else format_index(window.our_settlement)
    word = {True: "agrees", False: "DIFFERS", None: "not compared"}[window.agrees]
    text = f"{window.ticker}: {result}, settled at {venue}, ours {ours} ({word})"
    return f"{text}, paper {format_money(window.paper_pnl)}" if window.signals else text


def _result(state: State, ticker: str, result: Outcome) -> tuple[Intent, ...]:
    market = next((m for m in state.markets.values() if m.ticker == ticker), None)
    if market is None:
        return guard.settled(state, Ticker(ticker), result)  # held over a restart
    if market.result is not None and market.result != result:
        market.result = result
        return guard.settled(state, market.ticker, result)
    if market.result is None:
        market.result = result
        paid = guard.settled(state, market.ticker, result)
        settled(state, market, result)
        return paid
    return ()


def _compare(state: State, market: MarketState) -> tuple[Intent, ...]:
    """Convention A against the published value: only a mismatch of A stops signals."""
    settlement, value = market.settlement, market.published
    if settlement is None or value is None:
        return ()
    stood = state.check.standing
    agrees = state.check.settlement(settlement, value)
    if agrees is None:
        missing = len(settlement.missing_a)
        because = f"{missing} of 60 prints are missing"
        if state.index.is_estimate(state.index.last_second):
            because += f" ({state.label})"
        text = f"{market.ticker}: not compared, {because}"
        state.story.tell(state.now, "warning", "settlement", text)
        return ()
    if not agrees:
        return _mismatch(state, market.ticker)
    if stood is not None:
        markets.reblock(state)
    return ()


def _mismatch(state: State, ticker: Ticker) -> tuple[Intent, ...]:
    """Our settlement rule and the venue's differ: no more signals until a window agrees again, and
    where orders may leave a halt until a person has looked at it.
    """
    found = state.check.standing
    assert found is not None
    ours, theirs = format_index(found.ours), format_index(found.theirs)
    told = f"{ticker}: venue settled at {theirs}, we at {ours}"
    if found.seen_in == "next_strike":
        told = f"{ticker}: strike {theirs}, but our average of the window before is {ours}"
    state.story.tell(state.now, "error", "settlement", told)
    markets.reblock(state)
    note = Note("error", "settlement", told)
    return _halt(state, told) or (note,)


def _halt(state: State, told: str) -> tuple[Intent, ...]:
    """Where orders may leave; who only watches has nothing to halt, and nobody to clear it."""
    if not state.settings.trades:
        return ()
    return guard.opened(state, state.breakers.mismatch(told, state.now))
