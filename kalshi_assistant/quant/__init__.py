"""Numbers without meaning: ticks, counts and rates in, numbers out. Knows no market, no venue."""
