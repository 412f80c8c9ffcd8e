"""What the verdict costs a running engine, and the large count of how often it is wrong."""

import math

import pytest

from kalshi_assistant.quant.verdict import Days, judge
from tests.support.days import histories, planned, share_promising, upper_95

MANY = 4_000


def test_a_verdict_on_two_years_of_days(benchmark):
    one = histories("bench", 1, 730, 12, 0.02)
    days = Days(*(part[0] for part in one))
    found = benchmark(judge, days, 20)
    assert math.isfinite(found.low)


@pytest.mark.parametrize("a_day", [3, 12, 40])
@pytest.mark.parametrize("common", [0.0, 0.1], ids=["independent", "days_in_common"])
def test_how_often_it_is_wrong_and_right(a_day, common, record_property, capsys):
    needed, days = planned(0.02, a_day)
    wrong = found = 0
    for part in range(MANY // 200):
        name = f"{a_day}.{common}.{part}"
        wrong += share_promising(histories(f"no.{name}", 200, days, a_day, 0.0, common))[0]
        found += share_promising(histories(f"yes.{name}", 200, days, a_day, 0.02))[0]
    above = upper_95(wrong, MANY)
    with capsys.disabled():
        said = f"{a_day} a day, {needed} windows: {wrong} of {MANY} wrong, at most {above:.4f}"
        print(f"\n{said}; power {found / MANY:.3f}")  # noqa: T201  # the measurement itself
    record_property("wrong", wrong)
    assert above <= 0.05
    assert found / MANY >= 0.8
