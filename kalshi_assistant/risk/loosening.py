"""Which way a limit gets tighter, and which limits a change loosens.

What has no direction, or no order (``None``, another type), counts as loosened by any change.
"""

from collections.abc import Mapping
from typing import Final, Literal

Tighter = Literal["less", "more", "on", "off"]

TIGHTER: Final[dict[str, Tighter]] = {
    "max_order_dollars": "less",
    "max_window_dollars": "less",
    "max_open_dollars": "less",
    "max_day_loss_dollars": "less",
    "day_loss_ends_with_day": "off",
    "max_drawdown_percent": "less",
    "min_cash_dollars": "more",
    "max_losses_in_a_row": "less",
    "loss_cooldown_minutes": "more",
    "max_errors_per_minute": "less",
    "error_pause_minutes": "more",
    "max_rejects_per_minute": "less",
    "stale_quiet_seconds": "more",
    "max_orders_per_minute": "less",
    "group_contracts_per_dollar": "less",
    "collar_cents": "less",
    "approval_milliseconds": "less",
    "canary_windows": "more",
    "canary_share": "less",
}
"""Which way each limit gets tighter. A limit that is not here counts as loosened by any change."""
NO_DIRECTION: Final = frozenset(("small_loss_dollars",))
"""Limits where neither way is the tighter: what counts as no loss counts as no win either."""


def loosened(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """The limits in which ``after`` allows more than ``before``, both by their names."""
    return tuple(
        name
        for name, value in before.items()
        if not no_looser(TIGHTER.get(name), value, after.get(name))
    )


def no_looser(tighter: Tighter | None, before: object, after: object) -> bool:
    """Whether ``after`` allows no more than ``before``."""
    if type(before) is type(after) and before == after:
        return True
    if isinstance(before, bool) and isinstance(after, bool):
        return tighter == ("on" if after else "off")
    old, new = _number(before), _number(after)
    if old is None or new is None:
        return False
    return (tighter == "less" and new <= old) or (tighter == "more" and new >= old)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
