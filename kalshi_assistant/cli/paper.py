"""``paper reset``: the account on paper begins anew, on a person's word and never otherwise."""

from typing import TYPE_CHECKING, Final

import typer

from kalshi_assistant.cli.ledgers import signed_money
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.cli.trading import typed
from kalshi_assistant.domain.errors import HaltError
from kalshi_assistant.domain.units import format_money

if TYPE_CHECKING:
    from kalshi_assistant.runtime.store_reading import Account

PHRASE: Final = "BEGIN ANEW"

paper = typer.Typer(no_args_is_help=True, help="The account on paper.")


@paper.command("reset")
def reset(
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Begin a new account on paper with the cash of `paper.cash`, by typing a phrase.

    Holdings, orders, profit and the count of losses go; evidence and halts stay. The old account
    stays in the file, where no command shows it. Refused while a process trades on it.
    """
    from kalshi_assistant.cli.folders import configuration_of, folders, ledger_path
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.store import Store
    from kalshi_assistant.runtime.store_reading import Reading

    output = Output(as_json=as_json)
    configuration = configuration_of(environment, state_dir, config)
    path = ledger_path(folders(configuration), "paper")
    cash = configuration.settings.engine.paper.cash
    with Reading.of(path) as found:
        account = None if found is None else found.account()
        held = () if found is None else tuple(each for each in found.holdings() if each.quantity)
    if account is None:
        output.note(f"no account on paper yet at {path}; it begins with {format_money(cash)}")
        output.record("paper_reset", done=False, ledger=str(path), cash=format_money(cash))
        return 0
    output.note(f"{path}: {_said(account)}, {len(held)} positions open")
    if not typed(f"begin anew with {format_money(cash)}?", PHRASE, piped=True):
        raise HaltError("that was not the phrase; the account stays as it is")
    store = Store.open(path)
    try:
        store.reset_paper(cash, SystemClock().now())
        halts = store.halts()
    finally:
        store.close()
    output.say(f"a new account on paper with {format_money(cash)}")
    for halt in halts:
        output.note(f"still halted ({halt.breaker}): {halt.reason}; `clear` lifts it")
    output.record(
        "paper_reset",
        done=True,
        ledger=str(path),
        cash=format_money(cash),
        was=format_money(account.cash),
        halts=len(halts),
    )
    return 0


def _said(account: "Account") -> str:
    return (
        f"began with {format_money(account.start)}, cash {format_money(account.cash)}, "
        f"realised {signed_money(account.realized)}"
    )
