"""What a person may choose about the screen."""

from dataclasses import dataclass

from kalshi_assistant.domain.ranges import check_ranges, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class UiSettings:
    """How the screen looks."""

    theme: str = setting(
        "dark", "dark, light, high-contrast, or the name of a file in themes/ beside this one"
    )

    def __post_init__(self) -> None:
        check_ranges(self)
