"""What was given up, with its cost: in small numbers, and adding up to every market's profit."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.execution.lots import disposals
from tests.support.trading import NOON, fill

LATER = NOON + 60 * 10**9
FILLS = st.lists(
    st.tuples(
        st.sampled_from([0, 1]), st.integers(1, 9_999), st.integers(1, 500), st.integers(0, 9_999)
    ),
    max_size=12,
)


def given_up(fills, result=None):
    """The disposals of fills in one market; each is (side, price, quantity, fee)."""
    ledger, entries = Ledger(10**9), []
    for number, (side, price, quantity, fee) in enumerate(fills):
        event = fill(number, side, price, quantity, fee, at=NOON + number)
        entries.append(ledger.fill(event, None))
    if result is not None and fills:
        entries.append(ledger.settle("T", result, LATER))
    return entries, list(disposals(entries))


def test_a_payout_gives_up_what_is_held_with_the_fees_of_buying_it():
    _, [one] = given_up([(0, 5_600, 1_000, 700)], "yes")
    assert (one.outcome, one.quantity, one.how) == ("yes", 1_000, "settled")
    assert (one.acquired, one.sold) == (NOON, LATER)
    assert (one.proceeds, one.cost, one.fees) == (10_000_000, 5_600_000, 700)
    assert one.gain == 10_000_000 - 5_600_000 - 700


def test_a_sale_of_a_part_takes_its_part_of_cost_and_fees():
    _, [sold, rest] = given_up([(0, 5_000, 300, 100), (1, 6_000, 100, 9)], "no")
    assert (sold.how, sold.quantity, sold.proceeds) == ("sold", 100, 600_000)
    assert (sold.cost, sold.fees) == (500_000, 33 + 9)
    assert (rest.how, rest.cost, rest.fees, rest.proceeds) == ("settled", 1_000_000, 67, 0)


def test_of_a_fill_that_turns_over_the_closing_part_bears_its_share():
    _, [sold, rest] = given_up([(1, 5_600, 100, 0), (0, 5_000, 300, 90)], "yes")
    assert (sold.outcome, sold.proceeds, sold.cost) == ("no", 500_000, 440_000)
    assert (sold.fees, rest.fees) == (30, 60)
    assert (rest.outcome, rest.quantity, rest.acquired) == ("yes", 200, NOON + 1)


def test_what_is_still_held_was_not_given_up():
    assert given_up([(0, 5_600, 1_000, 700)])[1] == []


def test_nothing_held_at_the_end_is_no_payout():
    assert [each.how for each in given_up([(0, 1, 1, 0), (1, 2, 1, 0)], "yes")[1]] == ["sold"]


@given(FILLS, st.sampled_from(["yes", "no"]))
def test_the_gains_of_a_market_add_up_to_its_profit(fills, result):
    entries, found = given_up(fills, result)
    assert all(each.gain == each.proceeds - each.cost - each.fees for each in found)
    if entries:
        assert sum(each.gain for each in found) == entries[-1].pnl
        assert sum(each.fees for each in found) == entries[-1].fees


def test_what_a_changed_result_moved_is_a_line_of_its_own():
    ledger = Ledger(10**9)
    entries = [ledger.fill(fill(1, 0, 5_600, 1_000, 700), None), ledger.settle("T", "yes", LATER)]
    entries.append(ledger.correct("T", "no", LATER + 1))
    _, moved = disposals(entries)
    assert (moved.quantity, moved.cost, moved.fees) == (0, 0, 0)
    assert moved.proceeds == moved.gain == -10_000_000
