"""Hypothesis profiles: ``ci`` gives the same examples each time, ``soak`` searches on."""

import os
from pathlib import Path

from hypothesis import settings

from kalshi_assistant.cli import folders

settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("soak", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# before anything compiled is imported: machine code is kept by the digest of all its sources
OWN_CACHE = Path(__file__).parent / ".cache"
os.environ.setdefault("NUMBA_CACHE_DIR", str(folders.compiled_code(OWN_CACHE)))
