"""A simulated world as a panel's folder: the tables, or only the recipe for who needs a year."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import from_seconds
from kalshi_assistant.domain.units import ONE_DOLLAR, IndexValue, Price
from kalshi_assistant.journal.panel import PanelMarket
from kalshi_assistant.journal.panel_folder import Meta, Panel, PanelQuote, write_panel
from kalshi_assistant.lab.panel_columns import RECIPE, ticker_of
from kalshi_assistant.sim.panel_world import LENGTH, Block, World, blocks_of, lead

INDEX_TEXT: Final = "BRTI of a simulated world"


def panel_of(world: World, name: str) -> Panel:
    """The world as a panel in memory: some 2 kB a window."""
    first, before = lead(world)
    prints = [(first + place, IndexValue(value)) for place, value in enumerate(before.tolist())]
    markets: list[PanelMarket] = []
    quotes: list[PanelQuote] = []
    for block in blocks_of(world):
        start = block.first
        prints += [(start + at, IndexValue(value)) for at, value in enumerate(block.prints)]
        markets += _markets(block)
        quotes += _quotes(block)
    whole = [(second, IndexValue(int(value))) for second, value in prints]
    return Panel(name, INDEX_TEXT, "point", tuple(whole), tuple(markets), tuple(quotes))


def _markets(block: Block) -> Iterator[PanelMarket]:
    for place in range(len(block.strikes)):
        opens = block.first + place * LENGTH
        yield PanelMarket(
            ticker=_name(block, place),
            open_time=from_seconds(opens),
            close_time=from_seconds(opens + LENGTH),
            strike=IndexValue(int(block.strikes[place])),
            settlement=IndexValue(int(block.settled[place])),
            result="yes" if block.yes[place] else "no",
        )


def _quotes(block: Block) -> Iterator[PanelQuote]:
    for at, (bid, ask) in enumerate(zip(block.bid.tolist(), block.ask.tolist(), strict=True)):
        yield PanelQuote(
            _name(block, at // LENGTH),
            block.first + at,
            Price(bid) if bid > 0 else None,
            Price(ask) if ask < ONE_DOLLAR else None,
        )


def _name(block: Block, place: int) -> Ticker:
    return ticker_of(block.first_window + place)


def quotes_text(world: World) -> str:
    """What the panel says of its quotes."""
    if world.edge_dollars is None:
        planted = "honest: at least half a cent from fair on both sides"
    else:
        planted = f"one side of each window cheap: {100 * world.edge_dollars:g}c kept after the fee"
    return f"point: at the second, of a simulated world (seed {world.seed}), {planted}"


def write_world(world: World, folder: Path, *, recipe_only: bool) -> None:
    """Write it into a new folder. Raises OperatorError where it cannot be written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OperatorError(
            f"{folder} is there already; name a folder that is not, or an empty one"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RECIPE).write_bytes(msgspec.json.format(msgspec.json.encode(world)) + b"\n")
        if not recipe_only:
            meta = Meta(INDEX_TEXT, quotes_text(world))
            write_panel(folder, meta, panel_of(world, folder.name))
    except OSError as error:
        raise OperatorError(
            f"cannot write {folder}: {error.strerror}; make room, or name another folder"
        ) from error
