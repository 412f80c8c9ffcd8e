"""A window's post-mortem as one HTML file that loads nothing and runs nothing."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.time import SECOND, format_iso, whole_second
from kalshi_assistant.domain.units import INDEX_SCALE, PRICE_SCALE, format_index, format_quantity
from kalshi_assistant.engine.page_views import DecisionView
from kalshi_assistant.lab import explain_words as words
from kalshi_assistant.lab.charts import COLOURS, FAINT, INK, drawn
from kalshi_assistant.lab.explaining import Explained
from kalshi_assistant.lab.report import DASH, need_extra, rendered
from kalshi_assistant.market.settlement import WINDOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE: Final = (7.2, 2.6)
TRADES_DRAWN: Final = 3_000
DECISIONS_SHOWN: Final = 200


class Table(NamedTuple):
    """A table as the template draws it."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def write_report(found: Explained, ledger: Sequence[str], path: Path) -> None:
    """Write the page; an older file there is replaced. Raises OperatorError."""
    text = render(found, ledger)
    beside = path.with_name(f".{path.name}.partial")
    try:
        beside.write_bytes(text.encode("utf-8", "replace"))
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OperatorError(f"cannot write {path}: {error.strerror}") from error


def render(found: Explained, ledger: Sequence[str] = ()) -> str:
    """The page; ``ledger`` is what the ledger says of it. Raises OperatorError."""
    need_extra()
    named = words.tables(found)
    captions = {
        "orders": "Orders of ours",
        "fills": "Fills, under every assumption about the queue",
        "troubles": "Troubles and notes within the window",
    }
    return rendered(
        "explain.html.j2",
        name=found.ticker,
        verdict=words.verdict(found),
        traded=words.traded(found),
        facts=_facts(found),
        charts=[chart for chart in _charts(found) if chart],
        forecasts=_forecasts(found),
        profit=_profit(found),
        ledger=ledger,
        vetoes=_vetoes(found),
        declined=[(name, f"{count:,}") for name, count in found.declined.most_common()],
        decisions=[_decision(found, each) for each in words.acted(found)[:DECISIONS_SHOWN]],
        tables=[Table(captions[key], *named[key]) for key in named if named[key][1]],
        more_troubles=found.more_troubles,
        notices=found.notices,
    )


# --- tables --------------------------------------------------------------------------------------


def _facts(found: Explained) -> list[tuple[str, str]]:
    contract, report = words.terms_of(found), found.report
    ours = None if report is None else report.our_settlement
    return [
        ("opened", format_iso(contract.open_time)),
        ("closed", format_iso(contract.close_time)),
        ("strike", DASH if contract.strike is None else format_index(contract.strike)),
        ("settled on", DASH if found.settlement is None else format_index(found.settlement)),
        ("our sixty prints", DASH if ours is None else format_index(ours)),
        ("prints seen", f"{words.last_minute(found)} of {WINDOW}"),
        ("result", DASH if found.result is None else found.result.upper()),
        ("public trades", f"{found.traded:,}"),
        ("contracts traded", format_quantity(found.volume)),
        ("environment", found.environment),
        ("runs", ", ".join(found.runs)),
    ]


def _forecasts(found: Explained) -> Table | None:
    rows = [
        (
            f"{each.seconds_left} s",
            _percent(each.p_model),
            _percent(each.p_market),
            _percent(each.p_blend),
            DASH if each.expected is None else f"{each.expected:,.2f}",
            DASH if each.sd is None else f"{each.sd:,.2f}",
            f"{each.missing}",
            DASH if each.no_number is None else each.no_number.replace("_", " "),
        )
        for each in found.forecasts
    ]
    head = ("to close", "model", "market", "blend", "expected average", "deviation", "holes", "")
    return (
        Table("What was believed, at the instants kept for its score", head, rows) if rows else None
    )


def _profit(found: Explained) -> list[tuple[str, str]]:
    said = words.profit(found)
    if said is None:
        return []
    policies = said.pop("policies")
    pairs = [(name, str(value)) for name, value in said.items()]
    if isinstance(policies, dict):
        pairs += [(f"if {name}", str(value)) for name, value in policies.items()]
    return pairs


def _vetoes(found: Explained) -> list[tuple[str, str]]:
    if found.report is None:
        return []
    counted = Counter(found.report.vetoes).most_common()
    return [(name.replace("_", " "), f"{count:,}") for name, count in counted]


def _decision(found: Explained, each: DecisionView) -> dict[str, object]:
    said = words.decision_fields(each)
    became = each.became or "nothing is recorded"
    return {
        "title": f"{words.left(found, each.at)} to the close: {each.kind}, buys "
        f"{each.outcome.upper()}; {became}",
        "pairs": [
            ("net edge", f"{100 * each.edge.net:+.2f} c"),
            ("needed", f"{100 * each.threshold:.2f} c"),
            ("raw edge", f"{100 * each.edge.raw:+.2f} c"),
            ("slippage", f"{100 * each.edge.slippage:.2f} c"),
            ("latency", f"{100 * each.edge.latency:.2f} c"),
            ("haircut", f"{100 * each.edge.haircut:.2f} c"),
            ("fee", str(said["fee"])),
            ("price", str(said["price"])),
            ("contracts", str(said["quantity"])),
            ("P(YES)", _percent(each.p_yes)),
            ("market", _percent(each.p_market)),
            ("index", str(said["index"] or DASH)),
            *((name.replace("_", " "), f"{value:.6g}") for name, value in each.evidence),
        ],
    }


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{100 * value:.1f} %"


# --- charts --------------------------------------------------------------------------------------


def _charts(found: Explained) -> list[str | None]:
    return [_index(found), _numbers(found), _book(found), _minute(found)]


def _seconds_left(found: Explained, second: float) -> float:
    return words.terms_of(found).close_time / SECOND - second


def _frame(axes: "Axes", found: Explained) -> None:
    contract = words.terms_of(found)
    length = (contract.close_time - contract.open_time) / SECOND
    axes.set_xlim(length + 60, 0)
    axes.axvspan(WINDOW, 0, color=FAINT, alpha=0.12, linewidth=0)
    axes.axvline(length, color=FAINT, linewidth=0.8, linestyle=":")
    axes.set_xlabel("seconds to the close (shaded: the minute that settles)")


def _index(found: Explained) -> str | None:
    if not found.prints:
        return None
    strike = words.terms_of(found).strike

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        _frame(axes, found)
        at = [_seconds_left(found, second) for second in found.prints]
        values = [value / INDEX_SCALE for value in found.prints.values()]
        axes.plot(at, values, color=COLOURS["model"], linewidth=1.1, label="index")
        if strike is not None:
            axes.axhline(
                strike / INDEX_SCALE, color=INK, linewidth=1.0, linestyle="--", label="strike"
            )
        axes.set_ylabel("dollars")
        axes.ticklabel_format(axis="y", useOffset=False)
        figure.legend(loc="outside upper center", ncols=2, frameon=False)

    return drawn("index", WIDE, "Line chart: the index and the strike over the window.", draw)


def _numbers(found: Explained) -> str | None:
    rows = list(found.seconds.values())
    if not rows:
        return None

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        _frame(axes, found)
        at = [_seconds_left(found, row.second) for row in rows]
        axes.fill_between(
            at,
            [_float(row.p_low) for row in rows],
            [_float(row.p_high) for row in rows],
            color=COLOURS["model"],
            alpha=0.18,
            linewidth=0,
        )
        for name, values, dash in (
            ("model", [row.p_model for row in rows], "-"),
            ("market", [row.p_market for row in rows], "--"),
            ("blend", [row.p_blend for row in rows], ":"),
        ):
            axes.plot(at, [_float(each) for each in values], color=COLOURS[name], linewidth=1.1,
                      linestyle=dash, label=name)  # fmt: skip
        for signal in found.signals:
            mark = "^" if signal.edge.outcome == "yes" else "v"
            place = _seconds_left(found, signal.made_at / SECOND)
            axes.plot([place], [signal.p_yes], color=INK, marker=mark, markersize=5)
        axes.set_ylim(-0.02, 1.02)
        axes.set_ylabel("P(YES)")
        figure.legend(loc="outside upper center", ncols=3, frameon=False)

    label = f"Line chart: model, market and blend; {len(found.signals)} signals marked."
    return drawn("numbers", WIDE, label, draw)


def _book(found: Explained) -> str | None:
    rows = [row for row in found.seconds.values() if row.bid is not None or row.ask is not None]
    if not rows and not found.trades:
        return None

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        _frame(axes, found)
        at = [_seconds_left(found, row.second) for row in rows]
        low = [math.nan if row.bid is None else row.bid / PRICE_SCALE for row in rows]
        high = [math.nan if row.ask is None else row.ask / PRICE_SCALE for row in rows]
        step = max(1, len(found.trades) // TRADES_DRAWN)
        shown = found.trades[::step]
        axes.plot(
            [_seconds_left(found, each.received_at / SECOND) for each in shown],
            [each.price / PRICE_SCALE for each in shown],
            color=FAINT, linestyle="", marker=".", markersize=2.5, alpha=0.8, label="trades",
        )  # fmt: skip
        axes.step(at, low, where="post", color=COLOURS["blend"], linewidth=0.9, label="bid")
        axes.step(at, high, where="post", color=COLOURS["market"], linewidth=0.9, label="ask")
        for fill in found.fills:
            if fill.source in words.OF_RECORD:
                mark = "^" if fill.side == BID else "v"
                place = _seconds_left(found, fill.received_at / SECOND)
                axes.plot([place], [fill.price / PRICE_SCALE], color=INK, marker=mark, markersize=6)
        axes.set_ylim(-0.02, 1.02)
        axes.set_ylabel("YES, dollars")
        figure.legend(loc="outside upper center", ncols=3, frameon=False)

    label = "Line chart: best bid and ask, public trades as dots, our fills as triangles."
    return drawn("book", WIDE, label, draw)


def _minute(found: Explained) -> str | None:
    contract = words.terms_of(found)
    last = whole_second(contract.close_time)
    known = [(s, found.prints[s]) for s in range(last - WINDOW, last) if s in found.prints]
    if not known or contract.strike is None:
        return None
    strike = contract.strike / INDEX_SCALE

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        at = [last - second for second, _ in known]
        values = [value / INDEX_SCALE for _, value in known]
        means = [sum(values[: k + 1]) / (k + 1) for k in range(len(values))]
        axes.plot(at, values, color=COLOURS["model"], marker=".", markersize=4, linewidth=0.6,
                  label="prints")  # fmt: skip
        axes.plot(at, means, color=COLOURS["market"], linewidth=1.3, label="their average so far")
        axes.axhline(strike, color=INK, linewidth=1.0, linestyle="--", label="strike")
        axes.set_xlim(WINDOW + 1, 0)
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.set_xlabel("seconds to the close")
        axes.set_ylabel("dollars")
        figure.legend(loc="outside upper center", ncols=3, frameon=False)

    return drawn("minute", WIDE, "Line chart: the sixty prints that settle.", draw)


def _float(value: float | None) -> float:
    return math.nan if value is None else value
