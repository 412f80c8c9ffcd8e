"""Where everything lies in the kernel's three arrays, and the codes its steps take and answer.

- ``market`` (int64, one per market): both sides of the book by price, then the slots ``M_*``:
  best prices, the window, strike, fee rate, wanted size, what is in force, veto counts;
- ``index`` (int64, shared): a ring of one-second prints by epoch second, then the slots ``I_*``;
- ``real`` (float64, shared): what the volatility has learnt, settings, then the result of the last
  evaluation, slots ``R_*``.

Levels are indexed by YES price in 1/10,000 dollar, so a price *is* an index and any grid fits.
Prices, counts, money and index values are the integers of ``domain.units``.
"""

import math

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

# --- kinds of step ---
LOOK = 0  # nothing new but the time
DELTA = 1  # a = side, b = price, c = change of the level
LEVEL = 2  # a = side, b = price, c = new content of the level; evaluates nothing
CLEAR = 3  # empty both sides; evaluates nothing
PRINT = 4  # a = epoch second, b = value in cents, c = 1 for an estimate of the print
TICK = 5  # a = instant in ns, b = value in cents, c = 1 for an estimate of the index
PAST = 6  # a, b, c as PRINT: history older than what is known; evaluates nothing

# --- what a step answers (bits) ---
TOP_MOVED = 1
NEGATIVE_LEVEL = 2
OFF_LADDER = 4
CROSSED_YES = 8
CROSSED_NO = 16
PRINT_DIFFERS = 32
REACTED = 64  # the middle of the book has followed the index, see I_WATCH
BITS = 255  # what of a ``move``'s answer is bits
BID_SHIFT = 8
ASK_SHIFT = 24
PRICE_MASK = 0x3FFF

# --- slots of ``market`` ---
TICKS = 10_001
SIDE = TICKS  # offset of the asks
M_BID = 2 * TICKS  # best bid, 0 when none
M_ASK = M_BID + 1  # best ask, 10,000 when none
M_KNOWN = M_BID + 2  # 1 while the book may be believed
M_OPEN = M_BID + 3  # ns
M_CLOSE = M_BID + 4  # ns
M_STRIKE = M_BID + 5  # cents, 0 unknown
M_FEE_RATE = M_BID + 6  # millionths, -1 unknown
M_PRECISION = M_BID + 7  # micro-dollars the balance is kept to
M_SIZE = M_BID + 8  # wanted quantity, 1/100 contract
M_BLOCK = M_BID + 9  # a veto decided outside, 0 none
M_FIRED = M_BID + 10  # bit 0: YES fired, bit 1: NO fired
M_ID = M_BID + 11  # distinguishes markets that share the index
M_RISK = M_BID + 12  # 1 while the risk limits allow no entry
M_TOUCHED = M_BID + 13  # ns: the last fact of this book
M_DEPTH_BID = M_BID + 14  # contracts on the bids (1/100)
M_DEPTH_ASK = M_BID + 15
# results of the last evaluation
M_SUM = M_BID + 16  # cents, sum of the prints known of [T-60, T-1]
M_SEEN = M_BID + 17  # how many
M_MISSING = M_BID + 18  # holes before the newest print
M_FLIGHT = M_BID + 19  # prints due by the newest observation but not received
M_AHEAD = M_BID + 20  # prints still to come
M_VETO = M_BID + 21  # the veto of the last evaluation, 0 none
M_NO_NUMBER = M_BID + 22  # why the last evaluation has no probability, 0 if it has one
M_FIXED = M_BID + 23  # 1 once all sixty prints are known
M_WORST_YES = M_BID + 24  # last price touched buying YES at size (YES price), 0 not fillable
M_WORST_NO = M_BID + 25  # the same buying NO (NO price)
M_COST_YES = M_BID + 26  # micro-dollars
M_COST_NO = M_BID + 27
M_FEE_YES = M_BID + 28  # micro-dollars
M_FEE_NO = M_BID + 29
M_GUESSED = M_BID + 30  # how many of M_SEEN are estimates of the print
# what evaluations add up to: a look from outside puts all from here on back as it was
M_NUMBERS = M_BID + 32  # evaluations that had a probability
M_LOOKS = M_BID + 33  # evaluations
M_CANDIDATES = M_BID + 34  # evaluations of an open window that had an edge on either side
M_CROSSINGS = M_BID + 35  # how often a side's edge rose to the threshold
M_ABOVE = M_BID + 36  # bit 0: YES has risen to it and not fallen back since, bit 1: NO
M_ASKED_YES = M_BID + 37  # ns: when a crossing of the side was last answered, 0 never
M_ASKED_NO = M_BID + 38
M_NEAR = M_BID + 39  # micro-dollars per contract: the best edge less threshold that did not cross
M_NEAR_AT = M_BID + 40  # ns, 0 none
M_NEAR_SIDE = M_BID + 41  # 0 YES, 1 NO
M_NEAR_VETO = M_BID + 42
M_VETOES = M_BID + 46  # counts by veto code
VETO_SLOTS = 40
MARKET_SLOTS = M_VETOES + VETO_SLOTS

# --- slots of ``index`` ---
RING = 4096  # seconds kept; a power of two
I_STAMP = 0  # ring: the second a slot holds
I_VALUE = RING  # ring: its value
I_GUESS = 2 * RING  # ring: 1 where the value is an estimate of the print, 0 where it is the print
I_LAST = 3 * RING  # newest print's second, 0 none
I_SEEN_AT = I_LAST + 1  # ns: instant of the newest observation (print or tick)
I_SEEN = I_LAST + 2  # its value in cents, 0 none
I_RECEIVED = I_LAST + 3  # ns: receipt of the newest observation
I_VERSION = I_LAST + 4  # rises with every change
I_BLOCK_AGE = I_LAST + 5  # ns: staleness limit
I_MAX_MISSING = I_LAST + 6
I_MIN_LEFT = I_LAST + 7  # ns: no entries with less time to the close
I_MIN_AGE = I_LAST + 8  # ns: no entries sooner after the open
I_MAX_GAP = I_LAST + 9  # s: a longer hole between prints teaches nothing about volatility
I_ZONE = I_LAST + 10  # s: New York's offset from UTC, for the profile of the day
I_ESTIMATED = I_LAST + 11  # 1 while the newest observation is an estimate of the index
I_SURE_LEFT = I_LAST + 12  # ns: with more than this to the close no claim passes R_CERTAINTY
I_OFFSET = I_LAST + 13  # ns: how far our clock is ahead of the source's, and the way here
I_BOOK_AGE = I_LAST + 14  # ns: a book without a fact for longer is stale, 0 for never
I_MAX_SPREAD = I_LAST + 15  # best ask less best bid, prices
I_ASK_AGAIN = I_LAST + 16  # ns: a side above the threshold is asked again after so long, 0 never
I_COOL_UNTIL = I_LAST + 17  # ns: no crossing before
I_WATCH = I_LAST + 18  # the way the middle of a book is awaited to go, +1 or -1; 0 not awaited
I_WATCH_ID = I_LAST + 19  # M_ID of that book
I_WATCH_SUM = I_LAST + 20  # best bid and ask together at which it has followed
INDEX_SLOTS = I_LAST + 24

# --- slots of ``real``: what the volatility has learnt (all of it de-seasonalised) ---
COMPONENTS = 6  # half-lives of ``quant.volatility``
LAGS = 8  # minutes of forecasts kept until they can be judged; a power of two
R_SUMS = 0  # per half-life: weighted sum of squared relative changes per second
R_WEIGHTS = R_SUMS + COMPONENTS  # their weights, below 1
R_SHARES = R_WEIGHTS + COMPONENTS  # what each half-life counts for in the blend; they sum to 1
R_JUDGED = R_SHARES + COMPONENTS  # LAGS rows of (minute, variance per half-life)
R_STEP_1 = R_JUDGED + LAGS * (COMPONENTS + 1)  # weighted sum of squared 1 s changes
R_STEP_Q = R_STEP_1 + 1  # and of squared changes over the longer step, per second
R_STEP_WEIGHT = R_STEP_1 + 2
R_SMOOTH = R_STEP_1 + 3  # weighted sum of median-based squared changes (blind to jumps)
R_ROUGH = R_STEP_1 + 4  # weighted sum of the squared changes themselves
R_ROUGH_WEIGHT = R_STEP_1 + 5
R_SIZE_1 = R_STEP_1 + 6  # last absolute change on the coarse grid
R_SIZE_2 = R_STEP_1 + 7  # and the one before
R_SIZE_AT = R_STEP_1 + 8  # second of the last
R_MISS = R_STEP_1 + 9  # weighted sum of squared log errors of the variance
R_MISS_WEIGHT = R_STEP_1 + 10
R_SECONDS = R_STEP_1 + 11  # seconds of index seen
# settings
R_WARM = R_SECONDS + 1  # seconds needed
R_FLOOR = R_WARM + 1  # relative volatility per sqrt second, at least
R_PROFILE = R_WARM + 2  # how much of the day's profile is applied, 0 to 1
R_TAIL = R_WARM + 3  # degrees of freedom of the Student t
R_NOWCAST = R_WARM + 4  # relative sd of the newest observation against the true index
R_CERTAINTY = R_WARM + 5  # the highest claim while more than I_SURE_LEFT remains
R_THRESHOLD = R_WARM + 6  # dollars per contract
R_SLIPPAGE = R_WARM + 7  # allowance, dollars per contract
R_LATENCY = R_WARM + 8  # allowance, dollars per contract, whatever the latency
R_BAND_LOW = R_WARM + 9
R_BAND_HIGH = R_WARM + 10
R_GUESS = R_WARM + 11  # relative sd of the estimates kept in the ring against their prints
R_FALL = R_WARM + 12  # dollars: a side crosses again once its edge was so far below the threshold
R_CUT = R_WARM + 13  # how much of the band's half width is taken off a side's probability
R_REACH = R_WARM + 14  # square root of our own latency in seconds
# results of the last evaluation
R_P = R_WARM + 15  # P(YES), nan when there is none
R_EXPECTED = R_P + 1  # dollars
R_SD = R_P + 2  # dollars
R_THRESHOLD_AT = R_P + 3  # effective threshold, dollars
R_SIGMA = R_P + 4  # dollars per sqrt second, at this hour
R_EDGE_YES = R_P + 5  # net, dollars per contract; nan when not fillable or no number
R_EDGE_NO = R_P + 6
R_OWNER = R_P + 7  # M_ID of the market whose window was counted last
R_VERSION = R_P + 8  # and the index version it was counted at; -1 forces a recount
R_UNIT_SD = R_P + 9  # sd of the average where the de-seasonalised sigma is 1 and the index exact
R_BASE = R_P + 10  # de-seasonalised sigma, relative per sqrt second
R_NOISE = R_P + 11  # dollars: sd of the average from our index not being the true one
R_TAU = R_P + 12  # s from the newest observation to the first print ahead
R_SPREAD = R_P + 13  # s: variance of the average from holes, at sigma = 1
R_RAW = R_P + 14  # P(YES) before claims are bounded
R_LOW = R_P + 15  # the same with the volatility half its own error away, the lower ...
R_HIGH = R_P + 16  # ... and the higher
R_SLOPE = R_P + 17  # dollars of P(YES) by one deviation of the index in a second
R_HAIRCUT_YES = R_P + 18  # dollars per contract
R_HAIRCUT_NO = R_P + 19
R_DELAY = R_P + 20  # R_LATENCY and what one deviation of the index does to P(YES) in our latency
REAL_SLOTS = R_P + 22

# --- vetoes, by the code of ``domain.signals`` ---
V_NOT_OPEN = 8
V_CLOSED = 9
V_STRIKE_UNKNOWN = 10
V_FEES_UNKNOWN = 11
V_INDEX_MISSING = 12
V_INDEX_STALE = 13
V_COLD = 14
V_MISSING = 15
V_FIXED = 16
V_BOOK = 17
V_BOOK_STALE = 18
V_EARLY = 19
V_LATE = 20
V_BAND = 21
V_SPREAD = 22
V_THIN = 23
V_RISK = 24
V_EDGE = 25
V_FIRED = 26
V_COOLING = 27
V_NOT_FALLEN = 28

SECOND = 1_000_000_000
FULL_PRICE = 10_000
NAN = math.nan


def new_market() -> Ints:
    """The array of one market: empty book, not known, nothing set."""
    market = np.zeros(MARKET_SLOTS, dtype=np.int64)
    market[M_ASK] = FULL_PRICE
    market[M_FEE_RATE] = -1
    market[M_NO_NUMBER] = V_STRIKE_UNKNOWN
    return market


def new_index() -> Ints:
    """The shared index array: no print known."""
    return np.zeros(INDEX_SLOTS, dtype=np.int64)


def new_real() -> Reals:
    """The shared float array: nothing set."""
    real = np.zeros(REAL_SLOTS, dtype=np.float64)
    real[R_VERSION] = -1.0
    return real
