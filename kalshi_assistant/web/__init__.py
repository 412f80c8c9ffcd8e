"""The screen in a browser: the same program, read-only, behind a token."""
