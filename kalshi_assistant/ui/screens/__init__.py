"""Whole screens: each is a sheet, a footer, and the keys that only it knows."""
