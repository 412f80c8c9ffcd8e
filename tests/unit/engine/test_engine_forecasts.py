"""Forecasts written down, the market beside them, simulations asked for, settled windows learnt."""

import math

import numpy as np
import pytest
from msgspec.structs import replace

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.events import Estimated, MidSeen
from kalshi_assistant.domain.intents import Estimate, Forecast, Question, Report, SetTimer
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.horizons import HORIZONS
from kalshi_assistant.engine.sensitivities import (
    contradictions,
    sensitivities,
    variance,
)
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.quant.closed_form import claim, digital
from kalshi_assistant.quant.montecarlo import make_draws
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.compute import answer
from tests.support import build
from tests.support.build import CLOSE, OPEN, STRIKE, TICKER, ns


def feed(subject, *events):
    return [intent for event in events for intent in subject.handle(event)]


def of_kind(intents, kind):
    return [intent for intent in intents if isinstance(intent, kind)]


def opened(at=OPEN, book=True, source="kalshi_1hz", **number):
    """An engine at the open of a window: history, market, maybe a book."""
    subject = Engine(EngineSettings(number=NumberSettings(**number)))
    feed(subject, build.history(at), build.listed(at), build.timer(at))
    if book:
        feed(subject, build.book(at))
    feed(subject, build.printed(int(at), STRIKE, source=source))
    return subject


def through(subject, first, last, value=STRIKE, source="kalshi_1hz", mids=None):
    """Second by second: a print, a price from elsewhere, the timer."""
    said = []
    for second in range(first, last):
        said += feed(subject, build.printed(second, value + second % 3, source=source))
        if mids is not None and second in mids:
            bid, ask, over = mids[second]
            said += feed(subject, MidSeen(ns(second), ns(second), TICKER, bid, ask, over))
        said += feed(subject, build.timer(second))
    return said


def test_every_horizon_of_a_window_is_written_down_once():
    subject = opened()
    said = of_kind(through(subject, OPEN + 1, CLOSE), Forecast)
    assert [forecast.seconds_left for forecast in said] == list(HORIZONS)
    assert all(forecast.p_model is not None for forecast in said)
    assert all(forecast.p_market == pytest.approx(0.55) for forecast in said)


def test_the_blend_lies_between_model_and_market():
    subject = opened()
    first = of_kind(through(subject, OPEN + 1, CLOSE - 838, STRIKE + 4_000), Forecast)[0]
    assert first.p_market < first.p_blend < first.p_model


def test_a_forecast_without_a_number_says_why():
    subject = opened(warm_seconds=3_600)
    first = of_kind(through(subject, OPEN + 1, CLOSE - 838), Forecast)[0]
    assert (first.p_model, first.no_number) == (None, "volatility_cold")
    assert (first.p_blend, first.p_market) == (None, pytest.approx(0.55))


def test_a_mean_price_stands_beside_the_mean_number():
    """Over the same minute: the newest number would know thirty seconds more."""
    at = CLOSE - 600
    subject = opened(book=False)
    through(subject, OPEN + 1, at - 30)
    said = through(subject, at - 30, at + 1, STRIKE + 3_000, mids={at: (6_000, 6_100, 60)})
    forecast = of_kind(said, Forecast)[0]
    assert forecast.p_market == pytest.approx(0.605)
    assert 0.5 < forecast.p_model_then < forecast.p_model
    assert forecast.p_market < forecast.p_blend < forecast.p_model_then


def test_an_older_mean_stands_beside_the_model_of_its_own_minute():
    """A mean that ended four seconds ago: what the model has learnt since is not in it."""
    at = CLOSE - 600
    subject = opened(book=False)
    through(subject, OPEN + 1, at - 3, mids={at - 4: (5_000, 5_100, 60)})
    last = of_kind(through(subject, at - 3, at + 1, STRIKE + 9_000), Forecast)[-1]
    assert last.p_model > 0.7
    assert last.p_model_then == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("bid", "ask", "price"),
    [
        (0, 6_000, None),
        (7_000, 10_000, None),
        (0, 10_000, None),
        (0, 100, 0.005),
        (9_800, 10_000, 0.99),
    ],
)
def test_a_one_sided_price_is_a_price_only_at_the_end_of_the_scale(bid, ask, price):
    at = CLOSE - 600
    subject = opened(book=False)
    said = through(subject, OPEN + 1, at + 1, mids={at: (bid, ask, 0)})
    assert of_kind(said, Forecast)[-1].p_market == price


def test_a_moved_close_forgets_what_was_forecast_for_the_old_one():
    subject = opened()
    through(subject, OPEN + 1, CLOSE - 50)
    moved = e.CloseTimeChanged(ns(CLOSE - 50), ns(CLOSE - 50), TICKER, ns(CLOSE + 60))
    feed(subject, moved)
    through(subject, CLOSE - 50, CLOSE + 60)
    said = feed(subject, build.published(CLOSE + 68, STRIKE + 1, "yes"))
    window = of_kind(said, Report)[0].window
    assert set(window.p_yes) == {"60", "30", "15", "5"}


def test_what_was_learnt_is_part_of_the_fingerprint():
    subject = opened()
    through(subject, OPEN + 1, CLOSE, STRIKE + 6_000)
    before = subject.fingerprint()
    feed(subject, build.determined(CLOSE + 8, "yes"))
    assert subject.fingerprint() != before


def test_a_price_from_elsewhere_grows_old():
    at = CLOSE - 600
    fresh, old = opened(book=False), opened(book=False)
    for subject, second in ((fresh, at - 4), (old, at - 7)):
        said = through(subject, OPEN + 1, at + 1, mids={second: (6_000, 6_100, 0)})
        last = of_kind(said, Forecast)[-1]
        assert (last.p_market is None) == (subject is old)


def test_a_one_sided_book_is_no_market_price():
    subject = opened(book=False)
    feed(subject, build.book(OPEN, asks=()))
    first = of_kind(through(subject, OPEN + 1, CLOSE - 838), Forecast)[0]
    assert first.p_market is None


def test_the_report_carries_model_market_and_blend():
    subject = opened()
    through(subject, OPEN + 1, CLOSE + 1)
    said = feed(subject, build.published(CLOSE + 8, STRIKE + 1, "yes"))
    window = of_kind(said, Report)[0].window
    keys = {str(horizon) for horizon in HORIZONS}
    assert set(window.p_yes) == set(window.p_market) == set(window.p_blend) == keys


# --- learning ---


def test_settled_windows_move_the_weight_and_nothing_else_does():
    """A model that was right against the market gains; before the result nothing is known."""
    subject = opened()
    through(subject, OPEN + 1, CLOSE, STRIKE + 6_000)
    before = subject.snapshot().market.belief.weight
    assert before == pytest.approx(0.5)
    feed(subject, build.determined(CLOSE + 8, "yes"))
    feed(
        subject, build.listed(CLOSE + 8, ticker="KXBTC15M-NEXT-30", open_=CLOSE, close=CLOSE + 900)
    )
    feed(subject, build.timer(CLOSE + 9))
    assert subject.snapshot().market.belief.weight > before


def test_a_result_told_twice_teaches_once():
    subject = opened()
    through(subject, OPEN + 1, CLOSE, STRIKE + 6_000)
    feed(subject, build.determined(CLOSE + 8, "yes"))
    once = subject._state.shrinkage.weight(300)
    feed(subject, build.determined(CLOSE + 9, "yes"), build.published(CLOSE + 10, STRIKE, "yes"))
    assert subject._state.shrinkage.weight(300) == once


def test_results_teach_how_far_a_proxy_is_off():
    """A proxy that ended half a basis point on the wrong side: its error rises."""
    subject = opened(source="proxy", nowcast_sd_bp=0.5)
    through(subject, OPEN + 1, CLOSE, STRIKE + 500, source="proxy")
    before = subject._state.nowcast.sd_bp
    feed(subject, build.determined(CLOSE + 8, "no"))
    assert subject._state.nowcast.sd_bp > before


def test_a_proxy_fixes_no_outcome_and_is_not_compared_with_the_venue():
    subject = opened(source="proxy", nowcast_sd_bp=0.5)
    through(subject, OPEN + 1, CLOSE, STRIKE + 5, source="proxy")
    number = subject.snapshot().market.number
    assert not number.outcome_fixed
    assert 0.0 < number.p_yes < 1.0
    said = feed(subject, build.published(CLOSE + 8, STRIKE + 900, "yes"))
    window = of_kind(said, Report)[0].window
    assert (window.our_settlement, window.agrees) == (None, None)
    assert subject.snapshot().checked_windows == 0


# --- simulations ---


def test_the_number_is_simulated_twice_a_second():
    subject = opened()
    at = OPEN + 60
    feed(subject, build.printed(at, STRIKE))
    said = feed(subject, build.timer(at))
    assert len(of_kind(said, Estimate)) == 1
    assert SetTimer("estimate", ns(at + 0.5)) in said
    said = feed(subject, build.timer(at + 0.5, "estimate"))
    assert [type(intent) for intent in said] == [Estimate]


def test_a_large_move_is_simulated_at_once():
    subject = opened()
    at = OPEN + 600
    through(subject, at - 20, at)
    assert of_kind(feed(subject, build.printed(at, STRIKE + 1)), Estimate) == []
    assert len(of_kind(feed(subject, build.printed(at + 1, STRIKE + 9_000)), Estimate)) == 1


def test_without_simulations_only_forecasts_are_simulated():
    subject = opened(estimates_per_second=0)
    said = of_kind(through(subject, OPEN + 1, CLOSE), Estimate)
    assert len(said) == len(HORIZONS)


def test_the_question_prices_to_the_number():
    """The closed form of the question is the number of the kernel."""
    subject = opened()
    said = of_kind(through(subject, OPEN + 1, CLOSE, STRIKE + 700), Estimate)
    for asked in said:
        sd = math.sqrt(variance(asked.question, asked.question.sigma))
        p = digital(asked.question.expected, asked.question.threshold, sd, 4.0)
        assert min(max(p, 1e-6), 1 - 1e-6) == pytest.approx(asked.p_model, abs=0.0021)
    assert len(said) > 800


def answered(subject, at, **p):
    asked = of_kind(feed(subject, build.timer(at)), Estimate)[0]
    estimates = tuple((name, value, 1e-4) for name, value in p.items())
    said = Estimated(asked.asked_at, ns(at), TICKER, asked.p_model, estimates, 900)
    feed(subject, said)
    return subject.snapshot().market


def test_simulations_are_shown_and_contradictions_named():
    subject = opened()
    through(subject, OPEN + 1, OPEN + 60)
    p = subject.snapshot().market.number.p_yes
    market = answered(subject, OPEN + 60, merton=p + 0.001, bootstrap=p + 0.4)
    assert [name for name, _, _ in market.belief.estimates] == ["merton", "bootstrap"]
    assert market.belief.contradicted_by == ("bootstrap",)


def test_an_older_answer_never_replaces_a_newer():
    subject = opened()
    through(subject, OPEN + 1, OPEN + 60)
    for at, p in ((OPEN + 59, 0.5), (OPEN + 50, 0.9)):
        feed(subject, Estimated(ns(at), ns(OPEN + 60), TICKER, 0.5, (("gbm", p, 0.0),), 1))
    assert subject.snapshot().market.belief.estimates == (("gbm", 0.5, 0.0),)


# --- band and slopes ---


def asked(**changes):
    plain = {
        "expected": 91_255.0, "threshold": 91_250.0, "sigma": 0.9, "ahead": 60, "tau1": 240.0,
        "spread_seconds": 0.0, "noise_sd": 0.0, "spot": 91_255.0, "jump_share": 0.1,
        "log_variance_sd": 0.5,
    }  # fmt: skip
    return Question(**(plain | changes))


@pytest.mark.parametrize("ahead", [60, 30, 1])
def test_delta_and_theta_are_differences_of_the_price(ahead):
    question = asked(ahead=ahead, tau1=240.0 if ahead == 60 else 1.0)
    around = sensitivities(question, 0, 4.0)
    sd = math.sqrt(variance(question, 0.9))
    share = ahead / 60
    up, down = (digital(91_255.0 + share * d, 91_250.0, sd, 4.0) for d in (0.005, -0.005))
    assert around.delta == pytest.approx((up - down) / 0.01, rel=1e-4)
    assert around.theta > 0
    p = claim(digital(91_255.0, 91_250.0, sd, 4.0), 1.0)
    assert around.low <= p <= around.high


def test_the_band_closes_where_the_volatility_is_sure():
    assert sensitivities(asked(log_variance_sd=0.0), 0, 4.0).high == pytest.approx(
        sensitivities(asked(log_variance_sd=0.0), 0, 4.0).low
    )


@pytest.mark.parametrize("log_variance_sd", [0.2, 0.36, 0.6, 1.0])
@pytest.mark.parametrize("jump_share", [0.0, 0.3])
def test_simulations_of_the_very_same_question_contradict_nothing(log_variance_sd, jump_share):
    """At every distance from the strike and time to the close: other shapes, no error."""
    draws = make_draws(stream(0, "montecarlo"), 2_000)
    for sigmas in (-2.5, -1.5, -0.8, -0.3, 0.0, 0.3, 0.8, 1.5, 2.5):
        for ahead, tau1 in ((60, 700.0), (60, 100.0), (30, 1.0)):
            question = asked(
                ahead=ahead, tau1=tau1, log_variance_sd=log_variance_sd, jump_share=jump_share
            )
            sd = math.sqrt(variance(question, 0.9))
            question = replace(question, expected=91_250.0 + sigmas * sd)
            around = sensitivities(question, 0, 4.0)
            p = digital(question.expected, 91_250.0, sd, 4.0)
            said = answer(Estimate(TICKER, 0, p, question), draws, np.ones(200))
            assert contradictions(said, around, p) == ()


def test_what_the_number_moved_since_is_no_contradiction():
    around = sensitivities(asked(), 0, 4.0)
    middle = (around.low + around.high) / 2
    said = Estimated(0, 0, TICKER, middle - 0.3, (("gbm", middle - 0.3, 0.0),), 1)
    assert contradictions(said, around, middle) == ()
    assert contradictions(said, around, middle - 0.3) == ("gbm",)


def test_the_band_claims_no_more_than_the_number_may():
    sure = asked(expected=91_400.0)
    around = sensitivities(sure, 0, 4.0, 0.998)
    assert around.high == 0.998
    assert sensitivities(sure, 0, 4.0).high > 0.998
