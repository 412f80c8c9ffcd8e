"""The report: one file that loads nothing, says no more than was measured, and copes with holes."""

import json
import math
import re
import sys
from html.parser import HTMLParser

import pytest

from kalshi_assistant.domain.errors import OperatorError

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

from kalshi_assistant.lab.report import render_report, write_report

HORIZONS = (840, 600, 300, 120, 60, 30, 15, 5)
VARIANTS = ("gbm", "stochastic_variance", "merton", "bootstrap", "mixture", "garch")
VOID = {"meta", "br", "hr", "link", "img", "input"}
HOSTILE = '<script>alert("x")</script>&{{ 7*7 }}\ud800'


def reliability_bins():
    edges = (0.0, 0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98, 1.0)
    counts = (60, 40, 30, 25, 22, 20, 20, 24, 28, 38, 60, 100)
    bins = []
    for low, high, n in zip(edges, edges[1:], counts, strict=False):
        claimed = (low + high) / 2
        spread = 1.96 * math.sqrt(n * claimed * (1 - claimed))
        band = [max(0, round(n * claimed - spread)), min(n, round(n * claimed + spread))]
        happened = claimed if low != 0.5 else claimed + 0.3
        bins.append(
            {"low": low, "high": high, "n": n, "claimed": claimed, "happened": happened}
            | {"band": band}
        )
    return bins


def horizon(seconds):
    level = 0.24 * (seconds / 840) ** 0.35
    model = {"brier": level, "log_loss": level * 2.8}
    return {
        "n": 467,
        "model": model,
        "market": {"n": 460, "brier": level + 0.002, "log_loss": level * 2.8 + 0.01},
        "blend": {"brier": level - 0.001, "log_loss": level * 2.8 - 0.01},
        "constant": {"brier": 0.25, "log_loss": 0.6931},
        **{
            name: {"brier": level + 0.001 * at, "log_loss": level * 2.8, "se": 0.0003}
            for at, name in enumerate(VARIANTS)
        },
        "paired": {
            "n": 460,
            "model": level,
            "market": level + 0.02 * (seconds == 120),
            "blend": level - 0.001,
            "gain": 0.02 * (seconds == 120) + 0.001,
            "se": 0.004,
            "log_gain": 0.003,
            "log_se": 0.01,
        },
        "calibration": {
            "slope": 1.0 + 20 / (seconds + 60),
            "slope_ci": [0.9 - 3 / seconds, 1.1 + 5 / seconds + 20 / (seconds + 60)],
            "intercept": -0.02,
            "intercept_ci": [-0.1, 0.06],
        },
        "sharpness": 0.42,
        "reliability": reliability_bins(),
        "no_number": {"volatility_cold": 3},
    }


def miss(at):
    return {
        "ticker": f"KXBTC15M-26MAR12{at:04d}-15",
        "horizon": 120,
        "claimed": 0.97,
        "result": "no",
        "market": 0.95,
        "blend": 0.96,
        "why": f"The index fell {at} dollars in the last minute.",
        "inputs": {"expected": "70012.31", "sd": "6.10", "sigmas": 2.0, "missing": 0},
    }


def full(panel="2026-03-binance", **other):
    return {
        "type": "evaluation",
        "panel": panel,
        "index": "proxy: mean of two venues",
        "quotes": "minute_mean",
        "markets": 467,
        "from": "2026-03-12T00:15:00Z",
        "to": "2026-03-17T00:00:00Z",
        "config": "3f9a0c",
        "clusters": {"by": "4h", "n": 30},
        "horizons": {str(seconds): horizon(seconds) for seconds in HORIZONS},
        "pooled": pooled(0.002, 0.001),
        "calibration": {
            "slope": 1.01,
            "slope_ci": [0.93, 1.09],
            "above_098": {"n": 120, "hits": 119, "band": [115, 120]},
        },
        "settlement": {"checked": 83, "held": 82, "chained": 60, "chain_held": 59}
        | {"failed": ["KXBTC15M-26MAR130100-00"]},
        "worst": [miss(at) for at in range(10)],
        **other,
    }


def pooled(gain, error):
    return {
        "horizons": [600, 300, 120, 60],
        "n": 1868,
        "gain": gain,
        "se": error,
        "log_gain": 0.004,
        "log_se": 0.003,
        "blend_loss": -0.001,
        "blend_se": 0.001,
    }


class Reader(HTMLParser):
    """Checks that elements close in order, and keeps what the tests ask about."""

    def __init__(self, page):
        super().__init__()
        self.open, self.starts, self.ids, self.text = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.starts.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open and data.strip():
            self.text.append(data.strip())

    def tags(self, tag):
        return [attrs for name, attrs in self.starts if name == tag]


def render(*evaluations):
    return render_report(evaluations, "report.html")


def said(*evaluations):
    return " ".join(" ".join(Reader(render(*evaluations)).text).split())


@pytest.fixture(scope="module")
def page():
    return render(full(), full("2026-09-kalshi"))


def test_the_page_loads_nothing_and_runs_nothing(page):
    reader = Reader(page)
    addresses = [
        (name, value)
        for _, attrs in reader.starts
        for name, value in attrs.items()
        if re.search(r"https?:|^//|url\((?!#)", value or "")
    ]
    assert {name for name, _ in addresses} <= {"xmlns", "xmlns:xlink"}
    for _, attrs in reader.starts:
        assert not {"src", "srcset", "data", "onload", "onclick"} & set(attrs)
        assert attrs.get("href", "#").startswith("#")
        assert attrs.get("xlink:href", "#").startswith("#")
    assert not {"script", "link", "iframe", "object", "img"} & {tag for tag, _ in reader.starts}
    assert "@import" not in page
    assert "@font-face" not in page


def test_ids_are_unique_and_everything_referred_to_is_there(page):
    reader = Reader(page)
    assert len(reader.ids) == len(set(reader.ids))
    asked = re.findall(r'(?:href="#|url\(#|aria-labelledby=")([^")]+)', page)
    assert asked
    assert set(asked) <= set(reader.ids)


def test_the_same_objects_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_report([full(), full("other")], tmp_path / name / "report.html")
    written = (tmp_path / "a" / "report.html").read_bytes()
    assert written == (tmp_path / "b" / "report.html").read_bytes()
    write_report(json.loads(json.dumps([full(), full("other")])), tmp_path / "report.html")
    assert written == (tmp_path / "report.html").read_bytes()
    assert not re.search(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d", written)


def test_charts_take_their_colours_and_type_from_the_page(page):
    drawings = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    assert not re.findall(r"#[0-9a-f]{6}\b(?!\w)", re.sub(r'"#[^"]*"', "", drawings))
    assert set(re.findall(r"var\(--(\w+)\)", drawings)) == {
        "ink", "faint", "model", "market", "blend",
    }  # fmt: skip
    assert "font-family" not in drawings
    assert "<style" not in drawings


def test_every_figure_and_table_can_be_read_without_seeing_it(page):
    reader = Reader(page)
    drawings, cells = reader.tags("svg"), reader.tags("th")
    assert len(drawings) == 2 * (3 + len(HORIZONS))
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in drawings)
    assert page.count("<title>") == len(drawings) + 1
    assert cells
    assert all(attrs.get("scope") in {"row", "col"} for attrs in cells)
    assert len(reader.tags("caption")) == len(reader.tags("table"))


def test_both_panels_are_there_with_every_horizon_source_and_miss(page):
    reader = Reader(page)
    text = reader.text
    for name in ("2026-03-binance", "2026-09-kalshi"):
        assert text.count(name) == 2  # in the contents and as a heading
    assert [attrs["href"] for attrs in reader.tags("a")] == ["#panel-1", "#panel-2"]
    for seconds in ("14 min", "10 min", "5 min", "2 min", "1 min", "30 s", "15 s", "5 s"):
        assert seconds in text
    for source in ("geometric Brownian", "GARCH", "Merton jumps", "constant"):
        assert source in text
    for at in range(10):
        assert page.count(miss(at)["ticker"]) == 2
        assert text.count(miss(at)["why"]) == 2
    assert "volatility_cold 3" in text
    assert "The result did not follow in: KXBTC15M-26MAR130100-00" in text
    assert "kalshi-assistant evaluate 2026-03-binance --html report.html" in text


def test_numbers_stand_in_the_tables_as_they_were_measured():
    text = said(full())
    assert "standard error of a claim" in text
    assert "14 min" + 6 * " 0.000300" in text  # the Monte Carlo errors of the six
    assert "0.2420 (n 460)" in text  # the market has fewer rows than the model
    assert "+0.0210 \N{PLUS-MINUS SIGN} 0.0040 +5.2 model better" in text
    assert "+0.0010 \N{PLUS-MINUS SIGN} 0.0040 +0.2 not shown" in text
    assert "\N{MINUS SIGN}0.10 to 0.06" in text


@pytest.mark.parametrize(
    ("gain", "error", "sentence"),
    [
        (0.0016, 0.001, "quotes? Not shown (Brier score of the market minus the model's +0.0016"),
        (-0.0016, 0.001, "quotes? Not shown ("),
        (0.0020, 0.001, "quotes? On these markets the model scored better ("),
        (-0.0020, 0.001, "quotes? No: the quotes scored better ("),
        (0.0, 0.0, "quotes? Not shown: the two Brier scores are equal."),
        (
            0.002,
            None,
            "quotes? Not shown: Brier score of the market minus the model's +0.0020, wit",
        ),
        (0.002, 0.0, "quotes? Not shown: "),
        (None, 0.001, "quotes? Not measured."),
    ],
)
def test_a_difference_is_shown_from_one_sixty_four_standard_errors_on(gain, error, sentence):
    text = said({"panel": "p", "pooled": pooled(gain, error)})
    assert f"Better than the market's {sentence}" in text
    assert ("not an edge" in text) == ("model scored better" in sentence)


@pytest.mark.parametrize(
    ("slope", "interval", "sentence"),
    [
        (1.01, [0.93, 1.09], "Nothing speaks against it (slope 1.01, 95 % interval 0.93 to 1.09,"),
        (0.80, [0.70, 0.90], "No: the claims were too bold"),
        (1.20, [1.10, 1.30], "No: the claims were too timid"),
        (None, None, "This panel cannot say, there is no fit: too few."),
    ],
)
def test_calibration_is_judged_by_its_interval(slope, interval, sentence):
    fit = {"slope": slope, "slope_ci": interval, "why_not": "too few"}
    assert f"Calibrated? {sentence}" in said({"panel": "p", "calibration": fit})


@pytest.mark.parametrize(("hits", "word"), [(114, "not as"), (115, ", as"), (120, ", as")])
def test_the_sure_claims_are_judged_by_their_band(hits, word):
    sure = {"n": 120, "hits": hits, "band": [115, 120]}
    text = said({"panel": "p", "calibration": {"above_098": sure}})
    assert f"Of 120 claims above 0.98 for either outcome, {hits} came true" in text
    assert f"{word} calibrated claims would have it (115 to 120)" in text


def holes(value):
    """Every object that ``value`` becomes when one of its fields is missing, null or nonsense."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: part for name, part in value.items() if name != key}
            for nonsense in (None, "nonsense", [None, 3], math.nan, {"x": []}, True):
                yield value | {key: nonsense}
            for broken in holes(inner):
                yield value | {key: broken}
    elif isinstance(value, list) and value:
        yield []
        for broken in holes(value[0]):
            yield [broken, *value[1:]]


def test_whatever_is_missing_becomes_a_dash(monkeypatch):
    """One horizon, one bin, one miss, and everything that can be wrong with any one field."""
    from kalshi_assistant.lab import charts

    monkeypatch.setattr(charts, "drawn", lambda key, size, label, draw: None)
    one = full(horizons={"120": horizon(120)}, worst=[miss(1)])
    one["horizons"]["120"]["reliability"] = reliability_bins()[:1]
    broken = list(holes(one))
    assert len(broken) > 500
    for evaluation in broken:
        text = render(evaluation)
        assert "None" not in text
        assert not re.search(r"\b(nan|inf)\b", text)


@pytest.mark.parametrize(
    "evaluation",
    [
        {},
        {"panel": None, "horizons": None, "worst": None},
        {"panel": "p", "horizons": {"120": {}, "x": {}, "30": None}},
        {"panel": "p", "horizons": {"120": {"reliability": [{"n": 0}, {}], "n": 1}}},
        {"panel": "p", "horizons": {"120": {"model": {"brier": 0.2}}}},
        {"panel": "p", "horizons": {"60": {"paired": {"gain": 0.0, "se": 0.0}}}},
        {"panel": "p", "horizons": {"60": {"calibration": {"slope": 1, "slope_ci": [1, 1]}}}},
        {"panel": "p", "worst": [{}, None, {"inputs": None}]},
    ],
)
def test_a_minimal_object_makes_a_page(evaluation):
    assert "\N{EN DASH}" in said(evaluation)


def test_a_forecast_with_a_new_name_has_its_column():
    text = said(full(horizons={"120": horizon(120) | {"rough": {"brier": 0.12345}}}))
    assert "GARCH rough" in text
    assert "0.1235" in text or "0.1234" in text


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (0.003, "+0.0030, standard error 0.0010 (the blend scored worse)"),
        (-0.003, "\N{MINUS SIGN}0.0030, standard error 0.0010 (the blend scored better)"),
        (0.001, "+0.0010, standard error 0.0010 (a difference is not shown)"),
    ],
)
def test_the_blend_is_held_against_the_better_of_the_two(loss, words):
    evaluation = {"panel": "p", "pooled": {"blend_loss": loss, "blend_se": 0.001}}
    assert f"minus that of the better of model and market: {words}" in said(evaluation)


def test_no_evaluation_is_said():
    assert "No evaluation was given." in said()


def test_hostile_words_are_text(tmp_path):
    hostile = full(HOSTILE, index=HOSTILE, quotes=HOSTILE, worst=[miss(1) | {"why": HOSTILE}])
    hostile["worst"][0] |= {"ticker": HOSTILE, "inputs": {HOSTILE: HOSTILE}}
    hostile["horizons"]["120"]["no_number"] = {HOSTILE: HOSTILE}
    write_report([hostile], tmp_path / "a b'$.html")
    page = (tmp_path / "a b'$.html").read_text("utf-8")
    reader = Reader(page)
    assert not reader.tags("script")
    assert "<script" not in page
    assert "{{ 7*7 }}" in page
    shown = HOSTILE.replace("\ud800", "?")
    assert reader.text.count(shown) >= 5
    assert any(text.startswith("kalshi-assistant evaluate '<script>") for text in reader.text)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OperatorError, match=r"cannot write .*nowhere"):
        write_report([full(horizons={})], tmp_path / "nowhere" / "report.html")


@pytest.mark.parametrize("library", ["matplotlib", "jinja2"])
def test_a_missing_library_is_named_with_its_remedy(library, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(OperatorError, match=r"pip install 'kalshi-assistant\[report\]'"):
        write_report([full()], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_drawing_leaves_the_settings_of_others_alone_and_needs_no_pyplot():
    import matplotlib as mpl

    def settings():  # to read the backend would choose one
        return {name: mpl.rcParams[name] for name in mpl.rcParams if name != "backend"}

    before, loaded = settings(), "matplotlib.pyplot" in sys.modules
    mine = render(full(horizons={"120": horizon(120)}))
    assert settings() == before
    assert ("matplotlib.pyplot" in sys.modules) == loaded
    with mpl.rc_context({"lines.linewidth": 9, "axes.facecolor": "red", "font.size": 20}):
        assert render(full(horizons={"120": horizon(120)})) == mine
