"""What a crossing is called, on which evidence, and why it may be nothing."""

from dataclasses import replace
from typing import get_args

import pytest
from msgspec.structs import replace as changed

from kalshi_assistant.domain.signals import Edge
from kalshi_assistant.strategy.delay import DelaySettings, Reaction
from kalshi_assistant.strategy.directional import KIND_VETOES, Declined, Named, name_crossing
from kalshi_assistant.strategy.features import BookShape, Features
from kalshi_assistant.strategy.gap import GapSettings, baseline_gap, believed
from kalshi_assistant.strategy.momentum import MomentumSettings, momentum
from kalshi_assistant.strategy.signals import SignalSettings
from kalshi_assistant.strategy.sizing import SizeVeto
from kalshi_assistant.strategy.words import DECLINED

FEATURES = Features(
    p_model=0.70,
    p_market=0.55,
    p_blend=0.62,
    index_sigmas=2.0,
    shape=BookShape(bids=30_000, asks=10_000),
    flow=0.5,
)
ON = MomentumSettings(enabled=True)


def edge(outcome="yes", net=0.12):
    return Edge(outcome, 1_000, 5_600, 5_600_000, 172_500, 0.14, 0.002, 0.005, net)


def named(settings=None, features=FEATURES, **changes):
    settings = settings or SignalSettings()
    return name_crossing(
        settings, edge(**changes), 0.03, features, Reaction(settings.delay), None, 0
    )


def test_the_more_cautious_of_model_and_blend_is_believed_unless_said_otherwise():
    assert believed("both", "yes", FEATURES) == 0.62
    assert believed("both", "no", FEATURES) == pytest.approx(0.30)
    assert believed("blend", "no", FEATURES) == pytest.approx(0.38)
    assert believed("model", "yes", FEATURES) == 0.70
    assert GapSettings().believe == "both"


def test_a_gap_has_to_survive_what_the_blend_takes_off():
    probability, evidence = baseline_gap(GapSettings(), "yes", 0.09, FEATURES)
    assert probability == 0.62
    assert dict(evidence) == {
        "p_model": 0.70,
        "p_believed": 0.62,
        "p_market": 0.55,
        "p_blend": 0.62,
    }
    assert baseline_gap(GapSettings(), "yes", 0.07, FEATURES) == "believed_edge_too_small"
    assert isinstance(baseline_gap(GapSettings(believe="model"), "yes", 0.0, FEATURES), tuple)


def test_without_a_market_price_only_the_model_alone_can_be_believed():
    alone = changed(FEATURES, p_market=None, p_blend=None)
    assert baseline_gap(GapSettings(), "yes", 0.5, alone) == "market_price_unknown"
    assert baseline_gap(GapSettings(believe="model"), "yes", 0.5, alone)[0] == 0.70


@pytest.mark.parametrize(
    ("settings", "features", "veto"),
    [
        (MomentumSettings(), FEATURES, "momentum_off"),
        (ON, changed(FEATURES, index_sigmas=None), "index_history_too_short"),
        (ON, changed(FEATURES, index_sigmas=1.4), "index_not_moving_that_way"),
        (ON, changed(FEATURES, index_sigmas=-3.0), "index_not_moving_that_way"),
        (ON, changed(FEATURES, shape=None), "book_not_leaning_that_way"),
        (ON, changed(FEATURES, shape=BookShape(10_000, 30_000)), "book_not_leaning_that_way"),
        (ON, changed(FEATURES, shape=BookShape(30_000, 4_999)), "levels_too_thin"),
        (ON, changed(FEATURES, flow=None), "tape_not_confirming"),
        (ON, changed(FEATURES, flow=-0.5), "tape_not_confirming"),
        (replace(ON, extra_dollars=0.5), FEATURES, "edge_below_kind"),
    ],
)
def test_momentum_wants_index_book_and_tape_to_agree(settings, features, veto):
    assert momentum(settings, "yes", 0.1, features) == veto


def test_momentum_for_no_is_its_mirror_image():
    mirrored = changed(FEATURES, index_sigmas=-2.0, shape=BookShape(10_000, 30_000), flow=-0.5)
    evidence = dict(momentum(ON, "no", 0.1, mirrored))
    assert (evidence["index_sigmas"], evidence["imbalance"]) == (-2.0, -0.5)
    assert momentum(ON, "yes", 0.1, mirrored) == "index_not_moving_that_way"


def test_the_first_kind_whose_conditions_hold_gives_the_name():
    assert named().kind == "baseline_gap"
    assert named(SignalSettings(momentum=ON)).kind == "momentum"
    assert named(SignalSettings(momentum=ON)).probability == 0.70


def test_a_crossing_of_no_kind_says_why_by_kind():
    said = named(net=0.05)
    assert isinstance(said, Declined)
    assert said.reason == "believed_edge_too_small"
    assert dict(said.reasons) == {
        "delay_capture": "reaction_not_measured",
        "momentum": "momentum_off",
        "baseline_gap": "believed_edge_too_small",
    }


def test_a_kind_that_is_off_is_not_the_reason_unless_all_are():
    no_gap = SignalSettings(gap=GapSettings(enabled=False))
    assert named(no_gap).reason == "reaction_not_measured"
    nothing = replace(no_gap, delay=DelaySettings(enabled=False))
    assert named(nothing).reason == "every_kind_off"
    assert not isinstance(named(nothing), Named)


def test_every_reason_has_its_words():
    assert set(DECLINED) == {*KIND_VETOES, *get_args(SizeVeto), "every_kind_off"}


def test_an_empty_book_leans_nowhere():
    assert BookShape(0, 0).imbalance == 0.0
