"""``python -m kalshi_assistant`` is ``kalshi-assistant``."""

import sys

from kalshi_assistant.cli import main

if __name__ == "__main__":
    sys.exit(main())
