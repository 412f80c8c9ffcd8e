"""The index from its publisher, CF Benchmarks, for whoever has a market data licence."""
