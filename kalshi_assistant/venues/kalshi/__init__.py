"""Kalshi, sans-I/O: what its frames and answers mean, and what to say to it."""
