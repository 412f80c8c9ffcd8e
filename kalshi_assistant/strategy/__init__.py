"""Proposals: what to buy or sell, how much, and why. Knows nothing of orders in flight or of the
risk gate; how much money there is, it is told.
"""
