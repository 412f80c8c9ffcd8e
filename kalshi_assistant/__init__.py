"""The measuring instrument for Kalshi's 15-minute BTC markets. Importing it loads nothing else."""

__version__ = "0.1.0"
