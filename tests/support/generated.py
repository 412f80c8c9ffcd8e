"""Texts made from code. ``python -m tests.support.generated`` writes them; tests compare them.

The state diagrams of ``ARCHITECTURE.md`` stand between ``<!-- table: NAME -->`` and
``<!-- end -->``.
"""

import re
from collections.abc import Mapping

from kalshi_assistant.domain.orders import ORDER_LIFE
from kalshi_assistant.risk.breakers import BREAKER_LIFE
from kalshi_assistant.settings import example
from kalshi_assistant.venues.brti.wire import CF_LIFE
from kalshi_assistant.venues.kalshi.life import SESSION_LIFE
from tests.support.source import ROOT

ARCHITECTURE = ROOT / "ARCHITECTURE.md"
EXAMPLE = ROOT / "config.example.yaml"

Table = Mapping[tuple[str, str], str]

TABLES: Mapping[str, Table] = {
    "domain.orders.ORDER_LIFE": ORDER_LIFE,
    "risk.breakers.BREAKER_LIFE": BREAKER_LIFE,
    "venues.brti.wire.CF_LIFE": CF_LIFE,
    "venues.kalshi.life.SESSION_LIFE": SESSION_LIFE,
}

_BLOCK = re.compile(r"(<!-- table: (?P<name>[\w.]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def diagram(table: Table) -> str:
    """A transition table as a Mermaid state diagram: one arrow per pair of states."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, step), after in table.items():
        arrows.setdefault((state, after), []).append(step)
    first = next(iter(table))[0]
    lines = [f"    [*] --> {first}"]
    lines += [
        f"    {state} --> {after}: {', '.join(steps)}" for (state, after), steps in arrows.items()
    ]
    ends = sorted(set(table.values()) - {state for state, _ in table})
    lines += [f"    {state} --> [*]" for state in ends]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```", ""])


def with_diagrams(text: str) -> str:
    """``text`` with every marked block made anew. Raises KeyError for a table nobody knows."""
    return _BLOCK.sub(lambda found: found[1] + diagram(TABLES[found["name"]]) + found[3], text)


def names_in(text: str) -> list[str]:
    """The tables drawn in ``text``."""
    return [found["name"] for found in _BLOCK.finditer(text)]


def main() -> None:
    """Write every generated text."""
    EXAMPLE.write_text(example(), encoding="utf-8")
    ARCHITECTURE.write_text(
        with_diagrams(ARCHITECTURE.read_text(encoding="utf-8")), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
