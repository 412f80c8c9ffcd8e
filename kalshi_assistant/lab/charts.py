"""The report's charts as SVG elements. matplotlib is loaded when the first is drawn.

Charts are drawn in stand-in colours, and the page's style sheet has the real ones: so they follow
light and dark. Lines differ by mark and dash as well as by colour.
"""

import html
import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Stand-ins: `_inline` puts the style sheet's variables in their place.
INK: Final = "#000001"
FAINT: Final = "#000002"
COLOURS: Final = {"model": "#000003", "market": "#000004", "blend": "#000005"}
_VARIABLES: Final = {INK: "ink", FAINT: "faint"} | {at: name for name, at in COLOURS.items()}
_MARKS: Final = {"model": ("o", "-"), "market": ("s", "--"), "blend": ("^", ":")}


class Whisker(NamedTuple):
    """A value and the interval around it."""

    name: str
    middle: float
    low: float
    high: float


class Dot(NamedTuple):
    """A bin of claims: its edges, its rows, mean claim, share that happened, the share's band."""

    low: float
    high: float
    n: float
    claimed: float
    happened: float
    band: tuple[float, float]

    @classmethod
    def of_hits(
        cls,
        low: float,
        high: float,
        n: float,
        claimed: float,
        happened: float,
        hits: Sequence[float],
    ) -> "Dot":
        """The same from the band of how many came true, the form in which bins are scored."""
        least, most = hits
        return cls(low, high, n, claimed, happened, (least / n, most / n))

    @property
    def expected(self) -> bool:
        """Whether what happened lies in the band."""
        return self.band[0] <= self.happened <= self.band[1]


def lines(
    key: str, names: Sequence[str], scores: Mapping[str, Sequence[float | None]]
) -> str | None:
    """A line per source over ``names``, broken where it has no score; ``None`` without any."""
    if not any(score is not None for line in scores.values() for score in line):
        return None

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        for source, line in scores.items():
            mark, dashes = _MARKS[source]
            if any(score is not None for score in line):
                axes.plot(
                    range(len(names)),
                    [math.nan if score is None else score for score in line],
                    color=COLOURS[source],
                    marker=mark,
                    linestyle=dashes,
                    markersize=5,
                    label=source,
                )
        axes.set_xticks(range(len(names)), names)
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel("before the close")
        axes.set_ylabel("Brier score (less is better)")
        axes.grid(axis="y", linewidth=0.5, alpha=0.5)
        figure.legend(loc="outside upper center", ncols=3, frameon=False)

    label = "Line chart: Brier score by time before the close. The tables have the numbers."
    return drawn(key, (4.8, 3.0), label, draw)


def _limits(rows: Sequence[Whisker], reference: float) -> tuple[float, float]:
    """All middles and the reference, and of the whiskers as much as leaves the rest readable."""
    middles = [row.middle for row in rows] + [reference]
    reach = 3.0 * sorted(row.high - row.low for row in rows)[len(rows) // 2]
    low = max(min([row.low for row in rows] + middles), min(middles) - reach)
    high = min(max([row.high for row in rows] + middles), max(middles) + reach)
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def whiskers(
    key: str, rows: Sequence[Whisker], reference: float, axis: str, label: str
) -> str | None:
    """Dots with their intervals, a line each, and where they should lie; ``None`` without rows."""
    if not rows:
        return None

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.axvline(reference, color=FAINT, linewidth=1.0, linestyle="--")
        for at, row in enumerate(rows):
            axes.plot([row.low, row.high], [at, at], color=COLOURS["model"], linewidth=1.6)
            axes.plot([row.middle], [at], color=COLOURS["model"], marker="o", markersize=5)
        axes.set_yticks(range(len(rows)), [row.name for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(*_limits(rows, reference))
        axes.set_xlabel(axis)

    return drawn(key, (4.8, 0.75 + 0.26 * len(rows)), label, draw)


def reliability(key: str, name: str, dots: Sequence[Dot]) -> str | None:
    """Claimed against happened, and below it how many claims; ``None`` without dots."""
    if not dots:
        return None

    def draw(figure: "Figure") -> None:
        above, below = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
        above.set_title(name, fontsize=9)
        _draw_dots(above, dots)
        _draw_counts(below, dots)

    out = sum(not dot.expected for dot in dots)
    label = f"Reliability {name} before the close: {out} of {len(dots)} bins outside their band"
    return drawn(key, (2.2, 2.7), label, draw)


def _draw_dots(axes: "Axes", dots: Sequence[Dot]) -> None:
    """Bands as bars; a dot where it lies in its band, an open diamond where it does not."""
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle="--")
    for dot in dots:
        axes.plot([dot.claimed] * 2, dot.band, color=FAINT, linewidth=3.0, alpha=0.6)
        axes.plot(
            [dot.claimed],
            [dot.happened],
            color=COLOURS["model" if dot.expected else "market"],
            marker="o" if dot.expected else "D",
            fillstyle="full" if dot.expected else "none",
            markersize=4,
        )
    axes.set_xlim(-0.04, 1.04)
    axes.set_ylim(-0.04, 1.04)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_ylabel("happened")


def _draw_counts(axes: "Axes", dots: Sequence[Dot]) -> None:
    axes.bar(
        [dot.low for dot in dots],
        [dot.n for dot in dots],
        [dot.high - dot.low for dot in dots],
        align="edge",
        color=COLOURS["model"],
        alpha=0.6,
    )
    most = max(dot.n for dot in dots)
    axes.set_yticks([0, most], ["0", f"{most:.0f}"])
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_xlabel("claimed")
    axes.set_ylabel("count")


def drawn(key: str, size: tuple[float, float], label: str, draw: Callable[["Figure"], None]) -> str:
    """Let ``draw`` fill a figure of ``size`` inches, under settings that are nobody's own."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rc("svg", fonttype="none", hashsalt=key)
        mpl.rc("font", size=8.5)
        mpl.rc("text", color=INK)
        mpl.rc("axes", labelcolor=INK, edgecolor=FAINT)
        mpl.rc("axes.spines", top=False, right=False)
        mpl.rc("xtick", labelcolor=INK, color=FAINT)
        mpl.rc("ytick", labelcolor=INK, color=FAINT)
        mpl.rc("grid", color=FAINT)
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        return _inline(figure, key, label)


def _inline(figure: "Figure", key: str, label: str) -> str:
    """The figure as an SVG element: ids of its own, the page's colours and type, a text instead."""
    written = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    text = written.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<defs>\s*<style.*?</defs>\s*", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r' font-family: [^;"]*;', "", text)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{key}-", text)
    for colour, name in _VARIABLES.items():
        text = text.replace(colour, f"var(--{name})")
    opening = re.match(r'<svg[^>]*?width="([\d.]+)pt" height="([\d.]+)pt"[^>]*>', text)
    assert opening is not None, "matplotlib writes the size of a figure in points"
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {opening[1]} {opening[2]}" role="img" aria-label="{html.escape(label)}">'
        f"<title>{html.escape(label)}</title>"
    )
    return start + text[opening.end() :]
