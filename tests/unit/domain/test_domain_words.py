"""Times, secrets, ranges, contracts and the life of an order."""

import copy
import pickle
from dataclasses import dataclass
from typing import get_args

import pytest

from kalshi_assistant.domain import errors, signals
from kalshi_assistant.domain.ids import OrderIds
from kalshi_assistant.domain.orders import FINISHED, ORDER_LIFE, OrderState, advance
from kalshi_assistant.domain.ranges import RangeError, check_ranges, setting
from kalshi_assistant.domain.secrets import HIDDEN, Secret
from kalshi_assistant.domain.time import MILLISECOND, SECOND, TimeError, format_iso, parse_iso
from kalshi_assistant.quant import layout
from tests.support.build import contract


@pytest.mark.parametrize("text", ["2026-11-21T17:00:00Z", "2026-11-21T17:00:00.584Z"])
def test_instants_survive_being_read_and_written(text):
    assert format_iso(parse_iso(text)) == text


def test_six_decimals_of_a_second_are_kept():
    assert parse_iso("1970-01-01T00:00:01.000001Z") == SECOND + 1_000


def test_an_offset_is_taken_into_account():
    assert parse_iso("1970-01-01T01:00:00+01:00") == 0


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-21T17:00:00", "2026-13-01T00:00:00Z"])
def test_what_is_no_instant_is_named(text):
    with pytest.raises(TimeError):
        parse_iso(text)


def test_milliseconds_are_written_only_where_there_are_any():
    assert format_iso(SECOND) == "1970-01-01T00:00:01Z"
    assert format_iso(SECOND + 5 * MILLISECOND) == "1970-01-01T00:00:01.005Z"


def test_a_secret_shows_itself_to_nobody_who_does_not_ask():
    secret = Secret("hunter2")
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret:>20}", str([secret])):
        assert "hunter2" not in shown
        assert HIDDEN in shown
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")


@pytest.mark.parametrize("copying", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_not_pickled_or_copied(copying):
    with pytest.raises(TypeError, match="secret"):
        copying(Secret("hunter2"))


@dataclass(frozen=True, kw_only=True)
class Sample:
    low: int = setting(5, "a number", ge=1, le=10)
    word: str = setting("a", "a word", choices=("a", "b"))

    def __post_init__(self):
        check_ranges(self)


def test_every_setting_out_of_bounds_is_told_at_once_with_what_to_write():
    with pytest.raises(RangeError) as caught:
        Sample(low=11, word="c")
    assert dict(caught.value.problems) == {
        "low": "is 11; write at most 10",
        "word": "is 'c'; write one of a, b",
    }


@pytest.mark.parametrize("price", [10, 990, 1_000, 1_100, 5_600, 9_000, 9_010, 9_990])
def test_prices_on_the_tapered_grid(price):
    assert contract().on_grid(price)


@pytest.mark.parametrize("price", [0, 5, 1_010, 5_650, 9_005, 10_000, -10])
def test_prices_off_the_tapered_grid(price):
    assert not contract().on_grid(price)


def test_order_ids_never_meet_across_starts():
    ids = {OrderIds("n", epoch).make(counter) for epoch in (1, 2, 12) for counter in (1, 2, 21)}
    assert len(ids) == 9


def test_final_order_states_have_no_way_out():
    leaving = {state for state, _ in ORDER_LIFE}
    reached = set(ORDER_LIFE.values())
    assert reached - leaving == {"filled", "cancelled", "rejected", "absent"} == FINISHED
    assert reached | leaving == set(get_args(OrderState))
    assert advance("filled", "cancelled") is None


def test_the_kernel_counts_vetoes_under_the_codes_of_their_names():
    codes = {name: value for name, value in vars(layout).items() if name.startswith("V_")}
    named = {
        "V_NOT_OPEN": "not_open",
        "V_CLOSED": "closed",
        "V_STRIKE_UNKNOWN": "strike_unknown",
        "V_FEES_UNKNOWN": "fees_unknown",
        "V_INDEX_MISSING": "index_missing",
        "V_INDEX_STALE": "index_stale",
        "V_COLD": "volatility_cold",
        "V_MISSING": "too_many_missing_prints",
        "V_FIXED": "outcome_fixed",
        "V_BOOK": "book_unknown",
        "V_BOOK_STALE": "book_stale",
        "V_EARLY": "too_early",
        "V_LATE": "too_late",
        "V_BAND": "outside_band",
        "V_SPREAD": "spread_too_wide",
        "V_THIN": "depth_too_thin",
        "V_RISK": "risk_blocked",
        "V_EDGE": "edge_below_threshold",
        "V_FIRED": "already_fired",
        "V_COOLING": "cooling_down",
        "V_NOT_FALLEN": "not_fallen_back",
    }
    assert codes == {name: signals.VETO_CODE[veto] for name, veto in named.items()}
    assert len(signals.VETOES) < layout.VETO_SLOTS


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ComparisonError, 1),
        (errors.OperatorError, 2),
        (errors.PassingError, 3),
        (errors.FinalError, 3),
        (errors.HaltError, 4),
    ],
)
def test_errors_are_sorted_by_remedy_into_exit_codes(error, code):
    assert error.exit_code == code
    assert issubclass(error, errors.AssistantError)
