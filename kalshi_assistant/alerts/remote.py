"""What a person may ask and order from afar: answers in text.

Orders from afar can only tighten. ``/pause`` and ``/kill`` do; ``/resume`` takes back a pause that
came from here and no other, and no halt is ever cleared. ``/kill`` and ``/resume`` are confirmed
twice, each time with a number that is good for a minute and for who asked.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.domain.time import SECOND, Nanos, format_iso
from kalshi_assistant.domain.units import format_index, format_money, format_quantity
from kalshi_assistant.engine.snapshot import FunnelCounts, MarketView, Snapshot

PAUSED_HERE: Final = "telegram"
"""How the reason of a pause from here begins."""
CONFIRM_SECONDS: Final = 60
CONFIRMATIONS: Final = 2
_COMMONEST: Final = 4
_CONSEQUENCES: Final = {
    "kill": "halts everything for good and takes out our orders; only a person at the machine "
    "can clear it",
    "resume": "lets signals run again after the pause from here",
}
_HELP: Final = (
    "/status where things stand\n/pnl money\n/why nothing trades\n/pause stop signals\n"
    "/resume take back a pause from here (asks twice)\n/kill halt for good (asks twice)"
)
_NO_ENGINE: Final = "no engine is attached: nothing can be said or done from here"


class Desk(Protocol):
    """The engine, as far as it can be reached from here."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest; ``None`` while no engine is attached."""
        ...

    async def command(self, name: str, argument: str) -> str:
        """Do it; answers in the engine's words. Raises AssistantError."""
        ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """A command that waits for being confirmed."""

    name: str
    code: str
    step: int
    until: int


def _code() -> str:
    return f"{secrets.randbelow(9_000) + 1_000}"


class Remote:
    """Answers the commands of people who are known to be allowed."""

    def __init__(
        self, desk: Desk, now: Callable[[], Nanos], draw_code: Callable[[], str] = _code
    ) -> None:
        self._desk, self._now, self._draw_code = desk, now, draw_code
        self._asked: dict[int, _Asked] = {}

    async def answer(self, user: int, text: str) -> str:
        """What to say to ``text`` from ``user``; does what it orders."""
        words = text.split()
        name = words[0].removeprefix("/").split("@")[0].lower() if words else ""
        snapshot = self._desk.snapshot
        if name not in (*_SAID, "pause", "resume", "kill"):
            return _HELP
        if snapshot is None:
            self._asked.pop(user, None)
            return _NO_ENGINE
        if name in _SAID:
            return _SAID[name](snapshot)
        if name == "pause":
            return await self._pause(user, snapshot)
        return await self._confirmed(user, name, words[1:2], snapshot)

    async def _pause(self, user: int, snapshot: Snapshot) -> str:
        if snapshot.paused is not None:
            return f"paused already: {snapshot.paused}"
        return await self._order("pause", f"{PAUSED_HERE} user {user}")

    async def _confirmed(self, user: int, name: str, given: list[str], snapshot: Snapshot) -> str:
        asked, now = self._asked.pop(user, None), self._now()
        refusal = None if name == "kill" else _not_resumable(snapshot)
        if refusal is not None:
            return refusal
        if not given:
            return self._ask(user, name, 1, now)
        if asked is None or asked.name != name or now > asked.until:
            return f"there is nothing to confirm any more; begin again with /{name}"
        if not secrets.compare_digest(asked.code.encode(), given[0].encode()):
            return f"that is not the number; nothing was done. Begin again with /{name}"
        if asked.step < CONFIRMATIONS:
            return self._ask(user, name, asked.step + 1, now)
        return await self._order(name, f"{PAUSED_HERE} user {user}")

    def _ask(self, user: int, name: str, step: int, now: Nanos) -> str:
        code = self._draw_code()
        self._asked[user] = _Asked(name, code, step, now + CONFIRM_SECONDS * SECOND)
        about = f"/{name} {_CONSEQUENCES[name]}.\n" if step == 1 else ""
        return f"{about}Confirm {step} of {CONFIRMATIONS} within a minute: /{name} {code}"

    async def _order(self, name: str, reason: str) -> str:
        try:
            return await self._desk.command(name, reason)
        except AssistantError as error:
            return f"/{name} was not done: {error}"


def _not_resumable(snapshot: Snapshot) -> str | None:
    """Why a pause is not lifted from here."""
    if snapshot.paused is None:
        return "signals are not paused; halts are cleared at the machine only"
    if not snapshot.paused.startswith(PAUSED_HERE):
        return f"paused at the machine ({snapshot.paused}): resume there"
    return None


def status(snapshot: Snapshot) -> str:
    """Where things stand."""
    lines = [f"{snapshot.mode.upper()} on {snapshot.environment}, {format_iso(snapshot.at)}"]
    if snapshot.market is None:
        lines.append("no market now")
    else:
        lines += _market(snapshot.market, snapshot.at)
    index = snapshot.index
    value = "unknown" if index.value is None else format_index(index.value)
    lines.append(f"index {value} ({index.label})")
    lines += _troubles(snapshot)
    return "\n".join(lines)


def _market(market: MarketView, at: int) -> list[str]:
    number, left = market.number, max(0, market.close_time - at) // SECOND
    strike = "unknown" if market.strike is None else format_index(market.strike)
    p = f"none ({number.no_number})" if number.p_yes is None else f"{number.p_yes:.3f}"
    mid = "unknown" if market.market_mid is None else f"{market.market_mid:.3f}"
    return [
        f"{market.ticker}, strike {strike}, {left // 60}:{left % 60:02d} left",
        f"P(YES) {p}, market {mid}",
        f"position {format_quantity(market.position)} YES",
    ]


def _troubles(snapshot: Snapshot) -> list[str]:
    said = []
    if snapshot.paused is not None:
        said.append(f"PAUSED: {snapshot.paused}")
    said += [each for each in (snapshot.exchange_says, snapshot.unreachable) if each is not None]
    trading = snapshot.trading
    if trading is not None and trading.closed_because is not None:
        said.append(f"no entries: {trading.closed_because}")
    if trading is not None:
        said += [f"breaker {each.name} is {each.state}" for each in trading.breakers
                 if each.state != "closed"]  # fmt: skip
    down = [feed.name for feed in snapshot.feeds if feed.state == "down"]
    return [*said, f"feeds down: {', '.join(down)}"] if down else said


def pnl(snapshot: Snapshot) -> str:
    """Money."""
    paper, trading = snapshot.paper, snapshot.trading
    if trading is None:
        return f"{snapshot.mode}: nothing is traded"
    realized, fees = format_money(paper.realized), format_money(paper.fees)
    lines = [
        f"{snapshot.mode.upper()}: today ${format_money(trading.day_pnl)}",
        f"cash ${format_money(trading.cash)}, equity ${format_money(trading.equity)}",
        f"realized ${realized}, fees ${fees}, {paper.fills} fills",
        f"at most ${format_money(trading.worst)} can be lost on what is held and under way",
    ]
    lines += [f"{each.ticker}: ${format_money(each.paper_pnl)}" for each in snapshot.windows[:5]]
    return "\n".join(lines)


def why(snapshot: Snapshot) -> str:
    """Why nothing trades, or that something could."""
    market, funnel = snapshot.market, snapshot.funnel
    if market is None:
        return "there is no market now"
    lines = ["a signal could fire now" if market.veto is None else f"now: {_plain(market.veto)}"]
    counts = None if funnel is None else funnel.window or funnel.total
    return "\n".join([*lines, *([] if counts is None else _funnel(counts))])


def _funnel(counts: FunnelCounts) -> list[str]:
    looked = f"{counts.looks} looks, {counts.candidates} with an edge, {counts.crossings} crossings"
    lines = [f"{looked}, {counts.signals} signals, {counts.orders} orders"]
    common = sorted(counts.vetoes.items(), key=lambda each: -each[1])[:_COMMONEST]
    if common:
        lines.append("mostly: " + ", ".join(f"{_plain(name)} {count}" for name, count in common))
    near = counts.nearest
    if near is not None:
        lines.append(
            f"nearest miss: {near.outcome.upper()} {near.over * 100:+.1f}c against the threshold, "
            f"{_plain(near.because)}"
        )
    return lines


def _plain(code: str) -> str:
    return code.replace("_", " ")


_SAID: Final[dict[str, Callable[[Snapshot], str]]] = {"status": status, "pnl": pnl, "why": why}
"""Commands that only ask."""
