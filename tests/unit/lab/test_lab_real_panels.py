"""What is claimed of the number, on recorded markets."""

import pytest

from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.panel_folder import read_panel
from kalshi_assistant.lab.evaluation import evaluate
from kalshi_assistant.lab.forecasting import Forecasting
from kalshi_assistant.lab.panel_events import subject_of
from tests.support.recordings import data

REFERENCE = {
    "2026-03-binance": {"600": 0.1770, "300": 0.1131, "120": 0.0714, "60": 0.0444},
    "2026-08-brti": {"600": 0.1489, "300": 0.1000, "120": 0.0420, "60": 0.0161},
}
"""Brier scores of a ten-minute EWMA with a Student t of five degrees."""


def evaluated(name):
    subject = subject_of(read_panel(data(f"panels/{name}")))
    work = Forecasting(subject, EngineSettings(), simulate=False)
    for _ in work.run():
        pass
    return evaluate(subject, work.told, "test")


@pytest.mark.long
@pytest.mark.recordings
def test_the_number_on_467_markets_of_a_proxy():
    """No worse than the market, better than a simple reference, calibrated, sure with reason."""
    said = evaluated("2026-03-binance")
    pooled, horizons = said["pooled"], said["horizons"]
    assert pooled["n"] == 4 * 467
    assert pooled["gain"] >= -1.64 * pooled["se"]
    assert pooled["log_gain"] >= -1.64 * pooled["log_se"]
    assert pooled["blend"] - min(pooled["model"], pooled["market"]) <= pooled["se"]
    reference = REFERENCE["2026-03-binance"]
    assert sum(horizons[h]["paired"]["model"] for h in reference) < sum(reference.values())
    for horizon in reference:
        low, high = horizons[horizon]["calibration"]["slope_ci"]
        assert low < 1 < high
    sure = said["calibration"]["above_098"]
    assert sure["band"][0] <= sure["hits"] <= sure["band"][1]
    assert said["settlement"]["checked"] == said["settlement"]["held"] == 63


@pytest.mark.recordings
def test_the_number_on_a_day_of_the_index_itself():
    said = evaluated("2026-08-brti")
    horizons, reference = said["horizons"], REFERENCE["2026-08-brti"]
    assert sum(horizons[h]["model"]["brier"] for h in reference) < sum(reference.values())
    assert horizons["30"]["model"]["brier"] <= 0.0008
    for horizon in reference:
        low, high = horizons[horizon]["calibration"]["slope_ci"]
        assert low < 1 < high
    assert said["settlement"]["checked"] == said["settlement"]["held"] == 107
