"""Pages beside the main one: each is a drawing as long as it needs to be, which the frame scrolls.

Every page is ``Page``: scene, room and chosen row in, lines out; row 0 is the newest, or the first.
The names are those of ``ui.commands.PAGES``, the first of which, the main page, has its own
arrangement and is not here.
"""

from collections.abc import Mapping
from typing import Final

from kalshi_assistant.ui.panels.pages.evidence import evidence_page
from kalshi_assistant.ui.panels.pages.help import help_page
from kalshi_assistant.ui.panels.pages.log import log_page
from kalshi_assistant.ui.panels.pages.past import history_page
from kalshi_assistant.ui.panels.pages.risk import risk_page
from kalshi_assistant.ui.panels.pages.sources import feeds_page
from kalshi_assistant.ui.panels.pages.why import why_page
from kalshi_assistant.ui.panels.scene import Page

PAGES: Final[Mapping[str, Page]] = {
    "risk": risk_page,
    "why": why_page,
    "evidence": evidence_page,
    "feeds": feeds_page,
    "history": history_page,
    "log": log_page,
    "help": help_page,
}
