"""Proposals. Knows nothing of risk, orders in flight or money at hand."""
