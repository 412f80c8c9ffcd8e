"""``clear``: a person at the machine lifts the halts."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_assistant.cli import trading
from kalshi_assistant.cli.engines import beside
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.cli.trading import Account, Book, ClientFile
from kalshi_assistant.domain.errors import HaltError, OperatorError
from kalshi_assistant.domain.time import format_iso

if TYPE_CHECKING:
    from kalshi_assistant.domain.time import Nanos
    from kalshi_assistant.settings import Configuration


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

    A running engine hears of it within a second; that of a demo is named by the folder that
    `status` shows, as --state-dir. Not within a minute of a cancel-all of the account. Only an
    account on paper, without a live one beside it, takes the phrase from a pipe.
    """
    from kalshi_assistant.cli.folders import config_file
    from kalshi_assistant.cli.run import flags_of
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.kill_file import kill_path, read_kill
    from kalshi_assistant.settings import load

    output = Output(as_json=as_json)
    if not reason.strip():
        raise OperatorError("--reason is empty; write why it is safe to go on")
    flags = flags_of(environment, None, client_file, state_dir)
    configuration = load(config_file(config), flags=flags)
    of = _account(mode, configuration, state_dir)
    _refuse_early(of.state, SystemClock().now())
    killed = read_kill(kill_path(of.state))
    if of.mode == trading.PAPER and killed is None and not of.ledger.exists():
        return _nothing(f"there is no {of.mode} account yet: {of.ledger}", of, output)
    book = of.book()
    halts = _halts(book)
    for halt in halts:
        output.say(halt)
    if killed is not None:
        output.say(f"{kill_path(of.state)}: {killed}")
    if not halts and killed is None and of.mode == trading.PAPER:
        return _nothing(f"no halt is in force on the {of.mode} account", of, output)
    account = trading.account_of(configuration)
    if not trading.typed(
        f"lift this on the {of.mode} account?", phrase(of.mode, account), piped=of.piped
    ):
        raise HaltError("that was not the phrase; the halt stands")
    return _lift(book, of, reason.strip(), bool(halts), killed is not None, output)


@dataclass(frozen=True, slots=True)
class _Account:
    """Whose halts are lifted."""

    mode: str
    state: Path
    ledger: Path
    demo: bool

    @property
    def piped(self) -> bool:
        """Whether the phrase may come from a program."""
        alone = self.demo or not trading.ledger_file(self.state, trading.LIVE).exists()
        return self.mode == trading.PAPER and alone

    def book(self) -> Book:
        """Its book. Raises OperatorError."""
        from kalshi_assistant.runtime.store import Store

        return Store.open(self.ledger) if self.demo else trading.open_book(self.state, self.mode)


def _account(mode: str | None, configuration: "Configuration", given: Path | None) -> _Account:
    """That of the settings; of a demo, which has its ledger at once in its folder, that one."""
    from kalshi_assistant.cli.folders import folders

    if given is not None and (given / trading.LEDGER_NAME).is_file():
        return _Account(trading.PAPER, given, given / trading.LEDGER_NAME, demo=True)
    state, which = folders(configuration).state, trading.mode_of(mode, configuration)
    return _Account(which, state, trading.ledger_file(state, which), demo=False)


def _lift(book: Book, of: _Account, reason: str, halted: bool, killed: bool, output: Output) -> int:
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.kill_file import remove_kill

    now = SystemClock().now()
    if not halted:  # the venue's account is accepted as it is: a running engine hears of that too
        book.halt(breaker="person", reason="cleared without a halt", now=now)
    count = book.clear(reason=reason, now=now)
    remove_kill(of.state)
    if halted or killed:
        file = ", and the kill file" if killed else ""
        output.say(f"cleared: {count if halted else 0} of the book{file}")
    else:
        output.say("no halt was in force; the account is accepted as the venue has it")
    output.record("clear", mode=of.mode, cleared=count, kill_file=killed)
    return 0


def _nothing(text: str, of: _Account, output: Output) -> int:
    output.say(text)
    for each in beside(of.state):
        output.note(f"not asked: {each.in_words()}; `clear --state-dir {each.directory}`")
    output.record("clear", mode=of.mode, cleared=0, kill_file=False)
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
