"""Whole screens: the cockpit with its pages, and the question at the end."""
