"""Which way a limit gets tighter, and whether a change loosens it.

What has no direction, or no order (``None``, another type), counts as loosened by any change.
"""

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
