"""``kill``: halt for good and take our orders out, from a process of its own."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli import trading
from kalshi_assistant.cli.engines import Which, ask, beside
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import ControlDir, Environment, StateDir, Tied
from kalshi_assistant.cli.trading import Account, ClientFile
from kalshi_assistant.domain.errors import AssistantError

if TYPE_CHECKING:
    from kalshi_assistant.runtime.carrying import Access
    from kalshi_assistant.runtime.kill_result import KillResult
    from kalshi_assistant.runtime.killing import Halted, Outcome, Swept
    from kalshi_assistant.settings import Configuration

OUTSIDE, NOT_GONE, WRONG_USE = 3, 1, 2
ENGINE_SECONDS: Final = 5.0
EVERYTHING: Final = (
    "cancel-all takes out every order of the account, those placed by hand too, and may take out "
    "what is placed within the next minute"
)


@dataclass(frozen=True, slots=True)
class _Wish:
    everything: bool
    yes: bool
    mode: str
    reason: str


def kill(
    everything: Annotated[
        bool, typer.Option("--everything", help="Every order of the account, yours by hand too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --everything.")] = False,
    reason: Annotated[str, typer.Option(help="Kept with the halt.")] = "the kill command",
    watch: Annotated[
        bool, typer.Option("--watch", hidden=True, help="Wait for kill files; beside an engine.")
    ] = False,
    control_dir: ControlDir = None,
    tied: Tied = False,
    environment: Environment = None,
    mode: Account = None,
    client_file: ClientFile = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Halt trading until a person clears it, then cancel our orders and read that they are gone.

    The halt is written first and needs neither network nor a running engine. Exit code 0 only if
    every order is confirmed gone, those still on their way to the venue too (looked for for some
    ten seconds), and every order group of ours is closed; 3 where the venue could not be asked.
    """
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.cli.run import flags_of
    from kalshi_assistant.settings import SettingsError, load

    output = Output(as_json=as_json)
    del control_dir, tied  # as every process beside an engine is given
    try:
        flags = flags_of(environment, None, client_file, state_dir)
        configuration = load(config_file(config), flags=flags)
    except SettingsError as error:
        return _blindly(error, environment, state_dir, reason, output)
    wish = _Wish(everything, yes, trading.mode_of(mode, configuration), reason)
    state = folders(configuration).state
    if watch:
        return _watch(wish, state, configuration, output)
    return _kill(wish, state, configuration, output)


def _watch(wish: _Wish, state: Path, configuration: "Configuration", output: Output) -> int:
    """Beside an engine, and without it: take our orders out whenever a kill file comes to be."""
    from kalshi_assistant.cli.kill_apart import until_closed, watch
    from kalshi_assistant.runtime.kill_result import open_log

    os.dup2(open_log(state), sys.stdout.fileno())

    def kill_for(reason: str) -> None:
        try:
            _kill(replace(wish, reason=reason), state, configuration, output)
        except AssistantError as error:
            output.note(str(error))
        sys.stdout.flush()

    watch(state, kill_for, until_closed())
    return 0


def _kill(wish: _Wish, state: Path, configuration: "Configuration", output: Output) -> int:
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.grants import revoke
    from kalshi_assistant.runtime.kill_result import KillResult, begin
    from kalshi_assistant.runtime.killing import Swept, halt_durably

    opening, wall = partial(trading.open_book, state, wish.mode), SystemClock()
    began_at = wall.now()
    begin(state, began_at)
    halted = halt_durably(state, opening, wish.reason, began_at)
    told = _tell_halt(halted, state, wish.reason, output)
    try:
        revoke(state)
    except AssistantError as error:
        output.note(str(error))
    asked_all, code = wish.everything, 0
    if wish.mode == trading.PAPER:
        output.say("paper orders rest in no venue: the engine that made them drops them")
        swept = Swept()
    else:
        if asked_all and not wish.yes and not _confirmed(output):
            asked_all, code = False, WRONG_USE
        swept = _swept_at_venue(asked_all, state, halted, configuration, output)
    _tell(swept, output)
    found = _fields(swept, halted, wish, state, configuration, told=told)
    output.record("kill", **found)
    code = _code(halted, swept, code)
    _keep(state, KillResult(began_at, wall.now(), code, _summary(halted, swept), found), output)
    for each in beside(state):
        output.note(
            f"NOT TOUCHED, for it has an account of its own: {each.in_words()}; K twice on its "
            f"screen, or `flatten --pid {each.pid}`"
        )
    return code


def _code(halted: "Halted", swept: "Swept", code: int) -> int:
    if not halted.stands:
        return NOT_GONE
    if swept.trouble is not None:
        return OUTSIDE
    return code if swept.confirmed and not swept.untriggered else NOT_GONE


def _summary(halted: "Halted", swept: "Swept") -> str:
    """What it came to, in one line."""
    counts = [
        f"{len(swept.those(what))} {word}"
        for what, word in (
            ("cancelled", "cancelled"),
            ("filled", "traded before"),
            ("unconfirmed", "NOT CONFIRMED"),
        )
        if swept.those(what)
    ]
    words = ["halted" if halted.stands else "THE HALT COULD NOT BE WRITTEN", *counts]
    words += [f"NOT CLOSED: {each}" for each in swept.untriggered]
    if swept.trouble is not None:
        words.append(f"NOT CONFIRMED: {swept.trouble}")
    elif swept.confirmed:
        words.append("none of our orders rests")
    return ", ".join(words)


def _keep(state: Path, result: "KillResult", output: Output) -> None:
    from kalshi_assistant.runtime.kill_result import result_path, write_result

    try:
        write_result(state, result)
    except AssistantError as error:
        output.note(str(error))
    else:
        output.note(f"kept in {result_path(state)}")


def _tell_halt(halted: "Halted", state: Path, reason: str, output: Output) -> bool:
    """Say how the halt stands; answers whether a running engine had to be told of it itself."""
    for trouble in halted.troubles:
        output.note(trouble)
    if halted.stands:
        output.say(f"halted: nothing is sent for {state} until `kalshi-assistant clear`")
        return False
    try:
        reply = ask(Which(control_dir=state), "halt", reason, ENGINE_SECONDS)
    except AssistantError as error:
        output.note(f"no running engine was told: {error}")
        output.note("THE HALT COULD NOT BE WRITTEN: end the engine by hand, then see the disk")
        return False
    output.note(f"the running engine was told: {reply.text}")
    output.note(
        "THE HALT COULD NOT BE WRITTEN: the running engine halts while it lives, and keeps the "
        "halt once its disk takes it; see the disk before another one is started"
    )
    return reply.ok


def _confirmed(output: Output) -> bool:
    """Whether a person wants everything gone; without one it is not done, and told."""
    if sys.stdin.isatty():
        return typer.confirm(f"{EVERYTHING}. Do it?", err=True)
    output.note(f"{EVERYTHING}: say --yes with --everything; only our own are taken out now")
    return False


def _swept_at_venue(
    everything: bool, state: Path, halted: "Halted", configuration: "Configuration", output: Output
) -> "Swept":
    """Take orders out; whatever stands in the way is part of what comes back."""
    from kalshi_assistant.domain.ids import OrderIds
    from kalshi_assistant.runtime.doubts import Doubts
    from kalshi_assistant.runtime.killing import Sweep, Swept, groups_to_trigger, sweep

    try:
        access = trading.access_of(configuration)
    except AssistantError as error:
        return Swept(trouble=f"no order was cancelled, the key cannot be used: {error}")
    if access.signer is None:
        return Swept(trouble="no order was cancelled: there is no key")
    if halted.book is None and not everything:
        return Swept(
            trouble="no order was cancelled: the account's book does not say which is ours"
        )
    namespace = "" if halted.book is None else halted.book.namespace
    groups, trouble = groups_to_trigger(halted, access.clock.now())
    unknown = (f"our order groups: {trouble}",) if trouble is not None else ()
    output.note("cancelling and reading again until all is gone; a few seconds")
    sweeping = Sweep(
        owns=OrderIds(namespace, 0).owns,
        now=access.clock.now,
        everything=everything,
        before_all=partial(_stamp, state, access, output),
        groups=groups,
        subaccount=configuration.settings.account.subaccount,
        doubts=Doubts(None if halted.book is None else halted.book.unfinished),
        say=output.note,
    )
    swept = asyncio.run(sweep(access, sweeping))
    return replace(swept, untriggered=(*unknown, *swept.untriggered))


def _stamp(state: Path, access: "Access", output: Output) -> None:
    """Let nothing be armed for a minute; a disk that fails does not hold the cancel up."""
    from kalshi_assistant.runtime.kill_file import stamp_cancel_all

    try:
        stamp_cancel_all(state, access.wall.now())
    except AssistantError as error:
        output.note(f"{error}; arm nothing within the next minute")


def _tell(swept: "Swept", output: Output) -> None:
    for each in swept.those("cancelled"):
        output.say(f"cancelled: {_named(each)}{_meanwhile(each)}")
    for each in swept.those("filled"):
        output.say(f"traded before it could be cancelled: {_named(each)}{_meanwhile(each)}")
    for each in swept.those("unconfirmed"):
        output.say(f"NOT CONFIRMED: {_named(each)}: {each.reason}")
    for group in swept.untriggered:
        output.say(f"NOT CLOSED: {group}")
    for note in swept.notes:
        output.note(note)
    if swept.all_cancelled:
        output.say(f"the venue took it: {EVERYTHING}; nothing is armed for 60 seconds")
    if swept.others:
        output.say(f"left alone, not ours: {swept.others} that rest")
    if swept.trouble is not None:
        output.say(f"NOT CONFIRMED: {swept.trouble}")
    elif swept.confirmed:
        output.say("none of our orders rests")


def _named(outcome: "Outcome") -> str:
    order = outcome.order
    return f"{order.client_order_id or order.order_id} in {order.ticker}"


def _meanwhile(outcome: "Outcome") -> str:
    from kalshi_assistant.domain.units import format_quantity

    if not outcome.meanwhile:
        return ""
    return f" ({format_quantity(outcome.meanwhile)} contracts traded meanwhile)"


def _fields(
    swept: "Swept",
    halted: "Halted",
    wish: _Wish,
    state: Path,
    configuration: "Configuration",
    *,
    told: bool,
) -> dict[str, object]:
    """All of it, for machines."""
    from kalshi_assistant.domain.time import format_iso
    from kalshi_assistant.runtime.kill_file import quiet_until

    until = None
    if swept.all_cancelled is not None:
        with suppress(AssistantError):  # told already where the stamp could not be written
            until = quiet_until(state)
    return {
        "mode": wish.mode,
        "environment": configuration.settings.environment,
        "reason": wish.reason,
        "halted": halted.stands,
        "engine_told": told,
        "confirmed": halted.stands and swept.confirmed,
        "cancelled": _objects(swept.those("cancelled")),
        "filled": _objects(swept.those("filled")),
        "unconfirmed": _objects(swept.those("unconfirmed")),
        "refused": [{"order_id": each, "reason": why} for each, why in swept.refusals],
        "others": swept.others,
        "everything": swept.all_cancelled,
        "quiet_until": None if until is None else format_iso(until),
        "trouble": swept.trouble,
        "untriggered": list(swept.untriggered),
        "notes": [*halted.troubles, *swept.notes],
    }


def _objects(outcomes: "Sequence[Outcome]") -> list[dict[str, object]]:
    from kalshi_assistant.domain.units import format_quantity

    return [
        {
            "order_id": each.order.order_id or None,
            "client_order_id": each.order.client_order_id,
            "ticker": each.order.ticker,
            "traded_meanwhile": format_quantity(each.meanwhile),
            "reason": each.reason,
        }
        for each in outcomes
    ]


def _blindly(
    error: AssistantError,
    environment: str | None,
    state_dir: Path | None,
    reason: str,
    output: Output,
) -> int:
    """Without settings: a kill file for every account of the state folder, and no cancels."""
    from kalshi_assistant.cli.folders import accounts_below, state_root
    from kalshi_assistant.runtime.kill_file import write_kill

    output.note(str(error))
    done = []
    for folder in accounts_below(state_dir or state_root(), environment):
        try:
            write_kill(folder, reason)
        except AssistantError as trouble:
            output.note(str(trouble))
        else:
            done.append(str(folder))
            output.say(f"halted: {folder}")
    output.record("kill", halted=bool(done), confirmed=False, folders=done, trouble=str(error))
    output.note("no order was cancelled: the settings above have to be mended first")
    return WRONG_USE
