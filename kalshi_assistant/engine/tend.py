"""Once a second: which markets to follow, what to ask again, what to forecast, what is over."""

from kalshi_assistant.domain.events import TimerFired
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import Inquire, Intent, SetTimer, Unwatch, Watch
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos
from kalshi_assistant.engine import account, groups, guard, orders, positions, reconciliation
from kalshi_assistant.engine.beliefs import note
from kalshi_assistant.engine.clock_set import TEND
from kalshi_assistant.engine.clocks import check_clock
from kalshi_assistant.engine.forecasts import ask, forecast, remember, standing_horizon
from kalshi_assistant.engine.markets import refresh, say_pause
from kalshi_assistant.engine.prints import ask_history, choose
from kalshi_assistant.engine.reach import look_around
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.engine.trade import react
from kalshi_assistant.engine.windows import report
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import LOOK
from kalshi_assistant.strategy.signals import set_latency

ESTIMATE = "estimate"
LEAD = 60 * SECOND
"""The next market is subscribed to this long before the current one closes."""
STATUS_EVERY = 60 * SECOND
SETTLEMENT_DUE = 9 * SECOND
"""After the close; the venue publishes 6.5 to 8.2 s after it in the median."""
GIVE_UP = 20 * MINUTE
"""A window without a published value is reported as it is."""
LISTED_AHEAD = 17 * MINUTE
"""Every quarter hour up to here should be listed: the open one, the next, and in the last two
minutes the one after.
"""


def tend(state: State, event: TimerFired) -> tuple[Intent, ...]:
    """The housekeeping timer came due; sets the next one on the following whole second."""
    if event.key == ESTIMATE:
        return _estimate(state)
    if event.key != TEND:
        return ()
    intents = choose(state) + check_clock(state) + look_around(state) + _follow(state)
    intents += say_pause(state)
    set_latency(state.settings.signal, state.index.real, state.own_p95)
    intents += _look(state)
    intents += _ask(state)
    intents += reconciliation.due(state)
    intents += _close_books(state)
    intents += state.inquiries.due(state.now)
    if state.settings.trades:
        intents += guard.tend(state) + account.tend(state) + groups.tend(state)
        intents += orders.tend(state)
        intents += positions.tend(state)
    due = Nanos((state.now // SECOND + 1) * SECOND)
    return (*intents, SetTimer(TEND, due))


def _follow(state: State) -> tuple[Intent, ...]:
    """Subscribe to what will be needed, let go of what is over, and point the number at the
    market now open.
    """
    wanted = state.universe.follow(state.now, LEAD)
    intents: list[Intent] = [Watch(ticker) for ticker in wanted if ticker not in state.watched]
    intents += [Unwatch(ticker) for ticker in state.watched if ticker not in wanted]
    state.watched = wanted
    for ticker in wanted:
        if ticker not in state.markets:
            state.market(ticker)
            refresh(state, ticker)
    contract = state.universe.current(state.now) or state.universe.upcoming(state.now)
    state.focus = None if contract is None else state.markets.get(contract.ticker)
    return tuple(intents)


def _look(state: State) -> tuple[Intent, ...]:
    """Evaluate the focus at this second, write down the forecast of a horizon that has just
    passed, and have the number simulated.
    """
    market = state.focus
    if market is None or market.contract is None:
        return ()
    bits = _evaluate(state, market)
    remember(state, market)
    note(state, market)
    intents = react(state, market, bits) if bits else ()
    horizon = standing_horizon(market.contract.close_time - state.now)
    if horizon is not None:
        return intents + forecast(state, market, horizon) + _again(state)
    return intents + _estimate(state)


def _evaluate(state: State, market: MarketState) -> int:
    index = state.index
    return step(market.book.array, index.array, index.real, LOOK, 0, 0, 0, state.now)


def _estimate(state: State) -> tuple[Intent, ...]:
    """Have the number of the open window simulated, some times a second."""
    market = state.focus
    if state.settings.number.estimates_per_second == 0 or market is None:
        return ()
    contract = market.contract
    if contract is None or not contract.open_time <= state.now < contract.close_time:
        return ()
    _evaluate(state, market)
    return ask(state, market) + _again(state)


def _again(state: State) -> tuple[Intent, ...]:
    """The next time within this second; on the whole second it happens anyway."""
    per_second = state.settings.number.estimates_per_second
    if per_second == 0:
        return ()
    due = Nanos(state.now + SECOND // per_second)
    return (SetTimer(ESTIMATE, due),) if due // SECOND == state.now // SECOND else ()


def _ask(state: State) -> tuple[Intent, ...]:
    """What is missing is asked for: status, markets, index history, late strikes, settlements."""
    now, ask = state.now, state.inquiries.ask
    intents: tuple[Intent, ...] = ()
    if now >= state.status_due:
        state.status_due = now + STATUS_EVERY
        intents += ask(Inquire(what="exchange_status"), now)
    if state.universe.unlisted(now, LISTED_AHEAD):
        intents += ask(Inquire(what="markets"), now)
    else:
        state.inquiries.answered("markets")
    if not state.history_asked:
        state.history_asked = True
        intents += ask_history(state)
    for ticker in state.universe.strike_due(now):
        intents += ask(Inquire(what="market", ticker=ticker), now)
    return intents


def _close_books(state: State) -> tuple[Intent, ...]:
    """Ask for settlements that are due; report and forget windows that are over."""
    intents: tuple[Intent, ...] = ()
    for market in list(state.markets.values()):
        since = 0 if market.contract is None else state.now - market.contract.close_time
        if since <= 0:
            continue
        if market.published is None and since >= SETTLEMENT_DUE and not market.reported:
            question = Inquire(what="market", ticker=market.ticker)
            intents += state.inquiries.ask(question, state.now)
        if since >= GIVE_UP:
            intents += report(state, market)
            _forget(state, market)
    return intents


def _forget(state: State, market: MarketState) -> None:
    state.inquiries.answered("market", market.ticker)
    ticker: Ticker = market.ticker
    if ticker not in state.watched:
        state.markets.pop(ticker, None)
