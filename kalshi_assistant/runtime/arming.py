"""What must be so before real orders may leave: every condition met, and known to be.

Pure: the facts are gathered by who starts or arms, and what is not known is not met. A process that
is not armed sends no new orders, whatever else it does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kalshi_assistant.domain.time import HOUR, SECOND, Nanos, format_iso
from kalshi_assistant.domain.units import Money, format_money
from kalshi_assistant.runtime.doctor import DoctorPass
from kalshi_assistant.runtime.keeping import Unready

SWITCH: Final = "KALSHI_ASSISTANT_LIVE"
"""The environment variable that must be 1."""
DOCTOR_LASTS: Final = 24 * HOUR
LEAST_CASH: Final = Money(1_000_000)
"""On the market's shard: one contract costs at most a dollar."""
NETTING_REMEDY: Final = (
    "turn netting on for this subaccount in the venue's settings (portfolio, netting): the ledger "
    "counts on it"
)
_CLOCK_SLACK: Final = 5 * SECOND
_LIMITS: Final = ("risk.", "sizing.max_")
"""What the settings that are limits begin with."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must be so; ``met`` is ``None`` where it is not known, which is off."""

    name: str
    met: bool | None
    say: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known when somebody wants to arm. ``None`` is not known."""

    mode: str
    environment: str
    origins: Mapping[str, str]
    """Dotted setting to ``file:line:column``, variable, flag or ``default``."""
    file: Path | None
    switch: str | None
    """The value of the environment variable."""
    account: str | None
    config: str
    now: Nanos
    consent: bool | None
    """Whether the phrase was typed at this start, or a grant holds."""
    consent_says: str = "the phrase has not been typed"
    cash: Money | None = None
    """On the shard of the market."""
    least_cash: Money = LEAST_CASH
    passed: DoctorPass | None = None
    netting: bool | None = None
    """What the venue says of our subaccount."""
    halts: Sequence[str] | None = None
    """Every halt in force, the kill file among them."""
    quiet_until: Nanos | None = None
    """After a cancel-all of the whole account; ``None`` where there was none."""


def conditions(situation: Situation) -> tuple[Condition, ...]:
    """Every condition of live trading, in the order in which a person meets them."""
    return tuple(condition(situation) for condition in _ALL)


def armed(found: Sequence[Condition]) -> bool:
    """Whether every condition is met; one that is not known is not."""
    return bool(found) and all(each.met is True for each in found)


def unmet(found: Sequence[Condition]) -> tuple[Condition, ...]:
    """The conditions that stand in the way."""
    return tuple(each for each in found if each.met is not True)


LAPSING: Final = frozenset(("consent", "doctor"))
"""What runs out after a day: a position that was opened under it may be closed after it."""


class Lasting:
    """What is missing now, beside what a process once had."""

    def __init__(self) -> None:
        self._had: set[str] = set()

    def judge(self, missing: Sequence[Condition]) -> Unready | None:
        """Why orders may not leave. Only entries may not, where nothing is missing but what ran
        out, or cash that is known to be too little to open anything.
        """
        self._had |= LAPSING - {each.name for each in missing}
        if not missing:
            return None
        why = "; ".join(each.say for each in missing)
        return Unready(why, entries_only=all(self._of_entries(each) for each in missing))

    def _of_entries(self, each: Condition) -> bool:
        return each.name in self._had or (each.name == "funded" and each.met is False)


# --- one by one ---


def _in_file(situation: Situation, key: str) -> bool:
    """Whether the setting was written in the configuration file itself."""
    where = situation.origins.get(key, "default")
    return situation.file is not None and where.startswith(f"{situation.file}:")


def _mode(situation: Situation) -> Condition:
    met = situation.mode == "live" and _in_file(situation, "mode")
    where = situation.origins.get("mode", "default")
    remedy = "write `mode: live` in the configuration file; a flag or a variable is not enough"
    return Condition("mode", met, f"mode is {situation.mode} (from {where})", remedy)


def _environment(situation: Situation) -> Condition:
    met = _in_file(situation, "environment")
    where = situation.origins.get("environment", "default")
    say = f"environment is {situation.environment} (from {where})"
    remedy = f"write `environment: {situation.environment}` in the configuration file itself"
    return Condition("environment", met, say, remedy)


def _switch(situation: Situation) -> Condition:
    met = situation.switch == "1"
    say = f"{SWITCH} is {'1' if met else 'not 1'}"
    return Condition("switch", met, say, f"set {SWITCH}=1 in the environment of this process")


def _limits(situation: Situation) -> Condition:
    limits = [key for key in situation.origins if key.startswith(_LIMITS)]
    if not all(any(key.startswith(some) for key in limits) for some in _LIMITS):
        return Condition("limits", None, "the limits are not known", "run `config show`")
    left = sorted(key for key in limits if not _in_file(situation, key))
    say = (
        f"not written in the file: {', '.join(left)}" if left else "every limit is set in the file"
    )
    remedy = (
        "write each of them in the configuration file itself, at the default if that is what you "
        "want; a variable is not enough"
    )
    return Condition("limits", not left, say, remedy)


def _consent(situation: Situation) -> Condition:
    remedy = "type the phrase at the start, or grant a day of it with `kalshi-assistant arm`"
    return Condition("consent", situation.consent, situation.consent_says, remedy)


def _funded(situation: Situation) -> Condition:
    cash, least = situation.cash, situation.least_cash
    remedy = "move money to the shard of the market: the account's total is not what counts"
    if cash is None:
        return Condition("funded", None, "the cash on the market's shard is not known", remedy)
    say = f"${format_money(cash)} on the market's shard, ${format_money(least)} are needed"
    return Condition("funded", cash >= least, say, remedy)


def _doctor(situation: Situation) -> Condition:
    passed, remedy = situation.passed, "run `kalshi-assistant doctor` and mend what it names"
    if passed is None:
        return Condition("doctor", None, "doctor has not been run for this account", remedy)
    say = f"doctor was run at {format_iso(passed.at)}"
    if (passed.account, passed.config) != (situation.account, situation.config):
        return Condition("doctor", False, f"{say}, for another account or other settings", remedy)
    if not -_CLOCK_SLACK <= situation.now - passed.at <= DOCTOR_LASTS:
        return Condition("doctor", False, f"{say}, which is not within the last 24 hours", remedy)
    if not passed.ready:
        text = f"{say} and found not in order: {', '.join(passed.missing) or 'something'}"
        return Condition("doctor", False, text, remedy)
    return Condition("doctor", True, f"{say} and found all in order", remedy)


def _netting(situation: Situation) -> Condition:
    netting = situation.netting
    word = {None: "not known", True: "on", False: "off"}[netting]
    remedy = "the venue did not say; try again, and see `kalshi-assistant doctor`"
    remedy = remedy if netting is None else NETTING_REMEDY
    return Condition("netting", netting, f"netting of YES and NO is {word}", remedy)


def _halts(situation: Situation) -> Condition:
    halts, remedy = (
        situation.halts,
        "clear it at the machine: `kalshi-assistant clear --reason ...`",
    )
    if halts is None:
        return Condition("halts", None, "whether a halt is in force is not known", remedy)
    say = f"halted: {'; '.join(halts)}" if halts else "no halt is in force"
    return Condition("halts", not halts, say, remedy)


def _quiet(situation: Situation) -> Condition:
    until = situation.quiet_until
    met = until is None or situation.now >= until
    say = "no cancel-all is at work"
    if until is not None and not met:
        say = f"a cancel-all of the account may hit new orders until {format_iso(until)}"
    return Condition("quiet", met, say, "wait until then")


_ALL: Final[tuple[Callable[[Situation], Condition], ...]] = (
    _mode,
    _environment,
    _switch,
    _limits,
    _consent,
    _funded,
    _doctor,
    _netting,
    _halts,
    _quiet,
)
"""Those of the settings first: they are mended at the desk."""
