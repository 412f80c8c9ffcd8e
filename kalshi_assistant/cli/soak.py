"""``soak --seeds A-B``: seeded days of trouble in virtual time, and what must hold on each."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.lab.order_soaking import OrderSeed
    from kalshi_assistant.lab.soaking import SeedResult, Summary

    Result = SeedResult | OrderSeed
    Live = Callable[[int], Result]

SEEDS_MAX: Final = 100_000
NOT_SO: Final = 1
WHAT: Final = {"feeds": 15, "orders": 6}
"""What is soaked, and for how many minutes a day unless told otherwise."""


def soak(
    seeds: Annotated[str, typer.Option(metavar="A-B", help="Which days, both ends included.")],
    what: Annotated[
        str,
        typer.Option(
            metavar="feeds|orders",
            help="feeds: books, index, settlement. orders: everything an order can meet.",
        ),
    ] = "feeds",
    minutes: Annotated[
        int | None,
        typer.Option(
            min=1, max=1_440, help="How much of each day is lived through: 15, of orders 6."
        ),
    ] = None,
    well: Annotated[
        bool, typer.Option("--well", help="The same days without any trouble.")
    ] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="With orders: on paper instead of at the exchange.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; as many as there are cores.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Live through seeded days on which everything goes wrong, and check what must hold whatever
    happens.

    Of feeds: no crash, no wrong book that is believed, no print filled in, every settlement right
    or declared unknown. Of orders: none leaves twice or past a limit, no fill is lost or doubled,
    every halt is kept, ledger and venue agree. Exit code 1 where something did not hold; the seed
    is printed as a command line.
    """
    if what not in WHAT:
        raise OperatorError(f"--what is {what!r}; write {' or '.join(WHAT)}")
    if paper and what != "orders":
        raise OperatorError("--paper is about orders; add --what orders")
    minutes = minutes or WHAT[what]
    wanted, output = _seeds(seeds), Output(as_json=as_json)
    flags = ("--paper" if paper else "", "--well" if well else "")
    again = " ".join(filter(None, (f"--what {what} --minutes {minutes}", *flags)))
    results: list[Result] = []
    for result in _lived(wanted, _live(what, minutes, well=well, paper=paper), jobs):
        results.append(result)
        _tell(result, len(results), len(wanted), again, output)
    found = _summary(what, sorted(results, key=lambda each: each.seed))
    output.record("soak", what=what, **found.fields)
    output.say(found.text)
    return 0 if found.held else NOT_SO


def _live(what: str, minutes: int, *, well: bool, paper: bool) -> "Live":
    from kalshi_assistant.lab import order_soaking, soaking

    if what == "orders":
        return partial(order_soaking.live_through, minutes=minutes, well=well, paper=paper)
    return partial(soaking.live_through, minutes=minutes, well=well)


def _summary(what: str, results: "list[Result]") -> "Summary":
    from kalshi_assistant.lab import order_soaking, soaking

    if what == "orders":
        return order_soaking.summary(cast("list[OrderSeed]", results))
    return soaking.summary(cast("list[SeedResult]", results))


def _seeds(text: str) -> range:
    """``7`` or ``1-500``. Raises OperatorError."""
    first, dash, last = text.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise OperatorError(f"--seeds is {text!r}; write 1-500, or a single number")
    wanted = range(int(first), int(last if dash else first) + 1)
    if not 0 < len(wanted) <= SEEDS_MAX:
        raise OperatorError(f"--seeds is {text!r}; write 1 to {SEEDS_MAX:,} of them, lowest first")
    return wanted


def _lived(seeds: range, live: "Live", jobs: int | None) -> Iterator["Result"]:
    """Each seed's result as it comes, from as many processes as asked for."""
    from concurrent.futures import as_completed

    from kalshi_assistant.lab.processes import pool

    jobs = min(jobs or os.cpu_count() or 1, len(seeds))
    if jobs == 1:
        yield from map(live, seeds)
        return
    with pool(jobs) as workers:
        waiting = [workers.submit(live, seed) for seed in seeds]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for each in waiting:
                each.cancel()


def _tell(result: "Result", count: int, total: int, again: str, output: Output) -> None:
    output.record("soak_seed", **result.fields)
    if not result.held:
        output.note(f"seed {result.seed} did not hold: {'; '.join(result.broken)}")
        output.note(f"  kalshi-assistant soak --seeds {result.seed} {again}")
    elif count % 10 == 0 or count == total:
        output.note(f"{count} of {total} days")
