"""The ledger in any order of events: nothing appears or is lost, and a restart is no event."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kalshi_assistant.domain.entries import FillKept, Standing
from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.execution.ledger import Ledger

START = 10**9
TICKERS = st.sampled_from(["A", "B", "C"])
PRICES = st.integers(1, 9_999)


def standing(ledger: Ledger) -> Standing:
    """What a store gives back of this ledger; the rest of a standing is not the ledger's."""
    return Standing(
        start=ledger.start,
        cash=ledger.cash,
        fees=ledger.fees,
        realized=ledger.realized,
        holdings=ledger.holdings(),
        halts=(),
        peak=0,
        day="",
        day_start=0,
        losses_in_a_row=0,
        good_windows=0,
        seen=ledger.seen(),
        results=ledger.results(),
        paid=ledger.paid(),
    )


class Trading(RuleBasedStateMachine):
    """One ledger that goes on and one that is restored again and again, beside a naive account.

    The naive account knows no netting, no average cost and no market state: each fill, alone, pays
    its price and fee and is held to the result.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ledger, self.restarted = Ledger(START), Ledger(START)
        self.told: list[OrderFilled] = []
        self.results: dict[str, str] = {}
        self.moved = 0
        self.pnl = 0

    def both(self, work):
        first, second = work(self.ledger), work(self.restarted)
        assert first == second
        return first

    @rule(
        ticker=TICKERS,
        side=st.sampled_from([0, 1]),
        price=PRICES,
        quantity=st.integers(1, 3_000),
        fee=st.integers(0, 20_000),
        fair=st.none() | st.integers(0, 10**6),
        top=st.none() | PRICES,
    )
    def fill(self, ticker, side, price, quantity, fee, fair, top) -> None:
        number = str(len(self.told))
        event = OrderFilled(
            0, 0, ticker, "o", "o", number, side, price, quantity, True, fee, None, "venue"
        )
        order = Order("o", ticker, side, price, quantity, 0, fair=fair, top=top)
        kept = self.both(lambda each: each.fill(event, order))
        assert isinstance(kept, FillKept)
        self.told.append(event)
        late = self.both(Ledger.paid_late)
        assert bool(late) == (ticker in self.results)
        self.settled(late)

    @rule(data=st.data())
    def tell_a_fill_again(self, data) -> None:
        if self.told:
            event = data.draw(st.sampled_from(self.told))
            before = standing(self.ledger)
            assert self.both(lambda each: each.fill(event, None)) is None
            assert standing(self.ledger) == before

    @rule(ticker=TICKERS, result=st.sampled_from(["yes", "no"]))
    def settle(self, ticker, result) -> None:
        result = self.results.setdefault(ticker, result)
        kept = self.both(lambda each: each.settle(ticker, result, 0))
        self.settled([kept] if kept else [])

    @rule(data=st.data())
    def change_a_result(self, data) -> None:
        if self.results:
            ticker = data.draw(st.sampled_from(sorted(self.results)))
            self.results[ticker] = result = "no" if self.results[ticker] == "yes" else "yes"
            kept = self.both(lambda each: each.correct(ticker, result, 0))
            self.settled([kept] if kept else [])

    def settled(self, kept) -> None:
        for each in kept:
            assert each.pnl == each.edge + each.slippage + each.drift - each.fees
            assert each.quantity == 0 or each.payout in (0, 10_000 * abs(each.quantity))
            self.pnl += each.pnl

    @rule(amount=st.integers(-(10**6), 10**6))
    def move_cash(self, amount) -> None:
        self.both(lambda each: each.move_cash(amount))
        self.moved += amount

    @rule()
    def restart(self) -> None:
        self.restarted = Ledger.restore(standing(self.restarted))

    @invariant()
    def a_restart_changed_nothing(self) -> None:
        assert self.ledger == self.restarted

    @invariant()
    def cash_is_what_every_fill_alone_would_have_left(self) -> None:
        """For every way the open markets may still end."""
        held = {each.ticker: each.quantity for each in self.ledger.holdings()}
        for default in ("yes", "no"):
            cash = self.ledger.cash
            for ticker, quantity in held.items():
                assert ticker not in self.results
                cash += 10_000 * max(quantity if default == "yes" else -quantity, 0)
            assert cash == START + self.moved + sum(self.won(fill, default) for fill in self.told)

    def won(self, fill, default: str) -> int:
        yes = self.results.get(fill.ticker, default) == "yes"
        cost = fill.price if fill.side == BID else 10_000 - fill.price
        won = 10_000 if yes == (fill.side == BID) else 0
        return (won - cost) * fill.quantity - fill.fee

    @invariant()
    def what_is_open_lies_between_nothing_and_a_dollar(self) -> None:
        for held in self.ledger.holdings():
            assert 0 <= held.cost <= 10_000 * abs(held.quantity)
            bought = held.believed - held.edge - held.slippage
            assert bought >= held.cost, "all that was bought cost at least what is left of it"

    @invariant()
    def profit_is_that_of_markets_paid_out_and_of_what_was_closed_before(self) -> None:
        pending = sum(held.realized - held.fees for held in self.ledger.holdings())
        assert self.ledger.realized == self.pnl + pending
        assert self.ledger.fees == sum(fill.fee for fill in self.told)


TestTrading = Trading.TestCase
