"""``data list | fetch | import | verify``: the past, brought in and looked after."""

import typer

from kalshi_assistant.cli.data_fetch import fetch
from kalshi_assistant.cli.data_import import bring
from kalshi_assistant.cli.data_look import listed, verified

data = typer.Typer(rich_markup_mode=None)
data.command("list")(listed)
data.add_typer(
    fetch, name="fetch", help="From Kalshi, or an exchange's archive; goes on where it was."
)
data.add_typer(bring, name="import", help="A panel from what was fetched, or from Parquet.")
data.command("verify")(verified)
