"""Arrays of the kernel set up as the engine sets them up."""

from kalshi_assistant.quant import layout, volatility
from kalshi_assistant.quant.layout import SECOND

CLOSE = 1_795_281_300
STRIKE = 9_125_000


def index_arrays(warm=5.0, floor=1e-5, max_gap=10, tail=4.0, profile=0.0):
    index, real = layout.new_index(), layout.new_real()
    volatility.forget(real)
    index[layout.I_BLOCK_AGE] = 5 * SECOND
    index[layout.I_MAX_MISSING] = 15
    index[layout.I_MAX_GAP] = max_gap
    real[layout.R_TAIL] = tail
    real[layout.R_PROFILE] = profile
    real[layout.R_CERTAINTY] = 0.995
    index[layout.I_SURE_LEFT] = 10 * SECOND
    real[layout.R_WARM] = warm
    real[layout.R_FLOOR] = floor
    real[layout.R_THRESHOLD] = 0.03
    real[layout.R_SLIPPAGE] = 0.002
    real[layout.R_LATENCY] = 0.005
    real[layout.R_BAND_LOW] = 0.03
    real[layout.R_BAND_HIGH] = 0.97
    real[layout.R_CUT] = 0.5
    real[layout.R_REACH] = 0.3
    real[layout.R_FALL] = 0.01
    index[layout.I_MAX_SPREAD] = 10_000
    index[layout.I_BOOK_AGE] = 30 * SECOND
    return index, real


def market_array(strike=STRIKE, size=1_000, rate=70_000, precision=100, known=True, touched=CLOSE):
    market = layout.new_market()
    market[layout.M_ID] = 1
    market[layout.M_OPEN] = (CLOSE - 900) * SECOND
    market[layout.M_CLOSE] = CLOSE * SECOND
    market[layout.M_STRIKE] = strike
    market[layout.M_FEE_RATE] = rate
    market[layout.M_PRECISION] = precision
    market[layout.M_SIZE] = size
    market[layout.M_KNOWN] = int(known)
    market[layout.M_TOUCHED] = touched * SECOND
    return market
