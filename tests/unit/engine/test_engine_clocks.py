"""A clock that is off is named with its remedy; of a simulated exchange it is the speed."""

import pytest

from kalshi_assistant.domain.intents import Note
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.feeds import ENOUGH
from kalshi_assistant.engine.settings import EngineSettings
from tests.support import build
from tests.support.build import OPEN, STRIKE


def told(environment, late):
    """What is said of clocks once prints come ``late`` seconds after their stamps."""
    engine = Engine(EngineSettings(environment=environment))
    for second in range(OPEN, OPEN + ENOUGH + 2):
        engine.handle(build.printed(second, STRIKE, received=second + late))
    said = engine.handle(build.timer(OPEN + ENOUGH + 2 + late))
    return [each.text for each in said if isinstance(each, Note) and each.topic == "clock"]


@pytest.mark.parametrize("environment", ["prod", "demo", "local"])
def test_of_a_venue_elsewhere_it_is_our_clock(environment):
    [text] = told(environment, 7.5)
    assert text.startswith("this machine's clock is about 7500 ms ahead: set it by the network")


def test_of_the_simulated_exchange_it_is_the_speed():
    [text] = told("simulated", 7.5)
    assert "what it sends is 7500 ms of its time late" in text
    assert "choose a lower --speed" in text


@pytest.mark.parametrize("environment", ["prod", "simulated"])
def test_what_comes_in_time_is_not_spoken_of(environment):
    assert told(environment, 0.05) == []
