"""What is kept of trading beyond the life of a process: entries, and the standing they add up to.

The engine asks for an entry with the intent ``Keep``; the store writes it before anything that
follows from it leaves, and gives the sum back at the next start.
"""

from typing import Final, Literal

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.orders import BookSide, Order, OrderState
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, Price, Quantity


class OpenOrder(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An order of ours that was not finished when it was last heard of."""

    order: Order
    state: OrderState
    order_id: str | None
    """The venue's; ``None`` while no answer came."""
    filled: Quantity


class Holding(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is held in one market and what it has brought so far; positive is YES."""

    ticker: Ticker
    quantity: Quantity
    cost: Money
    """Paid for what is held now, without fees."""
    fees: Money
    realized: Money
    """Of contracts closed before settlement, before fees."""
    edge: Money
    """At entry: believed value less the best price, times contracts bought."""
    slippage: Money
    """Best price less the price paid (negative is worse)."""
    believed: Money
    """What was believed of all that was bought: value at entry."""


class Halt(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A breaker that stays open until a person clears it."""

    breaker: str
    reason: str
    since: Nanos


class PolicyStanding(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An account on paper under an assumption that is not the one of record."""

    policy: str
    cash: Money
    fees: Money
    realized: Money
    profit: Money
    """Of markets paid out, after fees."""
    holdings: tuple[Holding, ...]
    paid: tuple[tuple[Ticker, Quantity], ...] = ()
    """As in ``Standing``."""


class Standing(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An account between two processes."""

    start: Money
    cash: Money
    fees: Money
    realized: Money
    """After every fee."""
    holdings: tuple[Holding, ...]
    halts: tuple[Halt, ...]
    peak: Money
    """Highest equity at a settlement."""
    day: str
    """New York's, ISO; what follows counts from its midnight."""
    day_start: Money
    """Realised profit of the account when the day began, or since a person accepted its loss."""
    losses_in_a_row: int
    good_windows: int
    """Windows traded without trouble since the canary began."""
    seen: tuple[tuple[str, str], ...]
    """(order id, trade id) of the fills entered lately: told again, they are not entered again."""
    cooling_until: Nanos = Nanos(0)
    """No entries before, after losses in a row."""
    results: tuple[tuple[Ticker, Outcome], ...] = ()
    """Markets paid out lately: a fill told only afterwards is paid out at once."""
    policies: tuple[PolicyStanding, ...] | None = None
    """On paper; one that never traded is not among them. ``None``: not known, so that each goes on
    from what the account of record holds.
    """
    paid: tuple[tuple[Ticker, Quantity], ...] = ()
    """Contracts paid out lately, YES less NO: a result may change after all."""


class FillKept(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A fill entered in the account of record, and where it left the market and the cash."""

    at: Nanos
    ticker: Ticker
    client_order_id: ClientOrderId | None
    order_id: str
    trade_id: str
    side: BookSide
    price: Price
    quantity: Quantity
    is_taker: bool
    fee: Money
    source: str
    purpose: str
    kind: str
    cash: Money
    realized: Money
    """Of the account, after it."""
    holding: Holding


class PolicyFillKept(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A paper fill under an assumption that is not the account of record."""

    at: Nanos
    ticker: Ticker
    client_order_id: ClientOrderId
    trade_id: str
    side: BookSide
    price: Price
    quantity: Quantity
    is_taker: bool
    fee: Money
    policy: str


class SettlementKept(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A market paid out: profit after fees, and what it came from. Or what a result that the venue
    changed afterwards made of it: a line that holds nothing, with the difference as its payout.
    """

    at: Nanos
    ticker: Ticker
    result: Outcome
    quantity: Quantity
    """Held at the end; positive is YES."""
    cost: Money
    payout: Money
    fees: Money
    pnl: Money
    edge: Money
    drift: Money
    """What the outcome, or the way there, brought against what was believed at entry."""
    slippage: Money
    """``pnl = edge + slippage + drift - fees``, exactly."""
    cash: Money
    realized: Money
    policies: tuple[tuple[str, Money], ...] = ()
    """Profit under each assumption, on paper."""


class PolicySettlementKept(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A market paid out on paper under an assumption that is not the account of record, which may
    hold nothing there.
    """

    at: Nanos
    ticker: Ticker
    policy: str
    result: Outcome
    pnl: Money
    """After fees."""


class OrderKept(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Where an order of ours has got to."""

    at: Nanos
    id: ClientOrderId
    order_id: str | None
    state: OrderState
    filled: Quantity
    reason: str | None


DAY_ENDED: Final = "the day ended"
"""Why a halt was cleared where no person did it."""


class HaltKept(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A breaker opened for good, or was cleared (with the reason of the person)."""

    at: Nanos
    halt: Halt
    cleared: str | None


GroupState = Literal["open", "triggered", "ended", "gone"]
"""Of an order group of ours: takes orders; was triggered, and takes none until a person cleared the
halt; we ended it, and it is to be deleted; is there no more.
"""


class GroupKept(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """How an order group of ours stands at the venue."""

    at: Nanos
    group_id: str
    exchange_index: int
    state: GroupState


class StandingKept(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """What changes outside single markets: peak, day, counts."""

    at: Nanos
    start: Money
    cash: Money
    peak: Money
    day: str
    day_start: Money
    losses_in_a_row: int
    good_windows: int
    cooling_until: Nanos


Entry = (
    FillKept
    | PolicyFillKept
    | SettlementKept
    | PolicySettlementKept
    | OrderKept
    | HaltKept
    | GroupKept
    | StandingKept
    | EvidenceKept
)
"""``drift`` etc. are micro-dollars; a closed union that the store keeps, each in its own table."""
