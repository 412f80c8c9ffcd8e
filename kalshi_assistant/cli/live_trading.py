"""What stands between a start and its orders: the ledger, the conditions, a typed phrase."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from kalshi_assistant.cli import trading
from kalshi_assistant.cli.kill_apart import kill_command
from kalshi_assistant.cli.running import trading_options
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.cli.folders import Folders
    from kalshi_assistant.runtime.keeping import Unready
    from kalshi_assistant.runtime.trading import Funds, MayArm, TradingOptions
    from kalshi_assistant.settings import Configuration

WithConsent = Callable[[bool], "TradingOptions"]


def trading_of(
    configuration: "Configuration", places: "Folders", *, with_key: bool
) -> WithConsent | None:
    """How this start trades, once it is known whether a person agreed; ``None``: it watches.

    Raises OperatorError where it wants to trade and cannot.
    """
    settings = configuration.settings
    mode = settings.mode
    if mode == trading.WATCH:
        return None
    if not with_key:
        raise OperatorError(
            f"mode {mode} needs a key: books that are polled are too old to trade on, even on paper"
        )
    ledger = trading.ledger_file(places.state, mode)

    def options(consent: bool) -> "TradingOptions":
        real = mode == trading.LIVE and settings.environment == "prod"
        may_arm = _conditions(configuration, places, consent=consent) if real else None
        kill = kill_command(configuration) if mode == trading.LIVE else ()
        return trading_options(settings, ledger, places.state, None, may_arm, kill)

    return options


def consented(configuration: "Configuration") -> str | None:
    """Whether a person typed the phrase for this start: ``None`` where not, and a grant is looked
    for later; else what a child of this process needs to start on it.

    It holds for this start alone, whatever becomes of it: who is started again by a supervisor
    needs a grant. Behind a screen the engine is another process, which is handed it.
    """
    from kalshi_assistant.runtime import grants
    from kalshi_assistant.runtime.clock import SystemClock

    settings, handed = configuration.settings, os.environ.pop(grants.CONSENT, None)
    if settings.mode != trading.LIVE or settings.environment != "prod":
        return None
    if handed is None and not sys.stdin.isatty():
        return None
    account, key = trading.account_of(configuration), trading.key_of(configuration)
    if account is None or key is None:
        return None
    now, config = SystemClock().now(), trading.config_digest(settings)
    if handed is not None:
        parent = os.getppid() if os.name == "posix" else None  # elsewhere a launcher stands between
        holds = grants.examine_consent(handed, account, config, key, parent, now)
        return handed if holds else None
    if not trading.typed("this trades with real money", grants.phrase(account)):
        raise OperatorError("that was not the phrase; nothing was started")
    return grants.consent_for_child(account, config, key, os.getpid(), SystemClock().now())


def _conditions(configuration: "Configuration", places: "Folders", *, consent: bool) -> "MayArm":
    """Every condition of real money, asked again and again; what is not known is not met."""
    from kalshi_assistant.cli.arm import situation_of
    from kalshi_assistant.runtime import grants
    from kalshi_assistant.runtime.arming import Lasting, conditions, unmet
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.keeping import Unready

    wall = SystemClock()
    account, key = trading.account_of(configuration), trading.key_of(configuration)
    config = trading.config_digest(configuration.settings)
    used: list[bool] = []
    lasting = Lasting()

    def agreed(clean: bool) -> grants.GrantVerdict:
        """Whether a person agreed: typed just now, or by a grant that holds at this instant."""
        assert account is not None
        assert key is not None
        if consent:
            return grants.GrantVerdict(True, "typed at this start")
        now = wall.now()
        if used:
            return grants.examine_grant(places.state, account, config, key, now)
        used.append(True)
        return grants.use_grant(places.state, account, config, key, now, clean=clean)

    def may_arm(clean: bool, funds: "Funds | None") -> "Unready | None":
        if account is None or key is None:
            return Unready("there is no key")
        verdict = agreed(clean)
        known = situation_of(configuration, places.state, account, wall.now(), with_book=False)
        situation = replace(
            known,
            consent=verdict.holds,
            consent_says=verdict.say,
            cash=None if funds is None else funds.cash,
            netting=None if funds is None else funds.netting,
        )
        return lasting.judge(unmet(conditions(situation)))

    return may_arm
