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


class TwinVolatility:
    """The variance of the index from a dict of prints, every mean written out from its history."""

    HALF_LIVES = (300, 600, 1_800, 7_200, 21_600, 86_400)
    SHARES = (0.15, 0.40, 0.15, 0.10, 0.05, 0.15)

    def __init__(self, floor):
        self.floor = floor
        self.prints = {}
        self.squares = []  # (seconds, squared change per second)
        self.steps = []  # (squared change over 1 s, the same per second over 30 s)
        self.sizes, self.medians = [], []  # on the grid of 15 s
        self.shares = list(self.SHARES)
        self.written = {}  # minute: variance per half-life
        self.misses = []

    @staticmethod
    def weigh(values, keeps):
        """Weighted sum and weight of ``values``, the newest last, each kept by all later keeps."""
        total, weight, kept = 0.0, 0.0, 1.0
        for value, keep in zip(reversed(values), reversed(keeps), strict=True):
            total += kept * (1 - keep) * value
            weight += kept * (1 - keep)
            kept *= keep
        return total, weight

    def learn(self, second, before_at):
        """``second`` was just stored; ``before_at`` is the print before it."""
        value, before = self.prints[second], self.prints[before_at]
        gap = second - before_at
        square = ((value - before) / before) ** 2 / gap
        self.squares.append((gap, square))
        earlier = self.prints.get(second - 30)
        if earlier is not None:
            self.steps.append((square, ((value - earlier) / earlier) ** 2 / 30))
        if second % 15 == 0 and (coarse := self.prints.get(second - 15)) is not None:
            self.sizes.append((second, abs(value - coarse) / coarse))
            three = self.sizes[-3:]
            if [at for at, _ in three] == [second - 30, second - 15, second]:
                self.medians.append((sorted(size for _, size in three)[1], three[2][1]))
        if second % 60 == 0:
            self.judge(second)

    def components(self):
        found = []
        for half_life in self.HALF_LIVES:
            keeps = [2 ** (-gap / half_life) for gap, _ in self.squares]
            total, weight = self.weigh([square for _, square in self.squares], keeps)
            found.append(total / weight if weight else 0.0)
        return found

    def ratio(self):
        keeps = [2 ** (-1 / 21_600)] * len(self.steps)
        one, weight = self.weigh([step[0] for step in self.steps], keeps)
        longer, _ = self.weigh([step[1] for step in self.steps], keeps)
        if not weight or not one:
            return 1.0
        seen = weight * 21_600 / math.log(2)
        return min(max(1 + seen / (seen + 5_400) * (longer / one - 1), 0.5), 2.5)

    def jumps(self):
        keeps = [2 ** (-15 / 3_600)] * len(self.medians)
        smooth, weight = self.weigh([median**2 for median, _ in self.medians], keeps)
        rough, _ = self.weigh([size**2 for _, size in self.medians], keeps)
        if not rough:
            return 0.0
        smooth *= math.pi / (6 - 4 * math.sqrt(3) + math.pi)
        return min(max(weight / (weight + 0.1) * (1 - smooth / rough), 0.0), 0.9)

    def judge(self, second):
        minute, grid = second // 60, [self.prints.get(second - 30 * k) for k in range(11)]
        if minute - 5 in self.written and all(grid):
            changes = [(grid[k] - grid[k + 1]) / grid[k + 1] for k in range(10)]
            self.step(self.written[minute - 5], sum(change**2 for change in changes) / 300)
        ratio = self.ratio()
        self.written[minute] = [variance * ratio for variance in self.components()]

    def step(self, forecast, came):
        blend = sum(share * f for share, f in zip(self.shares, forecast, strict=True))
        if blend <= 0 or came <= 0:
            return
        self.misses.append(math.log(came / blend) ** 2)
        pull = min(max(1 - came / blend, -4), 1)
        raised = [
            share * math.exp(-0.1 * min(max(pull * f / blend, -4), 4))
            for share, f in zip(self.shares, forecast, strict=True)
        ]
        self.shares = [
            0.995 * share / sum(raised) + 0.005 * prior
            for share, prior in zip(raised, self.SHARES, strict=True)
        ]

    def log_variance_sd(self):
        total, weight = self.weigh(self.misses, [2 ** (-1 / 360)] * len(self.misses))
        return math.sqrt(max((total + 0.35 * 0.05) / (weight + 0.05) - 0.2213, 0.04))

    def relative(self):
        blend = sum(s * c for s, c in zip(self.shares, self.components(), strict=True))
        return max(math.sqrt(blend * self.ratio()), self.floor)


class TwinSides:
    """When a side is answered: risen, not fired, not cooling, and not declined a moment ago."""

    def __init__(self, threshold, fall, again):
        self.threshold, self.fall, self.again = threshold, fall, again
        self.asked = {}  # side -> when it was answered last, None since it rose
        self.fired = set()
        self.crossings = 0

    def look(self, edges, now, cool_until):
        """The sides answered now, of ``edges`` by side (nan where there is none)."""
        over = [side for side, edge in enumerate(edges) if edge >= self.threshold]
        for side, edge in enumerate(edges):
            if side in over and side not in self.asked:
                self.asked[side] = None
                self.crossings += 1
            elif edge < self.threshold - self.fall:
                self.asked.pop(side, None)
        if now < cool_until:
            return set()
        found = {
            side
            for side in over
            if side not in self.fired
            and (self.asked[side] is None or (self.again and now - self.asked[side] >= self.again))
        }
        self.asked.update(dict.fromkeys(found, now))
        return found


def student_density(z, nu):
    """A Student t of variance 1 with 4 degrees."""
    assert nu == 4
    return math.sqrt(2) * 0.375 * (1 + z * z / 2) ** -2.5


def student_cdf(z, nu):
    """A Student t of variance 1, integrated term by term in closed form for 4 degrees."""
    assert nu == 4
    t = z * math.sqrt(2)
    x = t / math.sqrt(4 + t * t)
    return 0.5 + 0.75 * (x - x**3 / 3)


class TwinNumber:
    """P(YES) from a dict of prints, second by second."""

    def __init__(self, floor, max_gap):
        self.volatility, self.max_gap = TwinVolatility(floor), max_gap
        self.prints, self.last = self.volatility.prints, None
        self.seen_at, self.seen = None, None
        self.seconds = 0

    def print(self, second, value):
        if self.last is not None and second <= self.last:
            self.prints.setdefault(second, value)
            return
        before, self.prints[second] = self.last, value
        if before is not None and second - before <= self.max_gap:
            self.volatility.learn(second, before)
            self.seconds += second - before
        self.last = second
        self.tick(second, value)

    def tick(self, at_seconds, value):
        if self.seen_at is None or at_seconds > self.seen_at:
            self.seen_at, self.seen = at_seconds, value

    def sigma(self):
        return self.volatility.relative() * self.seen / 100

    def probability(self, close, strike):
        """(P, expected, sd) with the average taken term by term."""
        window = range(close - 60, close)
        if all(second in self.prints for second in window):
            mean = Fraction(sum(self.prints[s] for s in window), 60)
            return (1.0 if math.floor(mean + Fraction(1, 2)) >= strike else 0.0), None, 0.0
        expected, variance, times, flying = 0.0, 0.0, [], []
        holes = [s for s in window if s <= self.last and s not in self.prints]
        for second in window:
            if second in self.prints:
                expected += self.prints[second]
            elif second > self.seen_at:
                expected += self.seen
                times.append(second - self.seen_at)
            elif second > self.last:
                flying.append(second)
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
        if flying:  # a bridge from the newest print to the newest observation
            start, end = self.last, self.seen_at
            expected += sum(
                self.prints[start] + (self.seen - self.prints[start]) * (at - start) / (end - start)
                for at in flying
            )
            variance += sum(
                (min(i, j) - start) * (end - max(i, j)) / (end - start)
                for i in flying
                for j in flying
            )
        variance += covariance_of_average(times, [1.0] * len(times))
        sd = self.sigma() * math.sqrt(variance) / 60
        mean = expected / 60 / 100
        threshold = strike / 100 - 0.005
        self.away, self.moving = mean - threshold, (len(times) + len(flying)) / 60
        if sd == 0.0:
            return (1.0 if mean >= threshold else 0.0), mean, sd
        return student_cdf((mean - threshold) / sd, 4), mean, sd

    def band(self, sd):
        """P(YES) with the volatility half the error of its log variance lower and higher."""
        half = math.exp(self.volatility.log_variance_sd() / 2)
        ends = [student_cdf(self.away / (sd * times), 4) for times in (half, 1 / half)]
        return min(ends), max(ends)

    def slope(self, sd):
        """What one deviation of the index in a second does to P(YES)."""
        return self.moving * student_density(self.away / sd, 4) / sd * self.sigma()
