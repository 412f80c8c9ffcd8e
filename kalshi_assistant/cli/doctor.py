"""``doctor``: is this machine, this configuration and this key fit to trade."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli import trading
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.cli.trading import ClientFile
from kalshi_assistant.domain.errors import AssistantError, OperatorError

if TYPE_CHECKING:
    from pathlib import Path

    from kalshi_assistant.runtime.carrying import Access
    from kalshi_assistant.runtime.doctor import Line
    from kalshi_assistant.runtime.doctor_alerts import ChannelCheck
    from kalshi_assistant.settings import Configuration

WORDS: Final = {"pass": "pass", "warn": "WARN", "fail": "FAIL", "skip": "skip"}
OF_VENUE: Final = (
    "key_file",
    "network",
    "clock",
    "exchange",
    "key",
    "scope",
    "balance",
    "netting",
    "feeds",
)


def doctor(
    demo_order: Annotated[
        bool,
        typer.Option("--demo-order", help="Place and cancel 0.01 contract; not with --env prod."),
    ] = False,
    environment: Environment = None,
    client_file: ClientFile = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Check machine, configuration, clock, key, balance and feeds; say how to mend what is wrong.

    Exit code 0 where nothing failed, 1 where something did, 3 where only the venue or the network
    is missing. Without a key the lines about the account are skipped. What it found is kept for the
    start of live trading, which wants a pass of the last 24 hours.
    """
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.cli.run import flags_of
    from kalshi_assistant.runtime import doctor as looking
    from kalshi_assistant.runtime.doctor_alerts import config_line
    from kalshi_assistant.settings import SettingsError, load

    output = Output(as_json=as_json)
    machine = [
        looking.python_line(sys.version_info[:3]),
        looking.colours_line(os.environ, is_terminal=sys.stdout.isatty()),
    ]
    file = config_file(config)
    try:
        flags = flags_of(environment, None, client_file, state_dir)
        configuration = load(file, flags=flags, channels=True)
    except SettingsError as error:
        remedy = "mend them; `config.example.yaml` shows every setting and `config check` the rest"
        machine.append(looking.failed("config", str(error), remedy))
        skipped = [looking.skipped(name, "the settings are wrong") for name in OF_VENUE]
        return _told([*machine, *skipped], None, output)
    if demo_order and configuration.settings.environment not in ("demo", "local"):
        raise OperatorError("--demo-order works with --env demo or --env local only")
    places = folders(configuration)
    machine += [
        config_line(file),
        looking.disk_line(places.data),
        looking.state_line(places.state),
        *_of_alerts(configuration),
    ]
    lines = [*machine, *_of_venue(configuration, demo_order=demo_order)]
    return _told(lines, _kept(lines, configuration, places.state, output), output)


def _of_alerts(configuration: "Configuration") -> "tuple[Line, ...]":
    """The channels of alerts that are switched on."""
    from kalshi_assistant.runtime.doctor_alerts import alert_lines

    enabled = configuration.settings.alerts.enabled
    return asyncio.run(alert_lines(enabled, _channel_check(configuration)))


def _channel_check(configuration: "Configuration") -> "ChannelCheck":
    """How the channels themselves are asked."""
    from kalshi_assistant.alerts.channels import check
    from kalshi_assistant.runtime.clock import SystemClock

    alerts, secrets = configuration.settings.alerts, configuration.channel_secrets()
    return lambda name: check(name, alerts, secrets, SystemClock().now)


def _of_venue(configuration: "Configuration", *, demo_order: bool) -> "list[Line]":
    from kalshi_assistant.runtime import doctor as looking

    try:
        access = trading.access_of(configuration)
    except AssistantError as error:
        wrong = looking.failed("key_file", str(error), "name a private key file that can be used")
        rest = [looking.skipped(name, "the key cannot be used") for name in OF_VENUE[1:]]
        return [wrong, *rest]
    return asyncio.run(_asked(access, configuration, demo_order=demo_order))


async def _asked(
    access: "Access", configuration: "Configuration", *, demo_order: bool
) -> "list[Line]":
    from kalshi_assistant.cli.folders import folders
    from kalshi_assistant.domain.time import MILLISECOND
    from kalshi_assistant.runtime import demo_order as ordering
    from kalshi_assistant.runtime import doctor as looking
    from kalshi_assistant.runtime.carrying import Carrier
    from kalshi_assistant.runtime.doctor_account import AccountCheck
    from kalshi_assistant.runtime.handshake import feeds_line
    from kalshi_assistant.runtime.measured_latency import MeasuredLatency
    from kalshi_assistant.venues.kalshi.signing import WS_PATH

    settings, signer = configuration.settings, access.signer
    account = None if signer is None else trading.account_of(configuration)
    lines = [_key_line(access, configuration)]
    carrier = Carrier(access)
    try:
        check = AccountCheck(
            account,
            str(settings.mode) == trading.LIVE,
            access.clock.now(),
            subaccount=settings.account.subaccount,
        )
        lines += await carrier.carry(check.talk())
        if signer is None:
            lines.append(looking.skipped("feeds", "there is no key; without one books are polled"))
        else:
            stamp = access.wall.now() // MILLISECOND
            lines.append(await feeds_line(access.ws_url, signer.sign(stamp, "GET", WS_PATH)))
        if demo_order and signer is not None:
            name = f"doctor-{access.wall.now()}"
            measured = MeasuredLatency(folders(configuration).state)
            subaccount = settings.account.subaccount
            talk = ordering.demo_order(
                settings.environment, name, access.clock.now(), subaccount, measured.add
            )
            lines += await carrier.carry(talk)
            delays = measured.taken()
            trouble = None if delays is None else measured.write(delays)
            if trouble is not None:
                remedy = "see that the state folder can be written"
                lines.append(looking.warned("demo_order.latency", trouble, remedy))
        elif demo_order:
            lines.append(looking.failed("demo_order", "there is no key", "give one of the demo"))
    finally:
        await carrier.close()
    return lines


def _key_line(access: "Access", configuration: "Configuration") -> "Line":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from kalshi_assistant.runtime import doctor as looking

    if access.signer is None:
        return looking.skipped("key_file", "there is no key: what is public only")
    key = access.signer.public_key
    kind = f"RSA, {key.key_size} bits" if isinstance(key, RSAPublicKey) else "Ed25519"
    path = configuration.settings.private_key_path
    if path is not None:
        return looking.passed("key_file", f"{kind}, in {path}, which only you may open")
    where = "of the local exchange" if access.clock is not access.wall else "from the environment"
    return looking.passed("key_file", f"{kind}, {where}")


def _kept(
    lines: "list[Line]", configuration: "Configuration", state: "Path", output: Output
) -> bool | None:
    """Keep what was found; whether it is fit for live trading, ``None`` without an account."""
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.doctor import write_pass

    account = configuration.settings.key_id
    try:
        account = trading.account_of(configuration)
        if account is None:
            return None
        digest = trading.config_digest(configuration.settings)
        return write_pass(state, account, digest, lines, SystemClock().now()).ready
    except AssistantError as error:
        output.note(f"what was found could not be kept: {error}")
        return False


def _told(lines: "list[Line]", ready: bool | None, output: Output) -> int:
    from kalshi_assistant.runtime.doctor import exit_code, not_ready

    width = max(len(line.name) for line in lines)
    for line in lines:
        output.say(f"{WORDS[line.status]}  {line.name:<{width}}  {line.say}")
        if line.remedy and line.status in ("warn", "fail"):
            output.say(f"      {'':<{width}}  {line.remedy}")
        output.record(
            "check", name=line.name, status=line.status, say=line.say, remedy=line.remedy or None
        )
    code = exit_code(lines)
    missing = [] if ready else list(not_ready(lines))
    if ready is False:
        output.say(f"not fit for live trading yet: {', '.join(missing) or 'it could not be kept'}")
    elif ready:
        output.say("fit for live trading, for 24 hours")
    output.record("doctor", ok=code == 0, ready=ready, missing=missing)
    return code
