"""An account's period as one HTML file that loads nothing and runs nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.lab import charts
from kalshi_assistant.lab.charts import COLOURS, FAINT, INK, drawn
from kalshi_assistant.lab.report import DASH, need_extra, rendered

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Object = Mapping[str, object]
DAYS_DRAWN: Final = 92
PARTS: Final = ("pnl", "edge", "slippage", "drift", "fees")


class Table(NamedTuple):
    """A table as the template draws it."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def write_report(found: Object, path: Path) -> None:
    """Write the page; an older file there is replaced when it is whole. Raises OperatorError."""
    text = render(found)
    beside = path.with_name(f".{path.name}.partial")
    try:
        beside.write_bytes(text.encode("utf-8", "replace"))
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OperatorError(f"cannot write {path}: {error.strerror}") from error


def render(found: Object) -> str:
    """The page. Raises OperatorError when a library is missing."""
    need_extra()
    days = _objects(found, "days")
    return rendered(
        "period.html.j2",
        account=str(found["account"]),
        first=found["from"] or DASH,
        last=found["to"] or DASH,
        total=_sums(cast("Object", found["total"])),
        by_day=_by_day(days),
        claims=_claims(found),
        days=_days(days),
        strategies=_objects(found, "strategies"),
        profits=[_profits(each) for each in _objects(found, "strategies")],
        calibration=_calibration(cast("Object", found["calibration"])),
        worst=_objects(found, "worst"),
    )


def _objects(found: Object, name: str) -> list[Object]:
    return list(cast("Sequence[Object]", found[name]))


def _range(of: Object) -> str:
    between = cast("Sequence[str] | None", of["range"])
    return DASH if between is None else " to ".join(between)


def _sums(total: Object) -> list[tuple[str, str]]:
    pairs = [(name, str(total[name])) for name in ("markets", "won", *PARTS)]
    return [*pairs, ("paper range", _range(total))]


def _days(days: Sequence[Object]) -> Table | None:
    rows = [
        (str(day["day"]), *(str(day[name]) for name in ("markets", "won", *PARTS)), _range(day))
        for day in days
    ]
    head = ("day", "markets", "won", *PARTS, "paper range")
    return Table("Profit by day of the payout, New York's", head, rows) if rows else None


def _profits(strategy: Object) -> list[tuple[str, str]]:
    profit = cast("Mapping[str, str]", strategy["profit"])
    pairs = [(name, str(strategy[name])) for name in ("signals", "windows", "waiting")]
    return [*pairs, *((f"profit, {name}", money) for name, money in profit.items())]


def _calibration(found: Object) -> list[tuple[str, str]]:
    if not found["n"]:
        return []
    return [
        ("claims", str(found["n"])),
        ("days", str(found["days"])),
        ("Brier, model", f"{cast('float', found['brier_model']):.4f}"),
        ("Brier, market", f"{cast('float', found['brier_market']):.4f}"),
        ("gain", f"{cast('float', found['gain']):+.4f}"),
        ("its error", DASH if found["se"] is None else f"{cast('float', found['se']):.4f}"),
    ]


# --- charts --------------------------------------------------------------------------------------


def _by_day(days: Sequence[Object]) -> str | None:
    shown = days[-DAYS_DRAWN:]
    if not shown:
        return None

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        for place, day in enumerate(shown):
            value = float(str(day["pnl"]))
            colour, hatch = (COLOURS["market"], "///") if value < 0 else (COLOURS["model"], "")
            axes.bar(place, value, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.4)
            if (between := cast("Sequence[str] | None", day["range"])) is not None:
                axes.plot([place] * 2, [float(each) for each in between], color=INK, linewidth=1.2)
        axes.axhline(0.0, color=FAINT, linewidth=0.8)
        step = max(1, len(shown) // 8)
        places = range(0, len(shown), step)
        names = [str(shown[place]["day"])[5:] for place in places]
        axes.set_xticks(list(places), names, rotation=30, ha="right")
        axes.set_ylabel("profit, dollars")

    label = "Bar chart: profit by day; the lines are the range of the assumptions on paper."
    return drawn("days", (7.2, 2.8), label, draw)


def _claims(found: Object) -> str | None:
    bins = _objects(cast("Object", found["calibration"]), "bins")
    dots = [
        charts.Dot.of_hits(
            cast("float", each["low"]),
            cast("float", each["high"]),
            cast("float", each["n"]),
            cast("float", each["claimed"]),
            cast("float", each["happened"]),
            cast("Sequence[float]", each["band"]),
        )
        for each in bins
    ]
    return charts.reliability("claims", "P(YES) at the signals", dots)
