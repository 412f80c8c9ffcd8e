"""The eight constituents' market data as their servers give it: book changes in, frames out."""
