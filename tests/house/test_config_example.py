"""``config.example.yaml`` lists every setting at its default."""

from kalshi_assistant.settings import example
from tests.support.generated import EXAMPLE


def test_the_example_file_is_what_the_settings_say():
    """Mend with ``python -m tests.support.generated``."""
    assert EXAMPLE.read_text(encoding="utf-8") == example()
