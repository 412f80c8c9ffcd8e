"""``backtest JOURNAL... --compare``: what a run signalled and was filled, beside its backtest."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi_assistant.cli.endings import JOURNAL
from kalshi_assistant.cli.output import Output
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.lab.backtest_cache import Shelf
    from kalshi_assistant.lab.comparing import Comparison, Line


def compared(
    files: Sequence[Path], sets: Sequence[str], seed: int, shelf: "Shelf", output: Output
) -> int:
    """The exit code: 1 where a signal differs. Raises OperatorError for anything but journals."""
    from kalshi_assistant.journal.reader import runs
    from kalshi_assistant.lab import comparing
    from kalshi_assistant.lab.backtest_cache import Wanted
    from kalshi_assistant.lab.backtest_input import Notices, journal

    for each in files:
        if not (each.is_file() and each.name.endswith(JOURNAL)):
            raise OperatorError(
                f"--compare takes event journals ({', '.join(JOURNAL)}), not {each}"
            )
    if sets:
        raise OperatorError("--compare takes the run's own settings; leave --set out")
    agree, notices = True, Notices()
    for name, parts in runs(list(files)).items():
        wanted = Wanted("journal", tuple(parts), partial(journal, parts))
        run = comparing.told_by_run(parts)
        settings = comparing.settings_of_run(parts, run)
        back = comparing.told_by_backtest(shelf.material(wanted, notices), settings, seed)
        found = comparing.compare(run, back)
        agree = agree and found.signals_agree
        _say(str(name), found, output)
    for text in notices.texts:
        output.note(text)
    return 0 if agree else 1


def _say(name: str, found: "Comparison", output: Output) -> None:
    for line in found.lines:
        output.record(
            "compared",
            what=line.what,
            name=line.name,
            run=line.run,
            backtest=line.backtest,
            reason=line.reason,
        )
        for text in _words(line):
            output.say(text)
    counts = {
        f"{what}s_{word}": found.count(what, same=same)
        for what in ("signal", "order", "fill")
        for word, same in (("same", True), ("differing", False))
        if (what, same) != ("order", True)
    }
    output.record("comparison", run=name, signals_agree=found.signals_agree, **counts)
    output.say(
        f"{name}: {counts['signals_same']} signals are the same and "
        f"{counts['signals_differing']} differ; {counts['fills_same']} fills are the same and "
        f"{counts['fills_differing']} differ"
    )


def _words(line: "Line") -> list[str]:
    if line.reason is None:
        return [f"  same    {line.what} {line.name}: {line.run}"]
    return [
        f"  DIFFERS {line.what} {line.name}: {line.reason}",
        f"            run      {line.run}",
        f"            backtest {line.backtest}",
    ]
