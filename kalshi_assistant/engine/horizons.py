"""When forecasts are kept."""

from typing import Final

HORIZONS: Final = (840, 600, 300, 120, 60, 30, 15, 5)
"""Seconds to the close at which the forecast of a window is kept, for its score."""
