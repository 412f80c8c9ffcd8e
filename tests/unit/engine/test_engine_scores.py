"""What forecasts were worth over a whole run."""

import pytest

from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.scores import Scores
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.quant.scores import brier
from tests.support import build
from tests.support.build import CLOSE, OPEN, STRIKE

WINDOWS = 400


def test_every_window_counts_however_long_ago():
    """The same as the score of all claims at once, and farther horizons come first."""
    scores = Scores()
    claims = [(place % 89 + 5) / 100 for place in range(WINDOWS)]
    happened = [int(place % 3 == 0) for place in range(WINDOWS)]
    for claim, outcome in zip(claims, happened, strict=True):
        said = {"model": {"60": claim, "600": 0.5}, "market": {}, "blend": {"60": 1 - claim}}
        scores.add(said, "yes" if outcome else "no")
    model_far, model_near, blend = scores.view()
    assert (model_far.by, model_far.seconds_left, model_far.brier) == ("model", 600, 0.25)
    assert (model_near.seconds_left, model_near.windows) == (60, WINDOWS)
    assert model_near.brier == pytest.approx(brier(claims, happened))
    assert (blend.by, blend.brier) == (
        "blend", pytest.approx(brier([1 - claim for claim in claims], happened)),
    )  # fmt: skip


def test_a_window_is_scored_when_its_result_is_told_and_only_once():
    engine = Engine(EngineSettings())
    for event in (build.history(OPEN), build.listed(OPEN), build.timer(OPEN), build.book(OPEN)):
        engine.handle(event)
    for second in range(OPEN, CLOSE + 1):
        engine.handle(build.printed(second, STRIKE + 500))
        engine.handle(build.timer(second))
    assert engine.snapshot().scores == ()
    for after in (8, 9):
        engine.handle(build.determined(CLOSE + after, "yes"))
    scores = engine.snapshot().scores
    assert {view.by for view in scores} == {"model", "market", "blend"}
    assert {view.windows for view in scores} == {1}
    (report,) = [
        intent.window
        for intent in engine.handle(build.published(CLOSE + 10, STRIKE, "yes"))
        if hasattr(intent, "window")
    ]
    told = {(view.by, str(view.seconds_left)): view.brier for view in scores}
    for horizon, claim in report.p_yes.items():
        assert told["model", horizon] == pytest.approx((1 - claim) ** 2)
    for horizon, claim in report.p_market.items():
        assert told["market", horizon] == pytest.approx((1 - claim) ** 2)
