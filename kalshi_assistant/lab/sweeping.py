"""A sweep at work: which jobs are missing, who does them, what is kept.

**Invariants:** a job is done once and its result kept before it counts; what a lost worker had in
hand is done again and named; what cannot be done is named and no result is counted in its place.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.errors import AssistantError, OutsideError
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.lab import sweep_jobs
from kalshi_assistant.lab.fast_pass import groups
from kalshi_assistant.lab.sweep_folds import Piece, Plan
from kalshi_assistant.lab.sweep_jobs import Job, Outcome, Outcomes, Where
from kalshi_assistant.lab.sweep_store import Kept, Results
from kalshi_assistant.lab.sweep_workers import Workers

TOGETHER: Final = 100
"""Settings of one job at most."""
TRIES: Final = 3
"""How often a job is begun before it is given up."""
AHEAD: Final = 4
"""Jobs handed over at a time, for each worker."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting: what was assigned, and all of it."""

    assigned: dict[str, str]
    settings: EngineSettings

    @property
    def name(self) -> str:
        """The digest of its settings."""
        return self.settings.digest


@dataclass(slots=True)
class Sweep:
    """One past, its pieces, and what is known of it."""

    where: Where
    data: str
    """Its digest."""
    plan: Plan | None
    """``None``: the engine goes through all of it at once."""
    results: Results
    workers: Workers
    count: int
    """Of workers."""
    seed: int = 0
    notices: list[str] = field(default_factory=list)
    done: int = 0
    """Jobs that were done now, not found."""

    def run(
        self, trials: Sequence[Trial], tell: Callable[[int, int], None]
    ) -> dict[str, list[Outcome]]:
        """What came of every trial, piece by piece; ``tell`` hears (done, of) in parts of work.

        Raises OutsideError where a job cannot be done, AssistantError where the settings or the
        data are wrong.
        """
        jobs, known = self._missing(trials)
        total = sum(_weight(job) for job in jobs) + len(known)
        tell(len(known), total)
        done = len(known)
        for job, found in self._perform(jobs):
            self.results.keep(self._rows(job, found))
            for name, outcome in found.items():
                known[self._key(name, job)] = outcome
            self.done += 1
            done += _weight(job)
            tell(done, total)
        self._hear(known.values())
        return {
            trial.name: [known[self._key_of(trial.name, piece)] for piece in self._pieces()]
            for trial in trials
        }

    def _hear(self, outcomes: Iterable[Outcome]) -> None:
        """What was odd about the data, each once."""
        for outcome in outcomes:
            self.notices += [text for text in outcome.notices if text not in self.notices]

    # --- what is missing ---

    def _pieces(self) -> Sequence[Piece | None]:
        return [None] if self.plan is None else self.plan.pieces

    def _key_of(self, name: str, piece: Piece | None) -> str:
        return sweep_jobs.key_of(self.data, name, piece)

    def _key(self, name: str, job: Job) -> str:
        return self._key_of(name, None if self.plan is None else Piece(*job.piece))

    def _missing(self, trials: Sequence[Trial]) -> tuple[list[Job], dict[str, Outcome]]:
        named = {trial.name: trial for trial in trials}
        different = list(named.values())
        jobs: list[Job] = []
        known: dict[str, Outcome] = {}
        for piece in self._pieces():
            keys = {trial.name: self._key_of(trial.name, piece) for trial in different}
            found = self.results.known(list(keys.values()))
            known |= found
            left = [trial for trial in different if keys[trial.name] not in found]
            jobs += self._jobs(left, piece)
        return jobs, known

    def _jobs(self, trials: Sequence[Trial], piece: Piece | None) -> Iterator[Job]:
        if piece is None:
            for trial in trials:
                yield self._job([trial], None)
            return
        for places in groups([trial.settings for trial in trials]):
            for start in range(0, len(places), TOGETHER):
                yield self._job([trials[at] for at in places[start : start + TOGETHER]], piece)

    def _job(self, trials: Sequence[Trial], piece: Piece | None) -> Job:
        settings = tuple((trial.name, trial.settings.as_json()) for trial in trials)
        span = (0, 0, 0) if piece is None else (piece.block, piece.first, piece.last)
        return Job(self.where, settings, span, self.seed)

    def _rows(self, job: Job, found: Outcomes) -> list[Kept]:
        _, first, last = job.piece
        return [(self._key(name, job), name, first, last, each) for name, each in found.items()]

    # --- at work ---

    def _perform(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcomes]]:
        waiting = [(job, 1) for job in reversed(jobs)]
        running: dict[Future[Outcomes], tuple[Job, int]] = {}
        while waiting or running:
            try:
                self._hand_over(waiting, running)
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    found = future.result()
                    job, _ = running.pop(future)
                    yield job, found
            except (BrokenProcessPool, CancelledError) as error:
                self._lost(waiting, running, error)
            except AssistantError:
                raise
            except Exception as error:
                if type(error).__name__ != "KilledWorker":
                    raise
                raise OutsideError(
                    f"the cluster lost its workers at the same job again and again ({error}); what "
                    "was done is kept, run the same command again"
                ) from error

    def _hand_over(
        self, waiting: list[tuple[Job, int]], running: dict[Future[Outcomes], tuple[Job, int]]
    ) -> None:
        executor: Executor = self.workers.executor()
        while waiting and len(running) < AHEAD * self.count:
            job, tries = waiting[-1]
            running[executor.submit(sweep_jobs.run, job)] = (job, tries)
            waiting.pop()

    def _lost(
        self,
        waiting: list[tuple[Job, int]],
        running: dict[Future[Outcomes], tuple[Job, int]],
        error: BaseException,
    ) -> None:
        """A worker is gone, and its pool with it: everything under way is done again."""
        said = self.workers.renew()
        again = [(job, tries + 1) for job, tries in running.values()]
        running.clear()
        self.notices.append(f"{said}; {len(again)} jobs under way then were begun again")
        tired = [job for job, tries in again if tries > TRIES]
        if tired:
            raise OutsideError(
                f"{said}, and before it others at the same job ({_named(tired[0])}), {TRIES} "
                "times; is there enough memory? What was done is kept: fewer --workers, and run "
                "the same command again"
            ) from error
        waiting += reversed(again)


def _weight(job: Job) -> int:
    return len(job.settings)


def _named(job: Job) -> str:
    _, first, last = job.piece
    return f"{len(job.settings)} settings, windows {first} to {last}"
