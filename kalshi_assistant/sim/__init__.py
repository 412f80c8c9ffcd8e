"""Invented counterparts: the same contract as the real ones, from a seed. Opens no socket."""
