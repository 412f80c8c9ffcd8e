"""``soak --seeds A-B``: seeded days of bad feeds in virtual time, and what must hold on each."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.lab.soaking import SeedResult

SEEDS_MAX: Final = 100_000
NOT_SO: Final = 1


def soak(
    seeds: Annotated[str, typer.Option(metavar="A-B", help="Which days, both ends included.")],
    what: Annotated[
        str, typer.Option(metavar="feeds", help="feeds: books, index and settlement.")
    ] = "feeds",
    minutes: Annotated[
        int, typer.Option(min=1, max=1_440, help="How much of each day is lived through.")
    ] = 15,
    well: Annotated[
        bool, typer.Option("--well", help="The same days with good lines and clocks.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; as many as there are cores.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Live through seeded days on which feeds go wrong, and check what must hold whatever happens.

    No crash, no wrong book that is believed, no print filled in, every settlement right or declared
    unknown. Exit code 1 where something did not hold; the seed is printed as a command line.
    """
    from kalshi_assistant.lab.soaking import summary

    if what != "feeds":
        raise OperatorError(f"--what is {what!r}; write feeds")
    wanted, output = _seeds(seeds), Output(as_json=as_json)
    results: list[SeedResult] = []
    for result in _lived(wanted, minutes, jobs or os.cpu_count() or 1, well=well):
        results.append(result)
        _tell(result, len(results), len(wanted), minutes, output)
    found = summary(sorted(results, key=lambda each: each.seed))
    output.record("soak", **found.fields)
    output.say(found.text)
    return 0 if found.held else NOT_SO


def _seeds(text: str) -> range:
    """``7`` or ``1-500``. Raises OperatorError."""
    first, dash, last = text.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise OperatorError(f"--seeds is {text!r}; write 1-500, or a single number")
    wanted = range(int(first), int(last if dash else first) + 1)
    if not 0 < len(wanted) <= SEEDS_MAX:
        raise OperatorError(f"--seeds is {text!r}; write 1 to {SEEDS_MAX:,} of them, lowest first")
    return wanted


def _lived(seeds: range, minutes: int, jobs: int, *, well: bool) -> Iterator["SeedResult"]:
    """Each seed's result as it comes, from as many processes as asked for."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    from kalshi_assistant.lab.soaking import live_through

    if jobs == 1 or len(seeds) == 1:
        for seed in seeds:
            yield live_through(seed, minutes, well=well)
        return
    with ProcessPoolExecutor(min(jobs, len(seeds)), get_context("spawn")) as pool:
        waiting = [pool.submit(live_through, seed, minutes, well=well) for seed in seeds]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for each in waiting:
                each.cancel()


def _tell(result: "SeedResult", count: int, total: int, minutes: int, output: Output) -> None:
    output.record("soak_seed", **result.fields)
    if not result.held:
        output.note(f"seed {result.seed} did not hold: {'; '.join(result.broken)}")
        output.note(f"  kalshi-assistant soak --seeds {result.seed} --minutes {minutes}")
    elif count % 10 == 0 or count == total:
        output.note(f"{count} of {total} days")
