"""The kernel in plain Python, written from the formulas and not from the kernel: dicts, sets and
fractions.
"""

import math
from fractions import Fraction


class TwinBook:
    """A book as two dicts."""

    def __init__(self):
        self.sides = ({}, {})
        self.known = False

    def load(self, bids, asks):
        self.sides = (dict(bids), dict(asks))
        self.known = True

    def change(self, side, price, by):
        if not self.known:
            return
        levels = self.sides[side]
        content = levels.get(price, 0) + by
        if content < 0:
            self.known = False
        elif content == 0:
            levels.pop(price, None)
        else:
            levels[price] = content

    def best(self, side):
        levels = self.sides[side]
        if not levels:
            return 0 if side == 0 else 10_000
        return max(levels) if side == 0 else min(levels)

    def cost(self, outcome, size, rate_e6, precision):
        """(cost, fee, worst price) of buying ``size`` of an outcome, or None: fees by exact
        fractions.
        """
        side = 1 - outcome
        prices = sorted(self.sides[side], reverse=side == 0)
        cost, fee, accumulator, worst = 0, 0, 0, 0
        for price in prices:
            take = min(size, self.sides[side][price])
            worst = price if outcome == 0 else 10_000 - price
            dollars = Fraction(rate_e6, 10**6) * Fraction(take, 100) * Fraction(worst, 10**4)
            trade = math.ceil(dollars * (1 - Fraction(worst, 10**4)) * 10**6)
            change = -(worst * take) - trade
            floored = change // precision * precision
            rounding = change - floored
            accumulator += rounding
            rebate = min(accumulator // precision, (trade + rounding) // precision) * precision
            accumulator -= rebate
            cost += worst * take
            fee += trade + rounding - rebate
            size -= take
            if size == 0:
                return cost, fee, worst
        return None


def covariance_of_average(times, weights):
    """Variance of sum(w_i W(t_i)) for a Brownian motion W, by its definition."""
    return sum(
        wi * wj * min(ti, tj)
        for ti, wi in zip(times, weights, strict=True)
        for tj, wj in zip(times, weights, strict=True)
    )


def bridge_covariance(missing):
    """Variance of the sum of a Brownian bridge at 1..missing over missing + 1 seconds, by its
    definition.
    """
    span = missing + 1
    return sum(min(i, j) - Fraction(i * j, span) for i in range(1, span) for j in range(1, span))


class TwinNumber:
    """P(YES) from a dict of prints, second by second."""

    def __init__(self, half_life, floor, max_gap):
        self.half_life, self.floor, self.max_gap = half_life, floor, max_gap
        self.prints, self.last = {}, None
        self.seen_at, self.seen = None, None
        self.total, self.weight, self.seconds = 0.0, 0.0, 0

    def print(self, second, value):
        if self.last is not None and second <= self.last:
            self.prints.setdefault(second, value)
            return
        if self.last is not None and second - self.last <= self.max_gap:
            gap, before = second - self.last, self.prints[self.last]
            keep = 2.0 ** (-gap / self.half_life)
            change = (value - before) / before
            self.total = keep * self.total + (1 - keep) * change**2 / gap
            self.weight = keep * self.weight + (1 - keep)
            self.seconds += gap
        self.prints[second], self.last = value, second
        self.tick(second, value)

    def tick(self, at_seconds, value):
        if self.seen_at is None or at_seconds > self.seen_at:
            self.seen_at, self.seen = at_seconds, value

    def sigma(self):
        relative = math.sqrt(self.total / self.weight) if self.weight else 0.0
        return max(relative, self.floor) * self.seen / 100

    def probability(self, close, strike):
        """(P, expected, sd) with the average taken term by term."""
        window = range(close - 60, close)
        if all(second in self.prints for second in window):
            mean = Fraction(sum(self.prints[s] for s in window), 60)
            return (1.0 if math.floor(mean + Fraction(1, 2)) >= strike else 0.0), None, 0.0
        expected, variance, times = 0.0, 0.0, []
        holes = [s for s in window if s <= self.last and s not in self.prints]
        for second in window:
            if second in self.prints:
                expected += self.prints[second]
            elif second > self.last:
                expected += self.seen
                times.append(max(0.0, second - self.seen_at))
        while holes:
            run = 1
            while run < len(holes) and holes[run] == holes[0] + run:
                run += 1
            after = self.prints[holes[0] + run]
            before = next(
                (self.prints[holes[0] - k] for k in range(1, 61) if holes[0] - k in self.prints),
                after,
            )
            expected += run * (before + after) / 2
            variance += float(bridge_covariance(run))
            holes = holes[run:]
        variance += covariance_of_average(times, [1.0] * len(times))
        sd = self.sigma() * math.sqrt(variance) / 60
        mean = expected / 60 / 100
        threshold = strike / 100 - 0.005
        if sd == 0.0:
            return (1.0 if mean >= threshold else 0.0), mean, sd
        return 0.5 * math.erfc(-(mean - threshold) / sd / math.sqrt(2)), mean, sd
