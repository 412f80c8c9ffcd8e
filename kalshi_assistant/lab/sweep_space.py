"""What a sweep tries: ``key=a,b,c``, ``key=lo..hi``, ``key=lo..hi:n`` and ``key=lo..hi:log``, as a
grid, drawn, or asked of Optuna.

Values stay texts, as in a configuration file: what they mean is for the settings to say.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final, Literal, get_args

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.quant.rng import stream

if TYPE_CHECKING:
    from optuna.study import Study

How = Literal["grid", "random", "optuna"]
HOWS: Final[tuple[How, ...]] = get_args(How)
STEPS: Final = 5
"""Values of a range in a grid that does not say how many."""
MOST: Final = 10_000
DIGITS: Final = 6
TOGETHER: Final = 8
"""Trials that Optuna is asked for at once: always so many, so that it asks the same again."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One setting and what it is tried at."""

    key: str
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    steps: int = STEPS
    log: bool = False
    whole: bool = False

    @property
    def is_range(self) -> bool:
        """Whether everything between two ends may be tried."""
        return not self.values

    @property
    def ends(self) -> list[str]:
        """Of a range."""
        return [self.written(self.low), self.written(self.high)]

    def at(self, part: float) -> str:
        """The value a part (0 to 1) of the way through."""
        if not self.is_range:
            return self.values[min(int(part * len(self.values)), len(self.values) - 1)]
        if self.log:
            value = math.exp(math.log(self.low) + part * math.log(self.high / self.low))
        else:
            value = self.low + part * (self.high - self.low)
        return self.written(value)

    def written(self, value: float) -> str:
        """A number as a person would write it."""
        return str(round(value)) if self.whole else repr(float(f"{value:.{DIGITS}g}"))

    def listed(self) -> tuple[str, ...]:
        """The values of a grid."""
        if not self.is_range:
            return self.values
        found = (self.at(step / (self.steps - 1)) for step in range(self.steps))
        return tuple(dict.fromkeys(found))


Assigned = Mapping[str, str]
"""One setting of each axis, by its key."""


def axes_of(over: Sequence[str], whole: Collection[str] = ()) -> tuple[Axis, ...]:
    """The axes of ``--over`` options; ``whole``: settings that are whole numbers. Raises
    OperatorError.
    """
    if not over:
        raise OperatorError(
            "nothing to sweep over; write e.g. --over signal.threshold_dollars=0.02..0.06:5"
        )
    axes = tuple(_axis(text, whole) for text in over)
    names = [each.key for each in axes]
    for name in names:
        if names.count(name) > 1:
            raise OperatorError(f"--over {name} comes twice; write all its values in one")
    return axes


def _axis(text: str, whole: Collection[str]) -> Axis:
    key, equals, values = text.partition("=")
    key, values = key.strip(), values.strip()
    if not equals or not key or not values:
        raise OperatorError(f"--over {text!r} says no values; write key=a,b,c or key=lo..hi:5")
    if ".." in values:
        return _range(key, values, whole=key in whole)
    listed = tuple(each.strip() for each in values.split(","))
    if "" in listed:
        raise OperatorError(f"--over {text!r} has an empty value; write key=a,b,c")
    return Axis(key, tuple(dict.fromkeys(listed)))


def _range(key: str, text: str, *, whole: bool) -> Axis:
    ends, _, how = text.partition(":")
    low_text, _, high_text = ends.partition("..")
    try:
        low, high = float(low_text), float(high_text)
        steps = STEPS if how in ("", "log") else int(how)
    except ValueError:
        raise OperatorError(
            f"--over {key}={text} is no range; write {key}=lo..hi, lo..hi:5 or lo..hi:log"
        ) from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise OperatorError(f"--over {key}={text} is an empty range; write the lower end first")
    if not 2 <= steps <= MOST:
        raise OperatorError(f"--over {key}={text}: {steps} values; write 2 to {MOST:,}")
    if how == "log" and low <= 0.0:
        raise OperatorError(f"--over {key}={text}: a logarithm wants both ends above zero")
    return Axis(key, (), low, high, steps, how == "log", whole)


def grid(axes: Sequence[Axis]) -> list[dict[str, str]]:
    """Every combination. Raises OperatorError for too many."""
    count = math.prod(len(each.listed()) for each in axes)
    if count > MOST:
        raise OperatorError(
            f"{count:,} combinations; a sweep takes {MOST:,}: shorten the lists, or --how random"
        )
    keys = [each.key for each in axes]
    return [dict(zip(keys, values, strict=True)) for values in product(*(a.listed() for a in axes))]


def drawn(axes: Sequence[Axis], trials: int, seed: int) -> list[dict[str, str]]:
    """So many different combinations by lot; fewer where there are no more."""
    chance, found = stream(seed, "sweep.random"), dict[tuple[str, ...], None]()
    for _ in range(20 * trials):
        if len(found) >= trials:
            break
        parts = chance.random(len(axes)).tolist()
        found[tuple(axis.at(part) for axis, part in zip(axes, parts, strict=True))] = None
    keys = [each.key for each in axes]
    return [dict(zip(keys, values, strict=True)) for values in found]


class Asked:
    """Trials that Optuna's TPE proposes, a few at a time, each time told what the last came to.

    The same seed and the same answers give the same trials, so a sweep that was interrupted asks
    for those it has already.
    """

    def __init__(self, axes: Sequence[Axis], trials: int, seed: int) -> None:
        """Raises OperatorError where Optuna is not installed."""
        self._axes, self._left = axes, trials
        self._study = _study(seed)

    def ask(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The next trials with their numbers; nothing when there were enough."""
        for _ in range(min(TOGETHER, self._left)):
            self._left -= 1
            trial = self._study.ask()
            values: dict[str, str] = {}
            for axis in self._axes:
                if not axis.is_range:
                    values[axis.key] = trial.suggest_categorical(axis.key, axis.values)
                elif axis.whole:
                    low, high = round(axis.low), round(axis.high)
                    values[axis.key] = str(trial.suggest_int(axis.key, low, high, log=axis.log))
                else:
                    value = trial.suggest_float(axis.key, axis.low, axis.high, log=axis.log)
                    values[axis.key] = axis.written(value)
            yield trial.number, values

    def tell(self, number: int, score: float) -> None:
        """What a trial came to; more is better."""
        self._study.tell(number, score)


def _study(seed: int) -> "Study":
    try:
        import optuna
    except ImportError as error:
        raise OperatorError(
            "--how optuna needs Optuna: pip install 'kalshi-assistant[sweep]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    return optuna.create_study(direction="maximize", sampler=sampler)
