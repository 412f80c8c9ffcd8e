"""``alert run | test | rules``: tell somebody who is not looking."""

import asyncio
import secrets
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.folders import configuration_of, folders
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import ControlDir, Environment, StateDir, Tied
from kalshi_assistant.domain.errors import AssistantError, OperatorError, PassingError

if TYPE_CHECKING:
    from pathlib import Path

    from kalshi_assistant.alerts.message import Message, Outgoing
    from kalshi_assistant.settings import Configuration

alert = typer.Typer(rich_markup_mode=None)

_CHANNELS: Final = "desktop|telegram|webhook|apprise"
_TEST_TEXT: Final = "If you can read this, alerts reach you here."


@alert.command()
def run(
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
    control_dir: ControlDir = None,
    tied: Tied = False,
    restarts: Annotated[int, typer.Option(min=0, hidden=True)] = 0,
) -> int:
    """Deliver what the rules find in a running engine, until it ends.

    `run` and `demo` start this by themselves where a channel is switched on.
    """
    output = Output(as_json=as_json)
    configuration = configuration_of(environment, state_dir, config, channels=True)
    alerts = configuration.settings.alerts
    if not alerts.wanted:
        raise OperatorError(
            "there is nothing to tell: write alerts.rules and switch a channel on, "
            "e.g. alerts.webhook.enabled"
        )
    directory = control_dir or folders(configuration).state
    asyncio.run(_deliver(configuration, directory, output, tied=tied, restarts=restarts))
    return 0


@alert.command("test")
def try_channel(
    channel: Annotated[str, typer.Argument(metavar=_CHANNELS, help="The channel to try.")],
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Send one message through a channel and say what became of it."""
    output = Output(as_json=as_json)
    configuration = configuration_of(None, None, config, channels=True)
    try:
        said = asyncio.run(_send(channel, configuration))
    except AssistantError as error:
        output.record("alert_test", channel=channel, ok=False, text=str(error))
        raise
    output.record("alert_test", channel=channel, ok=True, text=said)
    output.say(f"{channel}: {said}")
    return 0


@alert.command()
def rules(as_json: Json = False, config: ConfigFile = None) -> int:
    """Show the rules as they were understood, and where each is told."""
    output = Output(as_json=as_json)
    alerts = configuration_of(None, None, config).settings.alerts
    for rule in alerts.parsed:
        channels = list(alerts.enabled if rule.channels is None else rule.channels)
        every = alerts.limits.repeat_seconds if rule.every_seconds is None else rule.every_seconds
        output.record(
            "alert_rule",
            rule=rule.text,
            severity=rule.severity,
            channels=channels,
            every_seconds=every,
        )
        where = ", ".join(channels) or "no channel"
        output.say(f"{rule.severity:<8} {rule.text}  ->  {where}, again after {every:g} s")
    if not alerts.rules:
        output.note("no rules: write some as alerts.rules")
    off = [name for name in {name for rule in alerts.parsed for name in rule.channels or ()}
           if name not in alerts.enabled]  # fmt: skip
    for name in sorted(off):
        output.note(f"a rule goes to {name}, which is off: set alerts.{name}.enabled")
    return 0


async def _send(channel: str, configuration: "Configuration") -> str:
    from kalshi_assistant.alerts.channels import open_channel
    from kalshi_assistant.runtime.clock import SystemClock

    settings, clock = configuration.settings.alerts, SystemClock()
    given = configuration.channel_secrets()
    opened = open_channel(channel, settings, given, clock.now, secrets.token_hex(8))
    seconds = settings.limits.timeout_seconds
    try:
        async with asyncio.timeout(seconds):
            await opened.check()
            return await opened.send(_message(clock.now()))
    except TimeoutError as error:
        raise PassingError(f"the channel {channel} gave no answer in {seconds:g} s") from error
    finally:
        await opened.close()


def _message(now: int) -> "Message":
    from kalshi_assistant.alerts.message import Message
    from kalshi_assistant.domain.time import Nanos

    return Message(1, Nanos(now), "info", "A test of kalshi-assistant", _TEST_TEXT)


async def _deliver(
    configuration: "Configuration", directory: "Path", output: Output, *, tied: bool, restarts: int
) -> None:
    from kalshi_assistant.alerts.channels import open_channels
    from kalshi_assistant.alerts.delivery import Delivery
    from kalshi_assistant.quant.rng import stream
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.operator import on_closed_stdin, on_stop_signal

    settings, clock = configuration.settings.alerts, SystemClock()
    name = secrets.token_hex(8)
    delivery = Delivery(
        directory,
        settings,
        open_channels(settings, configuration.channel_secrets(), clock.now, name),
        clock.now,
        stream(secrets.randbits(32), "alerts"),
        output.note,
        lambda outgoing: _told(outgoing, output),
        patient=tied,
        restarts=restarts,
    )
    on_stop_signal(delivery.stop)
    if tied:
        on_closed_stdin(delivery.orphan)
    await delivery.run()


def _told(outgoing: "Outgoing", output: Output) -> None:
    from kalshi_assistant.domain.time import format_iso

    message = outgoing.message
    output.record(
        "alert",
        at=format_iso(message.at),
        channel=outgoing.channel,
        severity=message.severity,
        title=message.title,
        text=message.text,
        count=message.count,
        rules=list(message.rules),
    )
    output.say(f"{format_iso(message.at)} {outgoing.channel}: {message.title}")
