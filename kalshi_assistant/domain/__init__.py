"""The words of the house: units, times, contracts, orders, events and intents. No I/O, no clock."""
