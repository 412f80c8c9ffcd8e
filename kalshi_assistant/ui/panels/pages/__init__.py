"""Pages beside the main one: pure functions from a scene, a room and the chosen row to lines.

A page may be longer than its room: whoever shows it scrolls. Row 0 is the newest, or the first.
"""

from collections.abc import Mapping
from typing import Final

from kalshi_assistant.ui.panels.pages.evidence import evidence_page
from kalshi_assistant.ui.panels.pages.layout import Page
from kalshi_assistant.ui.panels.pages.log import log_page
from kalshi_assistant.ui.panels.pages.past import history_page
from kalshi_assistant.ui.panels.pages.risk import risk_page
from kalshi_assistant.ui.panels.pages.sources import feeds_page
from kalshi_assistant.ui.panels.pages.why import why_page

PAGES: Final[Mapping[str, Page]] = {
    "risk": risk_page,
    "why": why_page,
    "evidence": evidence_page,
    "feeds": feeds_page,
    "history": history_page,
    "log": log_page,
}
