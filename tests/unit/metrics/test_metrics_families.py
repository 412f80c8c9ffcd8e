"""A snapshot as Prometheus families."""

import re

import pytest
from hypothesis import given
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from kalshi_assistant.domain.units import Money
from kalshi_assistant.engine.page_views import ScoreView
from kalshi_assistant.engine.snapshot import QueueView, Snapshot, StageView
from kalshi_assistant.metrics.families import EngineCollector
from kalshi_assistant.metrics.sheet import PREFIX, SERIES_MAX, Sheet
from tests.support import views
from tests.support.served_http import standing
from tests.support.struct_strategies import drawn_from


def scraped(snapshot, **changes):
    """Every sample of a scrape: name and labels to value."""
    registry = CollectorRegistry()
    registry.register(EngineCollector(standing(snapshot, **changes)))
    text = generate_latest(registry).decode()
    return {
        (sample.name.removeprefix(PREFIX), *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_without_an_engine_only_its_absence_is_told():
    """No number of the engine that was is left standing as if it were the present one."""
    assert scraped(None) == {("up",): 0.0, ("attached_total",): 1.0, ("series_left_out",): 0.0}


def test_the_business_is_told_in_dollars_and_ratios():
    told = scraped(views.snapshot())
    assert told[("up",)] == 1.0
    assert told[("realized_pnl_dollars",)] == 1.2375
    assert told[("fees_dollars_total",)] == 0.1716
    assert told[("probability_yes", ("by", "model"))] == 0.6123
    assert told[("probability_yes", ("by", "market"))] == 0.5775
    assert told[("bid_dollars",)] < told[("ask_dollars",)]
    assert told[("spread_dollars",)] == pytest.approx(
        told[("ask_dollars",)] - told[("bid_dollars",)]
    )
    assert told[("edge_net_dollars", ("outcome", "yes"))] == 0.0063
    assert told[("windows_matched_total",)] == 1.0


def test_a_brier_score_is_of_all_windows_of_the_run_and_not_of_those_that_are_shown():
    scores = (ScoreView("model", 600, 312, 0.1625), ScoreView("market", 60, 9, 0.04))
    told = scraped(views.snapshot(windows=(), scores=scores))
    score = ("brier_score", ("by", "model"), ("horizon_seconds", "600"))
    assert told[score] == 0.1625
    assert told[("brier_windows", *score[1:])] == 312
    assert told[("brier_score", ("by", "market"), ("horizon_seconds", "60"))] == 0.04


def test_an_unknown_book_has_no_spread():
    book = replace(views.book(), known=False)
    told = scraped(views.snapshot(market=views.market(book=book)))
    assert told[("book_known",)] == 0.0
    assert ("spread_dollars",) not in told
    assert ("bid_dollars",) not in told


def test_what_is_not_known_is_absent_and_not_zero():
    told = scraped(views.nothing_yet())
    names = {name for name, *_ in told}
    assert not names & {"probability_yes", "index_dollars", "strike_dollars", "fees_dollars_total"}
    assert "feed_age_seconds" not in names


def test_numbers_that_are_none_are_not_told():
    number = views.number(p_yes=float("nan"), sigmas=float("inf"))
    told = scraped(views.snapshot(market=views.market(number=number)))
    assert ("probability_yes", ("by", "model")) not in told
    assert ("distance_sigmas",) not in told


def test_feeds_queues_and_stages_have_a_series_each():
    stages = (
        StageView("heartbeat", "ms", 900, 0.2, 0.1, 0.5, 1.5, 3.0, 2.0, True),
        StageView("queue depth", "items", 10, 1.0, 1.0, 2.0, 3.0, 3.0, 100.0, True),
        StageView("fill rate", "share", 4, 0.75, 1.0, 1.0, 1.0, 1.0, None, None),
        StageView("slippage", "cents", 4, 0.5, 0.0, 1.0, 1.0, 1.0, None, None),
    )
    queues = (QueueView("inbox", "shed", 3, 40, 1_000, 7),)
    told = scraped(views.snapshot(stages=stages, queues=queues))
    assert told[("stage_seconds", ("quantile", "0.99"), ("stage", "heartbeat"))] == 0.0015
    assert told[("stage_on_target", ("stage", "heartbeat"))] == 1.0
    assert told[("backlog_items", ("quantile", "0.95"), ("stage", "queue depth"))] == 2.0
    assert told[("fill_share",)] == 0.75
    assert told[("slippage_dollars",)] == 0.005
    assert told[("queue_dropped_total", ("queue", "inbox"))] == 7.0
    assert told[("feed_gaps_total", ("feed", "kalshi.trades"))] == 1.0
    late = ("feed_delay_seconds", ("feed", "kalshi.index"), ("quantile", "0.5"))
    assert told[late] == pytest.approx(0.31)


def test_every_name_is_ours_and_says_its_unit_or_is_a_count_or_a_state():
    told = scraped(views.snapshot(paper=views.paper(realized=Money(-5))))
    bare = re.compile(
        r".*(_seconds|_dollars|_dollars_total|_total|_items|_contracts|_sigmas|_info|_share)|"
        r"up|paused|armed|may_trade|.*_up|.*_known|.*_estimated|.*_open|open_positions|"
        r"brier_(score|windows)|probability_yes|series_left_out|good_windows|orders_under_way|"
        r"stage_(timed|on_target)"
    )
    assert [name for name, *_ in told if not bare.fullmatch(name)] == []


def test_labels_never_hold_a_ticker_or_an_order():
    snapshot = views.snapshot()
    values = {value for _, *labels in scraped(snapshot) for _, value in labels}
    assert not {value for value in values if value.startswith("KXBTC")}


def test_a_family_holds_no_more_series_than_agreed():
    sheet = Sheet()
    for number in range(SERIES_MAX + 5):
        sheet.gauge("feed_up", "about", 1.0, feed=f"feed {number}")
    (family,) = sheet.families()
    assert len(family.samples) == SERIES_MAX
    assert sheet.left_out == 5


@given(drawn_from(Snapshot))
def test_any_snapshot_is_scraped(snapshot):
    assert scraped(snapshot)[("up",)] == 1.0
