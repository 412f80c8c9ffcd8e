"""Vetoes. Knows nothing of why a trade is wanted."""
