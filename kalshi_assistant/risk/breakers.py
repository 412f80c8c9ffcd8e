"""Circuit breakers: what trips each, what it stops, what it keeps, and how it closes again.

Three kinds. A *halt* stays open until a person clears it with a reason, also over a restart. A
*pause* counts from its last cause and ends by itself. A *guard* is open for as long as its cause
lasts, and a little longer. No breaker ever stops a cancel.

Clearing a halt of the day's loss or of the drawdown accepts what was lost so far: the caller lets
the day and the peak begin anew at the equity of that instant. Were it not to, the halt would open
again at the next equity; a winning trade alone closes nothing.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final, Literal

from kalshi_assistant.domain.entries import Halt
from kalshi_assistant.domain.orders import Purpose
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos
from kalshi_assistant.domain.units import Money
from kalshi_assistant.market.calendar import day_of
from kalshi_assistant.risk.limits import RiskSettings, below_peak, dollars, money

BreakerState = Literal["closed", "open", "cooling"]
BreakerStep = Literal["tripped", "eased", "cooled", "cleared", "day_over"]
Kind = Literal["halt", "pause", "guard"]

BREAKER_LIFE: Final[dict[tuple[BreakerState, BreakerStep], BreakerState]] = {
    ("closed", "tripped"): "open",
    ("open", "tripped"): "open",
    ("open", "eased"): "cooling",
    ("open", "cleared"): "closed",
    ("open", "day_over"): "closed",
    ("cooling", "tripped"): "open",
    ("cooling", "cooled"): "closed",
    ("cooling", "cleared"): "closed",
}
"""Closed lets orders through; open and cooling stop what the breaker stops."""

STEPS: Final[dict[Kind, frozenset[BreakerStep]]] = {
    "halt": frozenset(("tripped", "cleared", "day_over")),
    "pause": frozenset(("tripped", "eased", "cooled", "cleared")),
    "guard": frozenset(("tripped", "eased", "cooled")),
}
"""What may happen to each kind: no halt cools, and nobody talks a guard out of its cause."""

Stops = frozenset[Purpose]
ENTRIES: Final[Stops] = frozenset(("entry",))
UNCAPPED: Final[Stops] = frozenset(("entry", "take_profit"))
EVERYTHING: Final[Stops] = frozenset(("entry", "exit", "take_profit"))

STOPS_IN_WORDS: Final[dict[Stops, str]] = {
    ENTRIES: "blocks new entries",
    UNCAPPED: "blocks new entries and take-profits",
    EVERYTHING: "blocks every order, exits too",
}
KEEPS_IN_WORDS: Final[dict[Stops, str]] = {
    ENTRIES: "keeps exits, take-profits and cancels",
    UNCAPPED: "keeps cancels, and exits that the venue itself caps at what is held",
    EVERYTHING: "keeps cancels only",
}


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker; texts may name settings of ``risk`` in braces."""

    name: str
    kind: Kind
    stops: Stops
    opens: str
    closes: str


UNREAD: Final = (
    "an account at a venue that was not read yet, or differs from our own ledger, "
    f"{STOPS_IN_WORDS[UNCAPPED]} and {KEEPS_IN_WORDS[UNCAPPED]}, until both agree"
)
"""What is no breaker and stops orders all the same."""
BY_PERSON: Final = "a person clears it, with a reason; until then it stays, over restarts too"

FLATTEN: Final = "flatten"
"""While it stands, what is held is to be closed: the wish of a person, kept like any halt."""

OF_LOSSES: Final = ("day_loss", "drawdown")
"""Who clears these accepts what was lost so far."""

BREAKERS: Final[tuple[Breaker, ...]] = (
    Breaker("kill", "halt", EVERYTHING, "the kill command, from outside the process", BY_PERSON),
    Breaker(
        "ledger_differs",
        "halt",
        UNCAPPED,
        "an order at the venue is not what our own ledger says of it: it rests though it was over, "
        "or bears our name and no start of ours made it",
        BY_PERSON,
    ),
    Breaker(FLATTEN, "halt", UNCAPPED, "a person closes everything and stays out", BY_PERSON),
    Breaker("person", "halt", ENTRIES, "a person halts trading", BY_PERSON),
    Breaker(
        "foreign",
        "halt",
        ENTRIES,
        "an order, fill or position in our subaccount and series that we did not make",
        BY_PERSON,
    ),
    Breaker(
        "settlement_mismatch",
        "halt",
        ENTRIES,
        "the venue settled a market at another value than all of its prints give, or changed a "
        "result that was paid out",
        BY_PERSON,
    ),
    Breaker(
        "day_loss",
        "halt",
        ENTRIES,
        "the New York day has lost {max_day_loss_dollars}, open positions at what they would "
        "bring now",
        BY_PERSON,
    ),
    Breaker(
        "drawdown",
        "halt",
        ENTRIES,
        "equity is {max_drawdown_percent:g}% below its peak",
        BY_PERSON,
    ),
    Breaker(
        "rejects",
        "halt",
        ENTRIES,
        "the venue refused more than {max_rejects_per_minute} orders within a minute",
        BY_PERSON,
    ),
    Breaker(
        "order_group",
        "halt",
        ENTRIES,
        "the venue cancelled the entries in our order group and takes no more: over "
        "{group_contracts_per_dollar:g} contracts for each dollar of max_window_dollars traded "
        "within 15 seconds, or somebody triggered it",
        "a person clears it, with a reason; the group is then reset; until then it stays, over "
        "restarts too",
    ),
    Breaker(
        "losses_in_a_row",
        "pause",
        ENTRIES,
        "{max_losses_in_a_row} windows one after another lost {small_loss_dollars} or more each",
        "by itself, {loss_cooldown_minutes:g} minutes after the last of them",
    ),
    Breaker(
        "errors",
        "pause",
        ENTRIES,
        "more than {max_errors_per_minute} requests failed within a minute",
        "by itself, {error_pause_minutes:g} minutes after the last such minute",
    ),
    Breaker(
        "stale_data",
        "guard",
        ENTRIES,
        "the book or the index is old, lost or not believed",
        "by itself, after {stale_quiet_seconds:g} seconds of fresh data",
    ),
)
"""All there are, those that stop most first."""

_BY_NAME: Final = {breaker.name: breaker for breaker in BREAKERS}


def breaker_of(name: str) -> Breaker:
    """The breaker with this name. One that is not known (kept by another version) is a halt."""
    found = _BY_NAME.get(name)
    return found or Breaker(name, "halt", UNCAPPED, "not known to this version", BY_PERSON)


def advance(state: BreakerState, step: BreakerStep) -> BreakerState | None:
    """The state after ``step``; ``None`` where the table knows no such step."""
    return BREAKER_LIFE.get((state, step))


def stays(name: str) -> bool:
    """Whether this breaker stays open until a person clears it, so that it has to be kept."""
    return breaker_of(name).kind == "halt"


def _filled(text: str, settings: RiskSettings) -> str:
    """``text`` with the settings it names."""
    values = {
        name: dollars(money(value)) if name.endswith("_dollars") else value
        for name, value in asdict(settings).items()
    }
    return text.format(**values)


def opens(breaker: Breaker, settings: RiskSettings) -> str:
    """What trips a breaker, in words."""
    return _filled(breaker.opens, settings)


def closes(breaker: Breaker, settings: RiskSettings) -> str:
    """How a breaker closes, in words."""
    text = _filled(breaker.closes, settings)
    if breaker.name == "day_loss" and settings.day_loss_ends_with_day:
        return f"by itself at New York's next midnight, or {text}"
    return text


def in_words(halt: Halt, settings: RiskSettings) -> str:
    """An open breaker as a sentence: why, what it stops, what it keeps, how it closes."""
    breaker = breaker_of(halt.breaker)
    stops, keeps = STOPS_IN_WORDS[breaker.stops], KEEPS_IN_WORDS[breaker.stops]
    return f"{breaker.name}: {halt.reason}; {stops}, {keeps}; closes: {closes(breaker, settings)}"


@dataclass(slots=True)
class _Live:
    """One breaker that has tripped at least once."""

    state: BreakerState
    halt: Halt
    opened: int
    """When, by our clock as it is now."""
    until: int = 0
    """End of cooling."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One breaker as a screen shows it."""

    name: str
    state: BreakerState
    reason: str | None
    since: Nanos | None
    until: Nanos | None
    """When it closes by itself, where that is known."""


class Breakers:
    """Every breaker's state. Told what happens, with its time; answers what newly opened."""

    def __init__(self, settings: RiskSettings) -> None:
        self._settings = settings
        self._live: dict[str, _Live] = {}
        self._errors: deque[Nanos] = deque(maxlen=settings.max_errors_per_minute + 1)
        self._rejects: deque[Nanos] = deque(maxlen=settings.max_rejects_per_minute + 1)
        self.losses_in_a_row = 0

    def restore(
        self,
        halts: Iterable[Halt],
        losses_in_a_row: int = 0,
        cooling_until: int = 0,
        now: Nanos | None = None,
    ) -> None:
        """Go on where an earlier process stopped, at ``now``. Errors and stale data are found
        anew.
        """
        for halt in halts:  # a clock ahead may have written it
            opened = halt.since if now is None else min(halt.since, now)
            self._live[halt.breaker] = _Live("open", halt, opened)
        self.losses_in_a_row = losses_in_a_row
        if cooling_until > 0:
            began = cooling_until - round(self._settings.loss_cooldown_minutes * MINUTE)
            halt = Halt("losses_in_a_row", "losses in a row before the restart", Nanos(began))
            self._live["losses_in_a_row"] = _Live("cooling", halt, began, cooling_until)

    def adopt(self, settings: RiskSettings) -> None:
        """Watch by these settings from now on; what is open stays open."""
        self._settings = settings
        self._errors = deque(self._errors, maxlen=settings.max_errors_per_minute + 1)
        self._rejects = deque(self._rejects, maxlen=settings.max_rejects_per_minute + 1)

    # --- what happens ---

    def window_settled(self, pnl: Money, now: Nanos) -> tuple[Halt, ...]:
        """A window in which we traded has its result; ``pnl`` is after fees."""
        small = money(self._settings.small_loss_dollars)
        if pnl == 0 or abs(pnl) < small:
            return ()
        if pnl > 0:
            self.losses_in_a_row = 0
            return ()
        self.losses_in_a_row += 1
        lost = self.losses_in_a_row
        if lost < self._settings.max_losses_in_a_row:
            return ()
        self.losses_in_a_row = 0
        span = round(self._settings.loss_cooldown_minutes * MINUTE)
        return self._pause("losses_in_a_row", f"{lost} losing windows in a row", span, now)

    def error(self, now: Nanos) -> tuple[Halt, ...]:
        """A request failed: no answer, or one that says the venue is in trouble."""
        most = self._settings.max_errors_per_minute
        self._errors.append(now)
        count = _within_a_minute(self._errors, now)
        if count <= most:
            return ()
        span = round(self._settings.error_pause_minutes * MINUTE)
        return self._pause("errors", f"{count} requests failed within a minute", span, now)

    def rejected(self, now: Nanos) -> tuple[Halt, ...]:
        """The venue refused an order for what it was. One that found no counterpart is none."""
        self._rejects.append(now)
        count = _within_a_minute(self._rejects, now)
        if count <= self._settings.max_rejects_per_minute:
            return ()
        return self._trip("rejects", f"{count} orders were refused within a minute", now)

    def equity(
        self, equity: Money, peak: Money, day_pnl: Money, now: Nanos, *, awaiting: bool = False
    ) -> tuple[Halt, ...]:
        """What the account is worth, marked by ``exposure.mark``.

        ``awaiting``: something is held in a market that has closed and has no result yet. It counts
        as nothing then, which refuses entries (``limits``) but is no reason for a halt.
        """
        if awaiting:
            return ()
        settings = self._settings
        opened: tuple[Halt, ...] = ()
        if -day_pnl >= money(settings.max_day_loss_dollars):
            opened += self._trip("day_loss", f"the day has lost {dollars(-day_pnl)}", now)
        if below_peak(equity, peak, settings):
            below = 100 * (peak - equity) / peak
            text = f"equity {dollars(equity)} is {below:.1f}% below its peak {dollars(peak)}"
            opened += self._trip("drawdown", text, now)
        return opened

    def stale(self, is_stale: bool, now: Nanos, because: str = "data is old") -> tuple[Halt, ...]:
        """Whether what prices and numbers stand on is old; told at every change, or more often."""
        if is_stale:
            return self._trip("stale_data", because, now)
        live = self._live.get("stale_data")
        if live is not None and live.state == "open":
            self._move(live, "eased")
            live.until = now + round(self._settings.stale_quiet_seconds * SECOND)
        return ()

    def mismatch(self, reason: str, now: Nanos) -> tuple[Halt, ...]:
        """The venue's settlement is not what a whole set of prints gives."""
        return self._trip("settlement_mismatch", reason, now)

    def foreign(self, reason: str, now: Nanos) -> tuple[Halt, ...]:
        """Somebody else trades where only we should."""
        return self._trip("foreign", reason, now)

    def group_triggered(self, reason: str, now: Nanos) -> tuple[Halt, ...]:
        """The venue's own limiter on our entries has triggered."""
        return self._trip("order_group", reason, now)

    def ledger_differs(self, reason: str, now: Nanos) -> tuple[Halt, ...]:
        """The venue's account and ours are not the same."""
        return self._trip("ledger_differs", reason, now)

    def halted_by(self, who: str, reason: str, now: Nanos) -> tuple[Halt, ...]:
        """A person, the kill command, or the breaker of that name in another process stops trading;
        whoever is not known by name counts as a person.
        """
        known = _BY_NAME.get(who)
        name = who if known is not None and known.kind == "halt" else "person"
        return self._trip(name, reason, now)

    # --- what closes them ---

    def cleared(
        self, reason: str, now: Nanos, at: Nanos | None = None, standing: Iterable[str] = ()
    ) -> tuple[Halt, ...]:
        """A person clears every halt and ends every pause; answers what was closed.

        ``at`` is when the person did: what opened later nobody has looked at, and it stays, as does
        what is known to be ``standing``. Without a reason nothing is cleared. A guard stays: its
        cause is still there.
        """
        if not reason.strip():
            return ()
        self.lapsed(now)
        stay, until = frozenset(standing), now if at is None else at
        closed = [
            live
            for name, live in self._live.items()
            if breaker_of(name).kind != "guard" and live.opened <= until and name not in stay
        ]
        for live in closed:
            self._move(live, "cleared")
            del self._live[live.halt.breaker]
        self.losses_in_a_row = 0
        self._errors.clear()
        self._rejects.clear()
        return tuple(live.halt for live in closed)

    def new_day(self, now: Nanos) -> tuple[Halt, ...]:
        """A New York day began; answers the halt that ended with the old one, if one did."""
        live = self._live.get("day_loss")
        if live is None or not self._settings.day_loss_ends_with_day:
            return ()
        if day_of(live.halt.since) >= day_of(now):
            return ()
        self._move(live, "day_over")
        del self._live["day_loss"]
        return (live.halt,)

    def lapsed(self, now: Nanos) -> tuple[Halt, ...]:
        """Close the pauses and guards whose time is over, and answer them."""
        over = [live for live in self._live.values() if _is_over(live, now)]
        for live in over:
            self._move(live, "cooled")
            del self._live[live.halt.breaker]
        return tuple(live.halt for live in over)

    def clock_set(self, by: int) -> None:
        """Our clock was set back by ``-by`` nanoseconds: pauses last as long as they had left."""
        for live in self._live.values():
            live.opened += by
            if live.state == "cooling":
                live.until += by
        for times in (self._errors, self._rejects):
            moved = [Nanos(each + by) for each in times]
            times.clear()
            times.extend(moved)

    # --- what is asked ---

    def blocks(self, purpose: Purpose, now: Nanos) -> Halt | None:
        """The breaker that stops orders of this purpose, the one that stops most first."""
        stopping = [
            live.halt
            for name, live in self._live.items()
            if purpose in breaker_of(name).stops and not _is_over(live, now)
        ]
        return min(stopping, key=_rank, default=None)

    @property
    def halts(self) -> tuple[Halt, ...]:
        """Every halt that is open, as it has to be kept."""
        found = [live.halt for name, live in self._live.items() if stays(name)]
        return tuple(sorted(found, key=_rank))

    @property
    def cooling_until(self) -> Nanos:
        """When entries go on after losses in a row; 0 where there is no such pause."""
        live = self._live.get("losses_in_a_row")
        return Nanos(0 if live is None else live.until)

    def within_a_minute(self, now: Nanos) -> tuple[int, int]:
        """Failed requests and refused orders of the last minute, counted up to one too many."""
        return _within_a_minute(self._errors, now), _within_a_minute(self._rejects, now)

    def shown(self, now: Nanos) -> tuple[Shown, ...]:
        """Every breaker for a screen, also those that are closed."""
        names = [*_BY_NAME, *(name for name in self._live if name not in _BY_NAME)]
        return tuple(self._shown(name, now) for name in names)

    def _shown(self, name: str, now: Nanos) -> Shown:
        live = self._live.get(name)
        if live is None or _is_over(live, now):
            return Shown(name, "closed", None, None, None)
        until = Nanos(live.until) if live.state == "cooling" else None
        return Shown(name, live.state, live.halt.reason, live.halt.since, until)

    # --- moves ---

    def _trip(self, name: str, reason: str, now: Nanos) -> tuple[Halt, ...]:
        self.lapsed(now)
        live = self._live.get(name)
        if live is not None:
            self._move(live, "tripped")
            return ()
        halt = Halt(name, reason, now)
        self._live[name] = live = _Live("closed", halt, now)
        self._move(live, "tripped")
        return (halt,)

    def _pause(self, name: str, reason: str, span: int, now: Nanos) -> tuple[Halt, ...]:
        """Trip a pause whose cause is over as soon as it is counted."""
        opened = self._trip(name, reason, now)
        live = self._live[name]
        self._move(live, "eased")
        live.until = max(live.until, now + span)
        return opened

    def _move(self, live: _Live, step: BreakerStep) -> None:
        name = live.halt.breaker
        after = advance(live.state, step)
        assert after is not None, f"{name} is {live.state}: {step}"
        assert step in STEPS[breaker_of(name).kind], f"{name} is no breaker that is {step}"
        live.state = after


def _is_over(live: _Live, now: Nanos) -> bool:
    return live.state == "cooling" and now >= live.until


def _rank(halt: Halt) -> tuple[int, str]:
    names = [*_BY_NAME]
    return (names.index(halt.breaker) if halt.breaker in _BY_NAME else 0, halt.breaker)


def _within_a_minute(times: deque[Nanos], now: Nanos) -> int:
    while times and times[0] <= now - MINUTE:
        times.popleft()
    return len(times)
