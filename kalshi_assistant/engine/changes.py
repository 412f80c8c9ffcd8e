"""What of the engine's settings may change while it runs, key by key.

- Limits are only tightened, in every mode.
- Thresholds may be changed at will while nothing real is traded; live they too are only tightened,
  and what has no tighter side waits for a restart.
- What was learnt, or an account was begun, under a setting keeps it until a restart.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Final, Literal, NamedTuple

import msgspec

from kalshi_assistant.engine.settings import EngineSettings, from_json
from kalshi_assistant.risk import loosening
from kalshi_assistant.risk.loosening import Tighter, no_looser

Effect = Literal["now", "restart", "looser"]
"""``now``: may be applied. ``restart``: only by a restart. ``looser``: refused, it allows more."""

SECTIONS: Final = ("number", "signal", "sizing", "exits", "orders", "risk")
"""The only ones that may change in a running engine."""
LEARNT_UNDER: Final = frozenset(("number.profile", "number.nowcast_sd_bp"))
"""What the volatility and the error of an estimate have learnt would not fit another value."""

_LIMITS: Final[dict[str, Tighter]] = {
    "sizing.max_risk_dollars": "less",
    "sizing.max_exposure_dollars": "less",
    "sizing.max_contracts": "less",
}
_THRESHOLDS: Final[dict[str, Tighter]] = {
    "number.warm_seconds": "more",
    "number.certainty": "less",
    "number.stale_seconds": "less",
    "number.max_missing_prints": "less",
    "signal.contracts": "less",
    "signal.threshold_dollars": "more",
    "signal.hysteresis_dollars": "more",
    "signal.cool_down_seconds": "more",
    "signal.estimate_extra_dollars": "more",
    "signal.on_estimates": "off",
    "signal.slippage_dollars": "more",
    "signal.latency_dollars": "more",
    "signal.assumed_latency_milliseconds": "more",
    "signal.haircut_share": "more",
    "signal.lowest_probability": "more",
    "signal.highest_probability": "less",
    "signal.max_spread_dollars": "less",
    "signal.min_seconds_after_open": "more",
    "signal.min_seconds_to_close": "more",
    "signal.maintenance_minutes": "more",
    "signal.delay.enabled": "off",
    "signal.delay.extra_dollars": "more",
    "signal.momentum.enabled": "off",
    "signal.momentum.extra_dollars": "more",
    "signal.gap.enabled": "off",
    "signal.gap.extra_dollars": "more",
    "sizing.kelly_fraction": "less",
    "sizing.confidence": "more",
    "sizing.min_edge_dollars": "more",
    "sizing.target_edge_dollars": "more",
    "sizing.min_size_share": "less",
}
"""Which way each gets tighter; one that is not here has no such way."""
_DIRECTIONS: Final = _LIMITS | _THRESHOLDS


class Change(NamedTuple):
    """One setting that differs."""

    key: str
    """Dotted."""
    before: object
    after: object
    effect: Effect


def leaves(values: Mapping[str, object], path: str = "") -> Iterator[tuple[str, object]]:
    """Every value of nested settings by its dotted name."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def changes(before: EngineSettings, after: EngineSettings) -> tuple[Change, ...]:
    """What differs between settings in force and others, and what may become of each."""
    old, new = dict(leaves(asdict(before))), dict(leaves(asdict(after)))
    live = before.mode == "live"
    return tuple(
        Change(key, value, new[key], _effect(key, value, new[key], live=live))
        for key, value in old.items()
        if type(value) is not type(new[key]) or value != new[key]
    )


def adopted(running: EngineSettings, found: Iterable[Change]) -> EngineSettings:
    """``running`` with those of the changes that may be applied now.

    Raises msgspec.ValidationError where they do not go together without the others.
    """
    values: dict[str, object] = asdict(running)
    for change in found:
        if change.effect == "now":
            _put(values, change.key.split("."), change.after)
    return from_json(msgspec.json.encode(values).decode())


def _put(values: dict[str, object], path: list[str], value: object) -> None:
    for name in path[:-1]:
        section = values[name]
        assert isinstance(section, dict)
        values = section
    values[path[-1]] = value


def _effect(key: str, before: object, after: object, *, live: bool) -> Effect:
    section, _, name = key.partition(".")
    if section not in SECTIONS or key in LEARNT_UNDER:
        return "restart"
    is_limit = section == "risk" or key in _LIMITS
    if not (is_limit or live):
        return "now"
    tighter = loosening.TIGHTER.get(name) if section == "risk" else _DIRECTIONS.get(key)
    if tighter is None:
        return "restart"
    return "now" if no_looser(tighter, before, after) else "looser"
