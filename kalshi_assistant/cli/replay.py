"""``replay FILE...``: event journals compared with their intents, raw recordings measured."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_assistant.cli.endings import JOURNAL, RECORDING
from kalshi_assistant.cli.looks import ThemeName, looks
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import ControlDir, NoUi, Quiet, Tied, wants_screen
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.engine.settings import EngineSettings
    from kalshi_assistant.runtime.rebuilding import Recorded
    from kalshi_assistant.runtime.replay import JournalReplay, RecordingReplay


Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Journals or recordings.")]
IndexFile = Annotated[
    Path | None,
    typer.Option("--index", metavar="FILE", help="Index prints (ts,value) to merge by time."),
]
MarketsFile = Annotated[
    Path | None,
    typer.Option("--markets", metavar="FILE", help="Markets with their strikes to merge by time."),
]
Speed = Annotated[
    str,
    typer.Option(metavar="X|max", help="1 is as it was, 10 ten times as fast, max at once."),
]


def replay(
    files: Files,
    index: IndexFile = None,
    markets: MarketsFile = None,
    speed: Speed = "max",
    no_ui: NoUi = False,
    as_json: Json = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    tied: Tied = False,
    control_dir: ControlDir = None,
    theme: ThemeName = None,
) -> int:
    """Run event journals or raw recordings through the engine again.

    A journal is compared with the intents it holds (exit code 1 where they differ). A recording is
    measured: gaps, how often the rebuilt book equals the venue's ticker, frames with a number. With
    a speed and without --no-ui the screen shows it.
    """
    pace = _pace(speed)
    for file in files:
        _check(file)
    if pace is not None and wants_screen(no_ui=no_ui, as_json=as_json):
        from kalshi_assistant.cli.folders import config_file
        from kalshi_assistant.cli.screen import with_screen
        from kalshi_assistant.settings import load

        return with_screen(
            ["replay", *_again(files, index, markets, speed, config)],
            looks={**looks(load(config_file(config)), theme), "replayed": True},
            past=_shown(files, index, markets, config),
        )
    output = Output(as_json=as_json, silent=quiet)
    subject = _Subject(index, markets, config)
    recordings = [file for file in files if file.name.endswith(RECORDING)]
    for file in recordings:
        _recording(file, subject, pace, output, control_dir, tied)
    journals = [file for file in files if file not in recordings]
    codes = [_journal(parts, pace, output, control_dir, tied) for parts in _runs(journals)]
    return max(codes, default=0)


def _again(
    files: list[Path], index: Path | None, markets: Path | None, speed: str, config: Path | None
) -> list[str]:
    """The same command for the process behind the screen."""
    named = (("--index", index), ("--markets", markets), ("--config", config))
    options = [text for name, path in named if path is not None for text in (name, str(path))]
    return [*map(str, files), *options, "--speed", speed]


def _shown(
    files: list[Path], index: Path | None, markets: Path | None, config: Path | None
) -> "Recorded":
    """What the screen shows and can be taken back in: a screen ends with the first of several."""
    from kalshi_assistant.runtime.rebuilding import Recorded

    recordings = [file for file in files if file.name.endswith(RECORDING)]
    if not recordings:
        return Recorded(tuple(map(str, _runs(files)[0])))
    settings = _settings(config).as_json()
    named = (None if path is None else str(path) for path in (index, markets))
    return Recorded((str(recordings[0]),), True, settings, *named)


def _settings(config: Path | None) -> "EngineSettings":
    """What recordings are run with."""
    from kalshi_assistant.cli.folders import config_file
    from kalshi_assistant.settings import load

    settings = load(config_file(config)).settings.engine
    return replace(settings, mode="replay", environment="recording")


def _pace(speed: str) -> float | None:
    if speed == "max":
        return None
    try:
        pace = float(speed)
    except ValueError:
        pace = 0.0
    if not 0.01 <= pace <= 10_000:
        raise OperatorError(f"--speed is {speed!r}; write max, or a number from 0.01 to 10000")
    return pace


def _check(file: Path) -> None:
    if not file.is_file():
        raise OperatorError(f"{file} is not a file; name event journals or recordings")
    if not file.name.endswith((*RECORDING, *JOURNAL)):
        wanted = ", ".join((*RECORDING, *JOURNAL))
        raise OperatorError(f"{file} is neither journal nor recording; names end in {wanted}")


class _Subject:
    """What recordings are merged with, read once for all of them."""

    def __init__(self, index: Path | None, markets: Path | None, config: Path | None) -> None:
        from kalshi_assistant.runtime.replay import Merged

        self.settings = _settings(config)
        self.merged: Merged = Merged.read(index, markets)


def _runs(journals: list[Path]) -> list[list[Path]]:
    """The files of each run together: a long run has several."""
    from kalshi_assistant.journal.reader import runs

    return list(runs(journals).values())


def _journal(
    parts: list[Path], pace: float | None, output: Output, control_dir: Path | None, tied: bool
) -> int:
    from kalshi_assistant.runtime.replay import JournalReplay

    replayed = JournalReplay(parts)
    _drive(replayed, pace, control_dir, tied)
    return _say_journal(parts[0], replayed, output)


def _recording(
    file: Path,
    subject: _Subject,
    pace: float | None,
    output: Output,
    control_dir: Path | None,
    tied: bool,
) -> None:
    from kalshi_assistant.runtime.replay import RecordingReplay

    replayed = RecordingReplay(file, subject.settings, subject.merged)
    seconds = _drive(replayed, pace, control_dir, tied)
    for bad in replayed.bad_lines:
        output.note(bad.text)
    _say_recording(file, replayed, seconds, output)


def _drive(
    subject: "JournalReplay | RecordingReplay",
    pace: float | None,
    control_dir: Path | None,
    tied: bool,
) -> float:
    """Run to the end at a pace; answers the real seconds it took."""
    from kalshi_assistant.runtime.clock import Stopwatch
    from kalshi_assistant.runtime.paced import run_paced

    watch = Stopwatch()
    if pace is None and control_dir is None:
        for _ in subject.run():
            pass
    else:
        run_paced(subject, pace, control_dir, tied=tied)
    return watch.seconds()


def _say_recording(file: Path, replayed: "RecordingReplay", seconds: float, output: Output) -> None:
    result = replayed.result
    agree = result.ticker_agree()
    numbers = result.numbered / result.frames if result.frames else 0.0
    output.record(
        "replay",
        file=file.name,
        frames=result.frames,
        deltas=result.deltas,
        gaps=result.gaps,
        resyncs=result.resyncs,
        malformed=result.malformed,
        ticker_frames=len(result.tickers),
        ticker_agree_on_arrival=result.agree_on_arrival,
        ticker_agree=agree,
        numbers=round(numbers, 4),
        frames_per_s=round(result.frames / seconds),
        digest=result.digest,
    )
    output.say(
        f"{file.name}: {result.frames:,} frames, {result.gaps} gaps, {result.resyncs} resyncs, "
        f"{result.malformed} malformed; ticker {agree}/{len(result.tickers)} "
        f"({result.agree_on_arrival} on arrival); number on {numbers:.1%}; "
        f"{result.frames / seconds:,.0f} frames/s; {result.digest}"
    )


def _say_journal(file: Path, replayed: "JournalReplay", output: Output) -> int:
    result = replayed.result
    for notice in result.notices:
        output.note(notice)
    same = result.differs_at is None
    output.record(
        "replay",
        file=file.name,
        events=result.events,
        intents=result.intents,
        same=same,
        differs_at=result.differs_at,
        digest=result.digest,
    )
    verdict = "the same intents" if same else f"DIFFERENT intents from event {result.differs_at} on"
    output.say(f"{file.name}: {result.events:,} events, {verdict}; {result.digest}")
    return 0 if same else 1
