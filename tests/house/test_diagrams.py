"""``ARCHITECTURE.md`` draws the transition tables as they are in the code."""

from tests.support.generated import ARCHITECTURE, TABLES, diagram, names_in, with_diagrams


def test_every_table_is_drawn_and_every_drawing_is_its_table():
    """Mend with ``python -m tests.support.generated``."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    assert sorted(names_in(text)) == sorted(TABLES)
    assert with_diagrams(text) == text


def test_steps_between_the_same_states_share_an_arrow():
    table = {("a", "go"): "b", ("a", "run"): "b", ("b", "stay"): "b", ("b", "end"): "c"}
    assert diagram(table).splitlines()[2:-1] == [
        "    [*] --> a",
        "    a --> b: go, run",
        "    b --> b: stay",
        "    b --> c: end",
        "    c --> [*]",
    ]
