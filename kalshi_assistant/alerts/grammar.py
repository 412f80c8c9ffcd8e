"""One line of the configuration as a rule, or where it is wrong and what to write instead.

    signal any | signal delay_capture | signal edge>4c | signal momentum edge>4c
    p crosses 0.8 | p crosses above 80% | p crosses below 0.2
    index move 20bp in 60s            also 0.2% or $50
    spread>3c
    feed stale 5s | feed kalshi.index stale 5s | feed down | feed kalshi.book down
    breaker any | breaker day_loss
    fill any
    window result | window yes | window no | window differs
    loss>$20                          today's, with what is held
    log warning | log error           lines of the log
    engine gone                       the engine went away without a goodbye, or ended

After the condition, each behind a semicolon and in any order: ``severe``, ``warning`` or ``info``;
``to telegram, desktop``; ``every 5m``, before which the same news is not told again.

Pure: text in, values out. Positions are counted from 1, as editors do.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from kalshi_assistant.alerts.message import CHANNELS, SEVERITIES, Severity
from kalshi_assistant.domain.signals import SignalKind
from kalshi_assistant.risk.breakers import BREAKERS

KINDS: Final[tuple[str, ...]] = get_args(SignalKind)
BREAKER_NAMES: Final = tuple(breaker.name for breaker in BREAKERS)

RULE_MAX: Final = 200
"""Characters of a rule."""
MOVE_SECONDS_MAX: Final = 900
"""As far back as a snapshot shows the index."""
SPAN_SECONDS_MAX: Final = 86_400.0


class RuleError(ValueError):
    """A line that is no rule: ``column`` from 1, and what to write instead."""

    def __init__(self, column: int, text: str) -> None:
        super().__init__(f"at position {column}: {text}")
        self.column = column


@dataclass(frozen=True, slots=True)
class SignalRule:
    """A signal fired; ``edge`` is dollars per contract that its net edge must exceed."""

    kind: str | None
    edge: float | None


@dataclass(frozen=True, slots=True)
class CrossRule:
    """P(YES) went through ``level``."""

    level: float
    direction: Literal["above", "below"] | None


@dataclass(frozen=True, slots=True)
class MoveRule:
    """The index moved by ``amount`` (basis points or dollars) within ``seconds``."""

    amount: float
    unit: Literal["bp", "$"]
    seconds: int


@dataclass(frozen=True, slots=True)
class SpreadRule:
    """Best ask less best bid rose above so many dollars."""

    above: float


@dataclass(frozen=True, slots=True)
class FeedRule:
    """A feed has said nothing for so long, or (``None``) is down."""

    name: str | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """A circuit breaker opened."""

    name: str | None


@dataclass(frozen=True, slots=True)
class FillRule:
    """An order of ours was filled."""


@dataclass(frozen=True, slots=True)
class WindowRule:
    """A window is settled; ``differs``: not as our own sixty prints say."""

    which: Literal["result", "yes", "no", "differs"]


@dataclass(frozen=True, slots=True)
class LossRule:
    """Today's loss rose above so many dollars."""

    above: float


@dataclass(frozen=True, slots=True)
class LogRule:
    """A line of the log of at least this level."""

    level: Literal["warning", "error"]


@dataclass(frozen=True, slots=True)
class EngineRule:
    """The engine went away."""


Condition = (
    SignalRule
    | CrossRule
    | MoveRule
    | SpreadRule
    | FeedRule
    | BreakerRule
    | FillRule
    | WindowRule
    | LossRule
    | LogRule
    | EngineRule
)

_USUAL: Final[dict[type[object], Severity]] = {
    BreakerRule: "severe",
    EngineRule: "severe",
    LossRule: "severe",
    FeedRule: "warning",
    LogRule: "warning",
}
"""How severe a kind of rule is where it does not say; everything else informs."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the configuration."""

    text: str
    condition: Condition
    severity: Severity
    channels: tuple[str, ...] | None
    """``None``: every channel that is switched on."""
    every_seconds: float | None
    """``None``: as ``repeat_seconds`` says."""


_TOKEN: Final = re.compile(
    r"\s*(?:(?P<amount>\$?\d{1,12}(?:\.\d{1,6})?(?:\$|%|[a-z]{1,4}\b)?)(?![\w.%$])"
    r"|(?P<word>[A-Za-z_][\w.]{0,40})|(?P<mark>[;,>]))"
)
_AMOUNT: Final = re.compile(r"(\$?)([\d.]+)(\D*)")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    kind: str
    column: int


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at, end)
        if token is None or token.lastgroup is None:
            start = at + len(text[at:end]) - len(text[at:end].lstrip())
            raise RuleError(start + 1, f"cannot read {text[start : start + 12]!r}; {_SHAPE}")
        kind = token.lastgroup
        found.append(_Token(token[kind], kind, token.start(kind) + 1))
        at = token.end()
    return found


_SHAPE: Final = "write e.g. `signal edge>4c` or `feed stale 5s; to telegram`"


class _Line:
    """The tokens of a line, taken one after the other."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._end = len(text.rstrip()) + 1
        self._next = 0

    @property
    def column(self) -> int:
        """Where the next token stands, or where one is missing."""
        return self._tokens[self._next].column if self.more else self._end

    @property
    def more(self) -> bool:
        """Whether anything is left."""
        return self._next < len(self._tokens)

    def at_mark(self, mark: str) -> bool:
        """Take ``mark`` if it comes next."""
        if self.more and self._tokens[self._next].text == mark:
            self._next += 1
            return True
        return False

    def at_word(self, word: str) -> bool:
        """Take ``word`` if it comes next."""
        return self.at_mark(word)

    def refuse(self, remedy: str) -> RuleError:
        """That what comes next does not belong there, or that something is missing."""
        if not self.more:
            return RuleError(self.column, f"something is missing; write {remedy}")
        text = self._tokens[self._next].text
        return RuleError(self.column, f"`{text}` does not belong here; write {remedy}")

    def word(self, known: tuple[str, ...]) -> str:
        """One of the ``known`` words. Raises RuleError."""
        if self.more and self._tokens[self._next].text in known:
            self._next += 1
            return self._tokens[self._next - 1].text
        raise self.refuse(known[0] if len(known) == 1 else f"one of {', '.join(known)}")

    def amount(self, units: dict[str, float], remedy: str) -> tuple[float, str]:
        """A number in one of ``units`` (each with its worth), and its unit. Raises RuleError."""
        token = self._tokens[self._next] if self.more else None
        if token is None or token.kind != "amount":
            raise self.refuse(remedy)
        parts = _AMOUNT.fullmatch(token.text)
        assert parts is not None
        unit = parts[1] or parts[3]
        if unit not in units or (parts[1] and parts[3]) or float(parts[2]) <= 0:
            raise self.refuse(remedy)
        self._next += 1
        return float(parts[2]) * units[unit], unit

    def span(self) -> float:
        """A span of time in seconds. Raises RuleError."""
        remedy, column = "a span of time up to a day, such as 5s, 2m or 1h", self.column
        seconds, _ = self.amount(_SECONDS, remedy)
        if seconds > SPAN_SECONDS_MAX:
            raise RuleError(column, f"that is longer than a day; write {remedy}")
        return seconds

    def name(self, remedy: str) -> str:
        """Any word. Raises RuleError."""
        if not self.more or self._tokens[self._next].kind != "word":
            raise self.refuse(remedy)
        self._next += 1
        return self._tokens[self._next - 1].text


_CENTS: Final = {"c": 0.01, "$": 1.0}
_PRICE: Final = "a price such as 4c or $0.04"


def _above(line: _Line, units: dict[str, float], remedy: str) -> float:
    if not line.at_mark(">"):
        raise line.refuse(f"> and {remedy}")
    return line.amount(units, remedy)[0]


def _signal(line: _Line) -> Condition:
    if line.at_word("any"):
        return SignalRule(None, None)
    if line.at_word("edge"):
        return SignalRule(None, _above(line, _CENTS, _PRICE))
    kind = line.word(("edge", "any", *KINDS))
    edge = _above(line, _CENTS, _PRICE) if line.at_word("edge") else None
    return SignalRule(kind, edge)


def _cross(line: _Line) -> Condition:
    line.word(("crosses",))
    above, below = line.at_word("above"), line.at_word("below")
    column = line.column
    level, _ = line.amount({"": 1.0, "%": 0.01}, "a probability such as 0.8 or 80%")
    if not 0 < level < 1:
        raise RuleError(column, "a probability lies between 0 and 1; write e.g. 0.8 or 80%")
    return CrossRule(level, "above" if above else "below" if below else None)


def _move(line: _Line) -> Condition:
    line.word(("move",))
    amount, unit = line.amount(
        {"bp": 1.0, "%": 100.0, "$": 1.0}, "how far, such as 20bp, 0.2% or $50"
    )
    line.word(("in",))
    column = line.column
    seconds = line.span()
    if not 1 <= seconds <= MOVE_SECONDS_MAX:
        raise RuleError(column, f"write a span from 1s to {MOVE_SECONDS_MAX}s")
    return MoveRule(amount, "$" if unit == "$" else "bp", int(seconds))


def _spread(line: _Line) -> Condition:
    return SpreadRule(_above(line, _CENTS, _PRICE))


def _feed(line: _Line) -> Condition:
    words = "stale and a span of time, down, or the name of a feed such as kalshi.index"
    name = None
    if not line.at_word("stale"):
        if line.at_word("down"):
            return FeedRule(None, None)
        name = line.name(words)
        name = None if name == "any" else name
        if line.word(("stale", "down")) == "down":
            return FeedRule(name, None)
    return FeedRule(name, line.span())


def _breaker(line: _Line) -> Condition:
    name = line.word(("any", *BREAKER_NAMES))
    return BreakerRule(None if name == "any" else name)


def _fill(line: _Line) -> Condition:
    line.word(("any",))
    return FillRule()


def _window(line: _Line) -> Condition:
    match line.word(("result", "yes", "no", "differs")):
        case "yes":
            return WindowRule("yes")
        case "no":
            return WindowRule("no")
        case "differs":
            return WindowRule("differs")
        case _:
            return WindowRule("result")


def _loss(line: _Line) -> Condition:
    return LossRule(_above(line, {"$": 1.0}, "an amount of dollars such as $20"))


def _log(line: _Line) -> Condition:
    return LogRule("error" if line.word(("warning", "error")) == "error" else "warning")


def _engine(line: _Line) -> Condition:
    line.word(("gone",))
    return EngineRule()


_CONDITIONS: Final[dict[str, Callable[[_Line], Condition]]] = {
    "signal": _signal,
    "p": _cross,
    "index": _move,
    "spread": _spread,
    "feed": _feed,
    "breaker": _breaker,
    "fill": _fill,
    "window": _window,
    "loss": _loss,
    "log": _log,
    "engine": _engine,
}


class _Options:
    """What stands behind the condition; each may stand once."""

    def __init__(self) -> None:
        self.severity: Severity | None = None
        self.channels: tuple[str, ...] | None = None
        self.every_seconds: float | None = None

    def take(self, line: _Line) -> None:
        """One option. Raises RuleError."""
        column = line.column
        word = line.word((*SEVERITIES, "to", "every"))
        if word == "to":
            self._once(self.channels, word, column)
            names = [line.word(CHANNELS)]
            while line.at_mark(","):
                names.append(line.word(CHANNELS))
            self.channels = tuple(dict.fromkeys(names))
        elif word == "every":
            self._once(self.every_seconds, word, column)
            self.every_seconds = line.span()
        else:
            self._once(self.severity, "a severity", column)
            self.severity = next(each for each in SEVERITIES if each == word)

    def _once(self, there: object, what: str, column: int) -> None:
        if there is not None:
            raise RuleError(column, f"{what} stands there twice; keep one")


def parse(text: str) -> Rule:
    """The rule that ``text`` is. Raises RuleError."""
    if len(text) > RULE_MAX:
        raise RuleError(RULE_MAX + 1, f"a rule has at most {RULE_MAX} characters; write a shorter")
    line = _Line(text)
    condition = _CONDITIONS[line.word(tuple(_CONDITIONS))](line)
    options = _Options()
    while line.more:
        if not line.at_mark(";"):
            raise line.refuse("a semicolon before what comes after the condition, or nothing")
        if line.more:
            options.take(line)
    return Rule(
        text=" ".join(text.split()),
        condition=condition,
        severity=options.severity or _USUAL.get(type(condition), "info"),
        channels=options.channels,
        every_seconds=options.every_seconds,
    )
