"""A panel through the engine, and what its forecasts were worth."""

from dataclasses import replace

import pytest

from kalshi_assistant.engine.horizons import HORIZONS
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.lab.evaluation import evaluate, settlement_check
from kalshi_assistant.lab.forecasting import Aside, Forecasting
from kalshi_assistant.lab.rows import rows_of
from kalshi_assistant.quant.learners import NowcastError
from kalshi_assistant.quant.rng import stream
from tests.support import panels

SETTINGS = EngineSettings()


def told(subject, *, simulate=False, aside=None):
    work = Forecasting(subject, SETTINGS, aside, simulate=simulate)
    for _ in work.run():
        pass
    return work.told


@pytest.fixture(scope="module")
def plain():
    return panels.subject(panels.made(markets=30))


@pytest.fixture(scope="module")
def plain_told(plain):
    return told(plain)


@pytest.fixture(scope="module")
def said(plain, plain_told):
    return evaluate(plain, plain_told, "abc")


def test_every_market_has_a_forecast_at_every_horizon(plain, plain_told):
    assert len(plain_told.forecasts) == 30 * len(HORIZONS)
    assert all(forecast.p_model is not None for forecast in plain_told.forecasts)
    assert len(rows_of(plain, plain_told)[0]) == len(plain_told.forecasts)


def shuffled_after(subject, cut, seed=9):
    """The same past; after ``cut`` prints, prices and results change places."""
    rng = stream(seed, "shuffle")
    late = [second for second in subject.prints if second > cut]
    values = [subject.prints[second] for second in late]
    rng.shuffle(values)
    prints = dict(subject.prints) | dict(zip(late, values, strict=True))
    flipped = tuple(
        replace(market, result="no" if market.result == "yes" else "yes")
        if market.close_time // 10**9 > cut
        else market
        for market in subject.markets
    )
    mids = {
        at: tuple(type(e)(e.at, e.received_at, e.ticker, 100, 200, 0) for e in events)
        if at > cut
        else events
        for at, events in subject.mids.items()
    }
    return replace(subject, prints=prints, markets=flipped, mids=mids)


@pytest.mark.parametrize("minutes", [47, 100, 215])
def test_shuffling_the_future_changes_no_forecast(plain, plain_told, minutes):
    """Prints, prices, strikes and results after an instant: nothing said before it moves."""
    cut = panels.START + panels.WARM + minutes * 60
    other = told(shuffled_after(plain, cut))
    early = [f for f in plain_told.forecasts if f.made_at <= cut * 10**9]
    assert early
    assert other.forecasts[: len(early)] == early
    assert other.forecasts[len(early)] != plain_told.forecasts[len(early)]


def test_the_object_has_what_the_command_promises(said):
    horizon = said["horizons"]["300"]
    assert {"n", "model", "market", "blend", "constant", "paired", "calibration"} <= set(horizon)
    assert set(horizon["model"]) == {"brier", "log_loss"}
    assert horizon["constant"]["brier"] == 0.25
    assert {"n", "model", "market", "blend", "gain", "se"} <= set(horizon["paired"])
    assert {"slope", "slope_ci", "above_098"} <= set(said["calibration"])
    assert set(said["calibration"]["above_098"]) >= {"n", "hits", "band"}
    assert "30" in said["horizons"]
    assert "market" not in said["horizons"]["30"]


def test_gain_is_market_minus_model_on_the_same_rows(said):
    paired = said["horizons"]["300"]["paired"]
    assert paired["gain"] == pytest.approx(paired["market"] - paired["model"], abs=2e-6)
    assert paired["n"] == 30


def test_the_settlement_rule_is_checked_on_every_market(said):
    assert said["settlement"]["checked"] == said["settlement"]["held"] == 30
    assert said["settlement"]["chained"] == said["settlement"]["chain_held"] == 29


def test_a_result_against_the_rule_is_found(plain):
    first, *rest = plain.published
    wrong = replace(first, result="no" if first.result == "yes" else "yes")
    check = settlement_check((wrong, *rest))
    assert (check["held"], check["failed"]) == (29, [first.ticker])


def test_the_worst_misses_say_what_was_known_and_how_it_ended(said):
    assert len(said["worst"]) == 10
    losses = [
        miss["claimed"] if miss["result"] == "no" else 1 - miss["claimed"] for miss in said["worst"]
    ]
    assert losses == sorted(losses, reverse=True)
    assert all("it ended at" in miss["why"] for miss in said["worst"])
    assert len({miss["ticker"] for miss in said["worst"]}) == 10


def test_the_numbers_of_a_walk_are_calibrated(said):
    """On an index that is what the model thinks it is, the slope's interval holds 1."""
    low, high = said["calibration"]["slope_ci"]
    assert low < 1 < high
    assert said["pooled"]["model"] < 0.25


def test_simulations_are_scored_beside_and_an_aside_adds_its_own():
    subject = panels.subject(panels.made(seed=2, markets=3))
    seen = []
    aside = Aside(
        lambda second, value: seen.append(value),
        lambda asked, said: type(said)(
            said.at, said.received_at, said.ticker, said.p_model,
            (*said.estimates, ("coin", 0.5, 0.0)), said.microseconds,
        ),
    )  # fmt: skip
    scored = evaluate(subject, told(subject, simulate=True, aside=aside), "abc")["horizons"]["300"]
    names = {"gbm", "stochastic_variance", "merton", "bootstrap", "mixture", "coin"}
    assert names <= set(scored)
    assert scored["coin"]["brier"] == 0.25
    assert scored["mixture"]["brier"] == pytest.approx(scored["model"]["brier"], abs=0.03)
    assert len(seen) == len(subject.prints)
    assert 80_000 < seen[0] < 100_000


def test_the_same_panel_gives_the_same_object(plain, said):
    assert evaluate(plain, told(plain), "abc") == said


def test_an_index_with_long_holes_says_why_there_is_no_number():
    subject = panels.subject(panels.made(markets=4))
    first = subject.markets[1].open_time // 10**9
    holed = {s: v for s, v in subject.prints.items() if not first <= s < first + 900}
    scored = evaluate(replace(subject, prints=holed), told(replace(subject, prints=holed)), "abc")
    assert scored["horizons"]["300"]["no_number"] == {"index_stale": 1}
    assert scored["horizons"]["300"]["n"] == 3


def test_a_market_that_overlaps_another_is_counted_as_not_followed():
    subject = panels.subject(panels.made(markets=2))
    first, second = subject.markets
    late = replace(second, open_time=first.open_time, close_time=first.close_time)
    other = replace(subject, markets=(first, late))
    scored = evaluate(other, told(other), "abc")["horizons"]["300"]
    assert (scored["n"], scored["no_number"]) == (1, {"not_followed": 1})


def test_a_proxy_learns_how_far_it_is_off_and_fixes_nothing():
    subject = panels.subject(panels.made(markets=6), estimated=True, error_bp=0.8)
    work = Forecasting(subject, SETTINGS, simulate=False)
    for _ in work.run():
        pass
    last = [f.p_model for f in work.told.forecasts if f.seconds_left == 5]
    assert all(0.0 < p < 1.0 for p in last)
    assert work.engine._state.nowcast.sd_bp < NowcastError(0.8).sd_bp
