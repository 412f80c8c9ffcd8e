"""How much of a bankroll an edge deserves: pure numbers. Sources: Kelly 1956; the scale between two
edges is the project's own.
"""


def kelly(probability: float, cost: float) -> float:
    """The share of a bankroll that grows it fastest, staked on a contract that costs ``cost`` (fees
    included, dollars) and pays a dollar; 0 without an edge.
    """
    if not 0.0 < cost < 1.0:
        return 0.0
    return max((probability - cost) / (1.0 - cost), 0.0)


def lower_bound(probability: float, deviation: float, deviations: float) -> float:
    """The probability so many of its own deviations lower, never below 0."""
    return max(probability - deviations * max(deviation, 0.0), 0.0)


def scale(edge: float, least: float, target: float, share: float) -> float:
    """How much of a budget an edge gets: nothing below ``least``, ``share`` there, rising in a
    straight line to all of it at ``target``.
    """
    if edge < least:
        return 0.0
    if edge >= target:
        return 1.0
    return share + (1.0 - share) * (edge - least) / (target - least)
