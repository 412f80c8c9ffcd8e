"""``pnl``: profit by New York day, and what it came from, from the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from kalshi_assistant.cli.ledgers import Limit, OfMode, aligned, reading, signed_money
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.domain.entries import SettlementKept
from kalshi_assistant.domain.time import NEW_YORK, as_datetime
from kalshi_assistant.domain.units import format_money

DAYS = 30
"""Days shown unless told otherwise."""


@dataclass(slots=True)
class Sum:
    """Markets paid out, added up."""

    markets: int = 0
    won: int = 0
    """Those that brought more than nothing."""
    pnl: int = 0
    edge: int = 0
    slippage: int = 0
    drift: int = 0
    fees: int = 0
    policies: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Sum") -> None:
        """Take another's markets in."""
        self.markets += other.markets
        self.won += other.won
        self.pnl += other.pnl
        self.edge += other.edge
        self.slippage += other.slippage
        self.drift += other.drift
        self.fees += other.fees
        for name, pnl in other.policies.items():
            self.policies[name] = self.policies.get(name, 0) + pnl


def pnl(
    limit: Limit = DAYS,
    mode: OfMode = None,
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Show profit by day of New York, by the time of the payout; the newest days, oldest first.

    Profit is edge + slippage + drift - fees, exactly. Edge is what was believed at entry against
    the best price, slippage what was paid beyond it, drift what the outcome made of it. On paper,
    the range is from the least to the most that the assumptions about the queue would have brought.
    """
    output = Output(as_json=as_json)
    with reading(mode, environment, state_dir, config, output) as ledger:
        if ledger is None:
            return 0
        days, total, account = _by_day(ledger.all_settlements()), Sum(), ledger.account()
        assert account is not None
        for of_day in days.values():
            total.add(of_day)
        shown = sorted(days.items())[-limit:]
        for day, of_day in shown:
            output.record("day", day=day, **_fields(of_day))
        realized, fees = format_money(account.realized), format_money(account.fees)
        whole = {"realized": realized, "account_fees": fees}
        output.record("total", **_fields(total), **whole)
        if not shown:
            output.note("no market was paid out yet")
            return 0
        rows = [_line(*each) for each in (*shown, ("all", total))]
        output.say(aligned(_head(total), rows))
        if account.realized != total.pnl:
            output.say(f"realised with markets that are not paid out yet: {realized}")
    return 0


def _by_day(ends: Iterable[SettlementKept]) -> dict[str, Sum]:
    """The sums of each day, ISO."""
    days: dict[str, Sum] = {}
    for end in ends:
        day = as_datetime(end.at, NEW_YORK).date().isoformat()
        days.setdefault(day, Sum()).add(_one(end))
    return days


def _one(end: SettlementKept) -> Sum:
    parts = (end.pnl, end.edge, end.slippage, end.drift, end.fees)
    changed = not end.quantity and bool(end.payout)  # the result of a market that was counted
    return Sum(int(not changed), int(end.pnl > 0 and not changed), *parts, dict(end.policies))


def _fields(found: Sum) -> dict[str, object]:
    return {
        "markets": found.markets,
        "won": found.won,
        "pnl": format_money(found.pnl),
        "edge": format_money(found.edge),
        "slippage": format_money(found.slippage),
        "drift": format_money(found.drift),
        "fees": format_money(found.fees),
        "policies": {name: format_money(pnl) for name, pnl in found.policies.items()},
        "range": _range(found),
    }


def _range(found: Sum) -> list[str] | None:
    """Least and most of the assumptions; ``None`` where there are none, as with real money."""
    if not found.policies:
        return None
    return [format_money(bound(found.policies.values())) for bound in (min, max)]


def _head(total: Sum) -> tuple[str, ...]:
    head = ("day", "markets", "won", "profit", "edge", "slippage", "drift", "fees")
    return (*head, "paper range") if total.policies else head


def _line(day: str, found: Sum) -> tuple[str, ...]:
    parts = (found.pnl, found.edge, found.slippage, found.drift)
    line = (day, str(found.markets), str(found.won), *map(signed_money, parts))
    between = _range(found)
    fees = format_money(found.fees)
    return (*line, fees) if between is None else (*line, fees, " to ".join(between))
