"""How the engine is shown over HTTP."""

from dataclasses import dataclass
from pathlib import Path

from kalshi_assistant.domain.ranges import check_ranges, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Metrics and the HTTP interface: the process `kalshi-assistant serve`."""

    enabled: bool = setting(False, "whether `run` starts `serve` beside the engine")
    host: str = setting("127.0.0.1", "address to listen at; beyond this machine a token is needed")
    port: int = setting(9464, "port of `serve`", ge=0, le=65_535)
    names: tuple[str, ...] = setting(
        (), "further names it may be called by, where a proxy or another machine asks"
    )
    token_file: Path | None = setting(
        None, "file with the token, which only you may read; else from the environment"
    )
    streams_max: int = setting(8, "streams at once", ge=1, le=256)
    stream_waiting_max: int = setting(
        8, "states that may wait for one stream before it is dropped", ge=1, le=256
    )
    states_per_second: float = setting(2.0, "states sent to each stream, at most", gt=0, le=20)

    def __post_init__(self) -> None:
        check_ranges(self)
