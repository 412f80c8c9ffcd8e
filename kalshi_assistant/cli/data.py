"""``data list | fetch | import | verify | synthesize``: the past, brought in, kept, made up."""

import typer

from kalshi_assistant.cli.data_fetch import fetch
from kalshi_assistant.cli.data_import import bring
from kalshi_assistant.cli.data_look import listed, verified
from kalshi_assistant.cli.synthesize import synthesize

data = typer.Typer(rich_markup_mode=None)
data.command("list")(listed)
data.add_typer(
    fetch, name="fetch", help="From Kalshi, or an exchange's archive; goes on where it was."
)
data.add_typer(bring, name="import", help="A panel from what was fetched, or from Parquet.")
data.command("verify")(verified)
data.command("synthesize")(synthesize)
