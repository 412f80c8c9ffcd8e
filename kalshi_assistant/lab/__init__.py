"""The laboratory: how good the numbers were, measured on recorded markets with known results."""
