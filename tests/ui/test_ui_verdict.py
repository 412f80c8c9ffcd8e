"""One sentence for every state, and none missing."""

import pytest

from kalshi_assistant.domain.signals import VETOES
from kalshi_assistant.ui.panels.scene import Scene
from kalshi_assistant.ui.panels.verdict import sentence
from kalshi_assistant.ui.renderables.words import BECAUSE
from tests.support import views


def said(**changes: object) -> str:
    return sentence(Scene(views.snapshot(**changes)))[0]


def test_every_veto_has_a_sentence_and_nothing_else_has():
    assert tuple(BECAUSE) == VETOES


@pytest.mark.parametrize("veto", VETOES)
def test_every_veto_is_told_on_80_columns(veto: str):
    text = said(market=views.market(veto=veto))
    assert text.startswith(f"do not trade, because {BECAUSE[veto]}")
    assert len(text) <= 100
    assert "_" not in text


def test_the_best_edge_stands_beside_one_that_is_too_small():
    assert said().endswith("(best: YES +0.6¢)")


def test_a_pause_of_the_exchange_is_told_in_its_own_words():
    text = said(market=views.market(veto="exchange_paused"), exchange_says="back at 05:00 EST")
    assert text.endswith("the exchange is not trading: back at 05:00 EST")


def test_without_a_veto_the_better_side_is_offered():
    text = said(market=views.market(veto=None))
    assert text == "a signal may fire now: buy 10 YES up to 58.5¢, net +0.6¢ each"


def test_a_fresh_signal_takes_the_place_of_the_veto():
    text = said(signals=(views.signal(),), market=views.market(veto="already_fired"))
    assert text == "▶ SIGNAL buy 10 YES up to 58.5¢, net +2.3¢ each (9.0 s ago)"


def test_an_old_signal_does_not():
    assert "do not trade" in said(signals=(views.signal(made_at=views.ago(31)),))


def test_trouble_with_the_engine_comes_first():
    scene = Scene(views.snapshot(signals=(views.signal(),)), "the engine has ended")
    assert sentence(scene) == ("the engine has ended", "alert")


def test_without_a_market_it_says_what_is_awaited():
    assert "has not named a market" in sentence(Scene(views.nothing_yet()))[0]
