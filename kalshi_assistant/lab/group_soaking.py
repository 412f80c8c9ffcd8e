"""Order groups on a seed's day of trading: what goes wrong with them, and what must hold.

Somebody triggers a group by hand, deletes it, sets another limit; its limit falls without a word,
so that ordinary fills trigger it. Whatever happens: every entry names a group and no exit does; no
entry leaves while a halt stands, and nothing while a kill does; once a process was told by a
refusal that its group has triggered, none of its entries leaves before a person cleared that; an
orderly end leaves no group in use.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.domain.units import ONE_CONTRACT
from kalshi_assistant.runtime.sending import Answer
from kalshi_assistant.runtime.simulated_trading import NetworkFaults, Sent
from kalshi_assistant.sim import writes
from kalshi_assistant.sim.accounts import CRYPTO_SHARD
from kalshi_assistant.sim.exchange import Exchange
from kalshi_assistant.sim.private import GroupTold
from kalshi_assistant.venues.kalshi.rest import Request

CREATE: Final = "/portfolio/events/orders"
GROUPS: Final = "portfolio/order_groups"
HALT_GRACE: Final = 300 * MILLISECOND
"""An order made durable before a halt may still leave within its approval."""
SEEN_ENOUGH: Final = 40 * SECOND
"""So old a halt of a group's is when a person clears it."""
HEARD_GRACE: Final = MILLISECOND
"""What was on its way out when an answer came in."""
STANDING: Final = "SELECT breaker, since FROM halts WHERE cleared_at IS NULL"


def group_faults(faults: NetworkFaults, rng: np.random.Generator) -> NetworkFaults:
    """Trouble with requests about groups in half of the days, beside what else there is."""
    part = [float(each) for each in rng.random(3)]
    if part[0] < 0.5:
        return faults
    return replace(faults, group_refused=part[1] * 0.6, group_lost=part[2] * 0.5)


class GroupDay:
    """The groups of one day, from the venue's side."""

    def __init__(
        self,
        exchange: Exchange,
        ledger: Path,
        now: Callable[[], Nanos],
        chance: np.random.Generator,
        broken: list[str],
    ) -> None:
        """``broken`` takes what does not hold."""
        self._exchange, self._ledger, self._now, self._chance = exchange, ledger, now, chance
        self._broken = broken
        self._refused: dict[str, Nanos] = {}
        """By process: when it was first told that its group has triggered."""
        self.triggers = 0

    def told(self, events: Iterable[object]) -> None:
        """What the venue says at one instant."""
        self.triggers += sum(
            isinstance(each, GroupTold) and each.change == "triggered" for each in events
        )

    def meddle(self) -> None:
        """Other hands on the newest group."""
        found = list(self._exchange.desk.groups.on(0, CRYPTO_SHARD))
        draw = float(self._chance.random())
        if not found:
            return
        path = f"{GROUPS}/{found[-1].group_id}"
        if draw < 0.3:
            self._ask("PUT", f"{path}/trigger")
        elif draw < 0.5:
            self._ask("DELETE", path)
        elif draw < 0.7:
            self._ask("PUT", f"{path}/limit", b'{"contracts_limit": 1000}')
        else:
            found[-1].limit = ONE_CONTRACT

    def leaves(self, by: str, body: dict[str, Any]) -> None:
        """An order leaves, at this very instant."""
        name, exits = body["client_order_id"], is_exit(body)
        if exits != (body.get("order_group_id") is None):
            self._broken.append(f"{name} left {'in' if exits else 'without'} an order group")
        now = self._now()
        for breaker, since in self.standing():
            if now - since > HALT_GRACE and (breaker == "kill" or not exits):
                self._broken.append(f"{name} left while {breaker} stands")
        if exits:
            return
        if now - self._refused.get(by, now) > HEARD_GRACE:
            self._broken.append(f"{name} left after {by} was told that its group has triggered")

    def hears(self, by: str, request: Request, answer: Answer) -> None:
        """An answer arrives."""
        if request.path == CREATE and b"order_group_triggered" in answer.body:
            self._refused.setdefault(by, self._now())

    def cleared(self) -> None:
        """A person cleared every halt."""
        self._refused.clear()

    def seen_enough(self) -> bool:
        """Whether a person clears the halt of a group now."""
        now = self._now()
        return any(
            breaker == "order_group" and now - since > SEEN_ENOUGH
            for breaker, since in self.standing()
        )

    def standing(self) -> Sequence[tuple[str, int]]:
        """Halts in the store: name, since when."""
        with closing(sqlite3.connect(f"file:{self._ledger}?mode=ro", uri=True)) as book:
            return book.execute(STANDING).fetchall()

    def ended(self) -> None:
        """Every process has ended in order: what is left at the venue takes no order of ours."""
        for each in self._exchange.desk.groups.on(0, CRYPTO_SHARD):
            if each.orders:
                self._broken.append(f"orders rest in group {each.group_id} after the end")

    def _ask(self, method: str, path: str, body: bytes = b"") -> None:
        where = {"exchange_index": [str(CRYPTO_SHARD)]}
        writes.answer(self._exchange, method, path, where, body, self._now())


def is_create(sent: Sent) -> bool:
    """Whether a request was for a new order."""
    return sent.request.method == "POST" and sent.request.path == CREATE


def body_of(sent: Sent) -> dict[str, Any]:
    """What a request said."""
    body: dict[str, Any] = msgspec.json.decode(sent.request.body)
    return body


def is_exit(body: dict[str, Any]) -> bool:
    """Reduce-only, or a take-profit (which rests and is not post-only)."""
    resting = body["time_in_force"] == "good_till_canceled"
    return bool(body.get("reduce_only")) or (resting and not body.get("post_only"))
