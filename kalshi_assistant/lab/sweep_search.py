"""From axes to trials that were tried: all at once, or a few at a time as Optuna asks for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.lab.sweep_folds import Blocks, cut
from kalshi_assistant.lab.sweep_result import Tried, score
from kalshi_assistant.lab.sweep_space import Asked, Axis, How, drawn, grid
from kalshi_assistant.lab.sweeping import Sweep, Trial

Resolve = Callable[[dict[str, str]], EngineSettings]
"""What was assigned as settings; raises SettingsError for what no setting is."""
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Search:
    """What is tried, and how it is found."""

    axes: Sequence[Axis]
    how: How
    trials: int
    seed: int
    folds: int
    resolve: Resolve

    def first(self) -> list[dict[str, str]]:
        """What is tried, as far as that is known beforehand: to be checked before anything runs."""
        if self.how == "grid":
            return grid(self.axes)
        return drawn(self.axes, self.trials, self.seed)

    def run(self, sweep: Sweep, tell: Tell) -> tuple[list[Tried], Blocks]:
        """Try them; different texts for the same settings are one trial."""
        if self.how == "optuna":
            return self._asked(sweep, tell)
        tried = self._tried(sweep, self.first(), tell)
        return tried, self._blocks(sweep, tried)

    def _asked(self, sweep: Sweep, tell: Tell) -> tuple[list[Tried], Blocks]:
        """Optuna is told what a trial came to on the days a search may look at: never the last
        block's.
        """
        asked, found = Asked(self.axes, self.trials, self.seed), dict[str, Tried]()
        blocks: Blocks | None = None
        while batch := list(asked.ask()):
            tried = self._tried(sweep, [assigned for _, assigned in batch], tell)
            blocks = blocks or self._blocks(sweep, tried)
            by_name = {each.name: each for each in tried}
            for number, assigned in batch:
                each = by_name[self.resolve(assigned).digest]
                asked.tell(number, score(each, blocks.searched_by))
            found = by_name | found
        assert blocks is not None, "a search tries something"
        return list(found.values()), blocks

    def _tried(self, sweep: Sweep, assigned: Sequence[dict[str, str]], tell: Tell) -> list[Tried]:
        trials: dict[str, Trial] = {}
        for each in assigned:
            trial = Trial(each, self.resolve(each))
            trials.setdefault(trial.name, trial)
        outcomes = sweep.run(list(trials.values()), tell)
        return [Tried.of(name, trial.assigned, outcomes[name]) for name, trial in trials.items()]

    def _blocks(self, sweep: Sweep, tried: Sequence[Tried]) -> Blocks:
        """The engine tells its days by what it lived through."""
        if sweep.plan is not None:
            return sweep.plan.blocks
        days = sorted({day for each in tried for day in each.days})
        return cut(days, self.folds)
