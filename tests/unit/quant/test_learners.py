"""Posteriors over a grid: what settled windows teach."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.quant.closed_form import normal_cdf
from kalshi_assistant.quant.learners import NowcastError, Shrinkage, expit, logit
from kalshi_assistant.quant.rng import stream

HORIZONS = (600, 300, 120, 60)
CLAIMS = st.floats(0.0, 1.0)


def taught(truth, windows, seed=0):
    """Windows whose outcomes follow the ``truth`` of (model, market) in log odds."""
    rng, subject = stream(seed, "windows"), Shrinkage(HORIZONS)
    for _ in range(windows):
        model, market = 2.0 * rng.standard_normal(), 2.0 * rng.standard_normal()
        outcome = bool(rng.random() < expit(truth * model + (1 - truth) * market))
        subject.learn_window([(300, expit(model), expit(market))], outcome)
    return subject


@pytest.mark.parametrize("truth", [0.0, 0.3, 0.7, 1.0])
def test_the_weight_that_made_the_outcomes_is_found(truth):
    assert taught(truth, 1_500).weight(300) == pytest.approx(truth, abs=0.12)


def test_before_anything_was_learnt_both_count_the_same():
    assert Shrinkage(HORIZONS).weight(300) == pytest.approx(0.5)


def test_what_is_learnt_at_one_horizon_is_learnt_less_at_others():
    subject = taught(1.0, 40)
    weights = [subject.weight(horizon) for horizon in (300, 600, 60)]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0.5


@given(CLAIMS, CLAIMS, st.floats(1, 900))
def test_the_blend_lies_between_model_and_market_and_off_the_ends(model, market, left):
    blend = Shrinkage(HORIZONS).predict_one(left, model, market)
    assert 0.0 < blend < 1.0
    low, high = sorted((expit(logit(model)), expit(logit(market))))
    assert low - 1e-9 <= blend <= high + 1e-9


def test_a_window_is_one_outcome_however_often_it_was_forecast():
    """Eight forecasts of one window teach no more than one of them."""
    once, often = Shrinkage(HORIZONS), Shrinkage(HORIZONS)
    once.learn_window([(300, 0.8, 0.4)], outcome=True)
    often.learn_window([(left, 0.8, 0.4) for left in (600, 300, 120, 60)], outcome=True)
    assert often.weight(300) == pytest.approx(once.weight(300))
    assert often.evidence != Shrinkage(HORIZONS).evidence


def test_a_window_without_a_market_price_teaches_nothing():
    subject = taught(0.5, 10)
    before = subject.evidence
    subject.learn_window([], outcome=True)
    assert subject.evidence == before


def test_a_prediction_teaches_nothing():
    subject = taught(0.5, 10)
    before = subject.weight(300)
    subject.predict_one(300, 0.9, 0.1)
    assert subject.weight(300) == before


@given(st.lists(st.tuples(CLAIMS, CLAIMS, st.booleans()), max_size=30))
def test_any_windows_leave_a_weight_between_zero_and_one(windows):
    subject = Shrinkage(HORIZONS)
    for model, market, outcome in windows:
        subject.learn_window([(60, model, market)], outcome)
    assert 0.0 <= subject.weight(60) <= 1.0


@given(st.floats(1e-6, 1 - 1e-6))
def test_log_odds_and_back(probability):
    assert expit(logit(probability)) == pytest.approx(probability, rel=1e-9)


@pytest.mark.parametrize("truth_bp", [0.3, 1.0, 3.0])
def test_the_error_of_an_index_is_found_from_contradicted_results(truth_bp):
    rng, subject = stream(1, "errors"), NowcastError(0.8)
    for _ in range(3_000):
        distance = 8.0 * rng.standard_normal()
        outcome = bool(rng.random() < normal_cdf(distance / truth_bp))
        subject.learn_one(distance, outcome)
    assert subject.sd_bp == pytest.approx(truth_bp, rel=0.35)


def test_far_results_say_little_about_the_error():
    subject = NowcastError(0.8)
    before = subject.sd_bp
    for _ in range(100):
        subject.learn_one(200.0, outcome=True)
    assert subject.sd_bp == pytest.approx(before, rel=0.05)


def test_one_absurd_result_does_not_blow_the_error_up():
    subject = NowcastError(0.8)
    for _ in range(50):
        subject.learn_one(1.5, outcome=True)
    before = subject.sd_bp
    subject.learn_one(-500.0, outcome=True)
    assert math.isfinite(subject.sd_bp)
    assert subject.sd_bp < 3 * before
