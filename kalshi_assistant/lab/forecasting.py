"""A panel through the engine: the forecasts are those ``Engine.handle`` asked to be written down.

Nothing is priced here. Simulations are performed as they are live, with the same function.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from kalshi_assistant.domain.events import Estimated, TimerFired
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import Estimate, Forecast, Intent
from kalshi_assistant.domain.time import SECOND, from_seconds
from kalshi_assistant.engine.clock_set import TEND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.lab.panel_events import Subject, seconds_of
from kalshi_assistant.quant.montecarlo import make_draws
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.compute import answer

SEED = 0
"""Of the simulations' draws: the same for everybody."""


@dataclass(slots=True)
class Told:
    """What the engine said of a panel's markets."""

    forecasts: list[Forecast] = field(default_factory=list)
    estimates: dict[tuple[Ticker, int], Estimated] = field(default_factory=dict)
    """By ticker and seconds left."""


def settings_for(subject: Subject, settings: EngineSettings) -> EngineSettings:
    """The settings under which a panel is evaluated: simulations only at forecasts."""
    number = replace(settings.number, estimates_per_second=0, nowcast_sd_bp=subject.error_bp)
    return replace(settings, number=number, mode="evaluate", environment="panel")


class Forecasting:
    """One panel through a fresh engine. ``aside`` sees each second's prints and each question, and
    may add numbers of its own beside the simulated ones.
    """

    def __init__(
        self,
        subject: Subject,
        settings: EngineSettings,
        aside: "Aside | None" = None,
        *,
        simulate: bool = True,
    ) -> None:
        self.settings = settings_for(subject, settings)
        self.engine = Engine(self.settings)
        self.told = Told()
        self._subject = subject
        self._aside = aside
        self._draws = make_draws(stream(SEED, "montecarlo")) if simulate else None

    @property
    def span(self) -> tuple[int, int]:
        """First and last epoch second that is handled: for a progress bar."""
        opens = [market.open_time // SECOND for market in self._subject.markets]
        closes = [market.close_time // SECOND for market in self._subject.markets]
        prints = self._subject.prints
        return min((*opens, *prints)), max((*closes, *prints))

    def run(self) -> Iterator[int]:
        """Handle the panel; yields every second handled."""
        for second, events, look in seconds_of(self._subject):
            for event in events:
                self._perform(self.engine.handle(event))
            if self._aside is not None and (value := self._subject.prints.get(second)) is not None:
                self._aside.learn(second, value / 100)
            if look:
                at = from_seconds(second)
                self._perform(self.engine.handle(TimerFired(at, at, TEND)))
            yield second

    def _perform(self, intents: tuple[Intent, ...]) -> None:
        last: Forecast | None = None
        for intent in intents:
            match intent:
                case Forecast():
                    self.told.forecasts.append(intent)
                    last = intent
                case Estimate() if last is not None:
                    self._estimate(intent, last.seconds_left)
                case _:
                    pass  # nobody to ask, nothing to trade: a panel is all there is

    def _estimate(self, asked: Estimate, seconds_left: int) -> None:
        if self._draws is None:
            return
        said = answer(asked, self._draws, self.engine.standardised_blocks())
        if self._aside is not None:
            said = self._aside.beside(asked, said)
        self.told.estimates[asked.ticker, seconds_left] = said
        self._perform(self.engine.handle(said))


@dataclass(frozen=True, slots=True)
class Aside:
    """Another estimator that is compared: it learns from the same prints, at the same seconds."""

    learn: Callable[[int, float], None]
    """(epoch second, dollars)."""
    beside: Callable[[Estimate, Estimated], Estimated]
    """The simulated numbers with its own added."""
