"""``arm``: a person grants a day of live trading to processes that nobody watches."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_assistant.cli import trading
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.cli.trading import ClientFile
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path

    from kalshi_assistant.domain.time import Nanos
    from kalshi_assistant.runtime.arming import Condition, Situation
    from kalshi_assistant.settings import Configuration

NEEDED = ("mode", "environment", "limits", "doctor", "halts", "quiet")
"""What must be so for a grant; the rest is asked when a process starts."""


def arm(
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Take the grant away instead of making one.")
    ] = False,
    environment: Environment = None,
    client_file: ClientFile = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Grant 24 hours of live trading without a person, by typing a phrase at a terminal.

    The grant is bound to the account and the settings, and void after an end that was not in order.
    Exit code 1, and no grant, where a condition is not met.
    """
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.cli.run import flags_of
    from kalshi_assistant.domain.time import format_iso
    from kalshi_assistant.runtime import grants
    from kalshi_assistant.runtime.arming import conditions
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.settings import load

    output = Output(as_json=as_json)
    flags = flags_of(environment, None, client_file, state_dir)
    configuration = load(config_file(config), flags=flags)
    state = folders(configuration).state
    if revoke:
        grants.revoke(state)
        output.say("the grant is gone")
        output.record("arm", granted=False, until=None)
        return 0
    account, key = trading.account_of(configuration), trading.key_of(configuration)
    if account is None or key is None:
        raise OperatorError("there is no key; live trading needs key_id and private_key_path")
    now = SystemClock().now()
    situation = situation_of(configuration, state, account, now)
    found = [each for each in conditions(situation) if each.name in NEEDED]
    _tell(found, configuration, output)
    if not all(each.met is True for each in found):
        output.say("nothing was granted")
        return 1
    if not trading.typed("this trades with real money", grants.phrase(account)):
        output.say("that was not the phrase; nothing was granted")
        return 1
    granted = grants.make_grant(state, account, situation.config, key, now)
    output.say(f"granted until {format_iso(granted.valid_until)}")
    output.record("arm", granted=True, until=format_iso(granted.valid_until))
    return 0


def situation_of(
    configuration: "Configuration",
    state: "Path",
    account: str | None,
    now: "Nanos",
    *,
    with_book: bool = True,
) -> "Situation":
    """What the machine alone knows of the conditions: settings, doctor, halts; not the venue.

    An engine that trades has the book open and hears of its halts itself (``with_book`` false).
    """
    from kalshi_assistant.runtime.arming import SWITCH, Situation
    from kalshi_assistant.runtime.doctor import read_pass
    from kalshi_assistant.runtime.kill_file import kill_path, quiet_until, read_kill

    settings = configuration.settings
    killed = read_kill(kill_path(state))
    halts = [] if killed is None else [f"kill file: {killed}"]
    if with_book and trading.ledger_file(state, trading.LIVE).exists():
        book = trading.open_book(state, trading.LIVE)
        halts += [f"{each.breaker}: {each.reason}" for each in book.halts()]
    return Situation(
        mode=str(settings.mode),
        environment=settings.environment,
        origins=configuration.origins,
        file=configuration.file,
        switch=os.environ.get(SWITCH),
        account=account,
        config=trading.config_digest(settings),
        now=now,
        consent=None,
        passed=read_pass(state),
        halts=halts,
        quiet_until=quiet_until(state),
    )


def _tell(found: "list[Condition]", configuration: "Configuration", output: Output) -> None:
    """The limits in force and the conditions, met or not."""
    from kalshi_assistant.settings.describe import document

    limits = document(configuration.settings.risk)
    width = max(map(len, limits))
    output.say("limits:")
    for name, value in limits.items():
        output.say(f"  {name:<{width}}  {value}")
    output.record("limits", **limits)
    for each in found:
        output.say(f"{'  ok' if each.met else ' off'}  {each.name}: {each.say}")
        if not each.met:
            output.say(f"      {each.remedy}")
        output.record("condition", name=each.name, met=each.met, say=each.say, remedy=each.remedy)
