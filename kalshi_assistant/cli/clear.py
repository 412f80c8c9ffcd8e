"""``clear``: a person at the machine lifts the halts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_assistant.cli import trading
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.cli.trading import Account, Book, ClientFile
from kalshi_assistant.domain.errors import HaltError, OperatorError
from kalshi_assistant.domain.time import format_iso

if TYPE_CHECKING:
    from kalshi_assistant.domain.time import Nanos


def clear(
    reason: Annotated[str, typer.Option(help="Why it is safe to go on; kept with the halt.")],
    environment: Environment = None,
    mode: Account = None,
    client_file: ClientFile = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Lift every halt of an account, the kill file too, by typing a phrase at a terminal.

    A running engine hears of it within a second. Not within a minute of a cancel-all of the
    account. Only an account on paper takes the phrase from a pipe.
    """
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.cli.run import flags_of
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.kill_file import kill_path, read_kill, remove_kill
    from kalshi_assistant.settings import load

    output = Output(as_json=as_json)
    if not reason.strip():
        raise OperatorError("--reason is empty; write why it is safe to go on")
    flags = flags_of(environment, None, client_file, state_dir)
    configuration = load(config_file(config), flags=flags)
    which, state = trading.mode_of(mode, configuration), folders(configuration).state
    now = SystemClock().now()
    _refuse_early(state, now)
    book = trading.open_book(state, which)
    killed, halts = read_kill(kill_path(state)), _halts(book)
    for halt in halts:
        output.say(halt)
    if killed is not None:
        output.say(f"{kill_path(state)}: {killed}")
    if not halts and killed is None and which == trading.PAPER:
        output.say(f"no halt is in force on the {which} account")
        output.record("clear", mode=which, cleared=0, kill_file=False)
        return 0
    account = trading.account_of(configuration)
    piped = which == trading.PAPER and not trading.ledger_file(state, trading.LIVE).exists()
    if not trading.typed(f"lift this on the {which} account?", phrase(which, account), piped=piped):
        raise HaltError("that was not the phrase; the halt stands")
    now = SystemClock().now()
    if not halts:  # the venue's account is accepted as it is: a running engine hears of that too
        book.halt(breaker="person", reason="cleared without a halt", now=now)
    count = book.clear(reason=reason.strip(), now=now)
    remove_kill(state)
    if halts or killed is not None:
        file = "" if killed is None else ", and the kill file"
        output.say(f"cleared: {count if halts else 0} of the book{file}")
    else:
        output.say("no halt was in force; the account is accepted as the venue has it")
    output.record("clear", mode=which, cleared=count, kill_file=killed is not None)
    return 0


def phrase(mode: str, account: str | None) -> str:
    """What a person types to lift a halt."""
    if mode == trading.PAPER or account is None:
        return "CLEAR THE HALT"
    return f"CLEAR THE HALT {account[-4:]}"


def _halts(book: Book) -> list[str]:
    return [
        f"{each.breaker}: {each.reason} (since {format_iso(each.since)})" for each in book.halts()
    ]


def _refuse_early(state: Path, now: "Nanos") -> None:
    from kalshi_assistant.runtime.kill_file import quiet_until

    until = quiet_until(state)
    if until is not None and now < until:
        raise HaltError(
            f"a cancel-all of the account may hit new orders until {format_iso(until)}; "
            "clear after that"
        )
