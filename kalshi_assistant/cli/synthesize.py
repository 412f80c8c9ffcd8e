"""``data synthesize DIR``: a panel of a simulated world whose edge is known."""

from pathlib import Path
from typing import Annotated

import typer

from kalshi_assistant.cli.output import Json, Output


def synthesize(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is not there yet.")],
    windows: Annotated[
        int, typer.Option(metavar="N", min=1, max=1_000_000, help="Quarter hours.")
    ] = 96,
    edge: Annotated[
        float | None,
        typer.Option(
            metavar="CENTS",
            min=0.0,
            max=30.0,
            help="What a buyer of each window's cheap side keeps after the fee; 0: nothing, and "
            "nothing is lost. Without it quotes are honest and trading costs.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of everything.")] = 0,
    recipe: Annotated[
        bool,
        typer.Option(
            "--recipe", help="No tables: `sweep` makes it while it reads. For a year and more."
        ),
    ] = False,
    as_json: Json = False,
) -> int:
    """Write a panel that `evaluate`, `backtest` and `sweep` read: index, strikes, quotes, results.

    The same seed gives the same bytes. Volatility clusters and jumps, a strike is what the window
    before settled on, and the fair price behind every quote is exact: so what a strategy could earn
    is known beforehand.
    """
    output = Output(as_json=as_json)
    output.note("making the world; the first time its machine code is made as well")
    from kalshi_assistant.lab.synthetic import quotes_text, write_world
    from kalshi_assistant.sim.panel_world import World

    cents = None if edge is None else edge / 100
    world = World(windows=windows, seed=seed, edge_dollars=cents)
    write_world(world, folder, recipe_only=recipe)
    output.record(
        "synthesized",
        folder=str(folder),
        windows=windows,
        seed=seed,
        edge=None if cents is None else f"{cents:.4f}",
        tables=not recipe,
    )
    output.say(f"{folder}: {windows:,} windows; quotes are {quotes_text(world)}")
    return 0
