"""From approval to fill: the life of our orders, and the ledger that must balance."""
