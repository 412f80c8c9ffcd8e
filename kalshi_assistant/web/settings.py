"""How the screen is shown in a browser."""

from dataclasses import dataclass

from kalshi_assistant.domain.ranges import check_ranges, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The screen in a browser: the command `kalshi-assistant web`."""

    host: str = setting("127.0.0.1", "address to listen at; nothing is encrypted on the way")
    port: int = setting(8464, "port of `web`", ge=0, le=65_535)
    names: tuple[str, ...] = setting((), "further names it may be called by, such as a proxy's")
    screens_max: int = setting(4, "screens at once; each is a process of its own", ge=1, le=32)

    def __post_init__(self) -> None:
        check_ranges(self)
