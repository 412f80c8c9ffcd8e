"""The ledger in small numbers: opening, netting, turning over, paying out."""

import pytest

from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.execution import ledger as room
from kalshi_assistant.execution.ledger import Ledger

START = 100_000_000
FEE = 1_000


def fill(number, side, price, quantity, ticker="T", order="o", fee=FEE):
    return OrderFilled(
        0, 0, ticker, order, order, str(number), side, price, quantity, True, fee, None, "venue"
    )


def ledger(*fills):
    subject = Ledger(START)
    for number, (side, price, quantity) in enumerate(fills):
        assert subject.fill(fill(number, side, price, quantity))
    return subject


def holds(subject, ticker="T"):
    position = subject.position(ticker)
    return position.quantity, position.cost


def test_buying_yes_costs_its_price_and_the_fee():
    subject = ledger((BID, 5_600, 1_000))
    assert holds(subject) == (1_000, 5_600_000)
    assert (subject.cash, subject.fees) == (START - 5_600_000 - FEE, FEE)
    assert (subject.realized, subject.open_positions) == (-FEE, 1)


def test_selling_yes_without_holding_any_is_buying_no_at_the_complement():
    subject = ledger((ASK, 5_600, 1_000))
    assert holds(subject) == (-1_000, 4_400_000)
    assert subject.cash == START - 4_400_000 - FEE


def test_selling_what_is_held_realizes_the_difference():
    subject = ledger((BID, 5_600, 1_000), (ASK, 6_000, 1_000))
    assert holds(subject) == (0, 0)
    assert subject.realized == subject.cash - START == 400_000 - 2 * FEE
    assert subject.open_positions == 0


def test_buying_the_other_outcome_closes_at_a_dollar_for_the_pair():
    """NO held at 44c, then YES bought at 50c: 94c paid for a pair that is worth a dollar."""
    subject = ledger((ASK, 5_600, 1_000), (BID, 5_000, 1_000))
    assert holds(subject) == (0, 0)
    assert subject.realized == (10_000 - 4_400 - 5_000) * 1_000 - 2 * FEE


def test_a_fill_larger_than_what_is_held_turns_the_position_over():
    subject = ledger((BID, 5_600, 1_000), (ASK, 6_000, 1_500))
    assert holds(subject) == (-500, 4_000 * 500)
    assert subject.realized == 400 * 1_000 - 2 * FEE


def test_two_prices_average_and_a_part_sold_takes_its_part_of_the_cost():
    subject = ledger((BID, 5_000, 100), (BID, 6_000, 100), (ASK, 6_000, 100))
    assert holds(subject) == (100, 550_000)
    assert subject.realized == 50_000 - 3 * FEE


def test_cost_that_does_not_divide_stays_exact_to_the_micro_dollar():
    """Three crumbs at 1/3 of an uneven cost: what leaves and what stays add up to all of it."""
    subject = ledger((BID, 3_333, 1), (BID, 3_334, 2))
    for number in (7, 8, 9):
        subject.fill(fill(number, ASK, 3_333, 1, fee=0))
    assert holds(subject) == (0, 0)
    assert subject.cash - START == 3 * 3_333 - (3_333 + 2 * 3_334) - 2 * FEE


@pytest.mark.parametrize(
    ("side", "result", "profit"),
    [(BID, "yes", 4_400), (BID, "no", -5_600), (ASK, "no", 5_600), (ASK, "yes", -4_400)],
)
def test_a_winner_is_paid_a_dollar_and_a_loser_nothing(side, result, profit):
    subject = ledger((side, 5_600, 1_000))
    assert subject.settle("T", result) == profit * 1_000 - FEE
    assert subject.cash == START + profit * 1_000 - FEE
    assert (subject.realized, subject.open_positions) == (subject.cash - START, 0)


def test_a_market_is_paid_out_once_and_an_unknown_one_not_at_all():
    subject = ledger((BID, 5_600, 1_000))
    subject.settle("T", "yes")
    cash = subject.cash
    assert subject.settle("T", "yes") == subject.settle("U", "no") == 0
    assert subject.cash == cash


def test_a_market_tells_the_profit_of_all_that_was_done_in_it_and_of_nothing_else():
    subject = ledger((BID, 5_600, 1_000), (ASK, 6_000, 400))
    subject.fill(fill(9, BID, 9_000, 100, ticker="U"))
    assert subject.settle("T", "no") == 400 * 400 - 5_600 * 600 - 2 * FEE


def test_a_trade_counts_once_for_each_order_of_ours_in_it():
    subject = Ledger(START)
    assert subject.fill(fill("t", BID, 5_600, 100, order="a"))
    assert not subject.fill(fill("t", BID, 5_600, 100, order="a"))
    assert subject.fill(fill("t", ASK, 5_600, 100, order="b"))
    assert holds(subject) == (0, 0)


def test_the_memory_of_trades_is_bounded_and_the_oldest_goes_first(monkeypatch):
    monkeypatch.setattr(room, "SEEN_MAX", 2)
    subject = ledger((BID, 100, 1), (BID, 100, 1), (BID, 100, 1))
    assert not subject.fill(fill(1, BID, 100, 1))
    assert not subject.fill(fill(2, BID, 100, 1))
    assert len(subject._seen) == 2


@pytest.mark.parametrize("quantity", [0, -5])
def test_a_fill_of_nothing_is_a_mistake_of_ours_and_enters_nowhere(quantity):
    subject = Ledger(START)
    with pytest.raises(AssertionError, match="the wall let nonsense in"):
        subject.fill(fill(1, BID, 5_600, quantity))
    assert (subject.cash, subject.open_positions) == (START, 0)


def test_a_ledger_that_does_not_balance_stops_at_once():
    subject = ledger((BID, 5_600, 1_000))
    subject.cash += 1
    with pytest.raises(AssertionError, match="does not balance"):
        subject.fill(fill(9, BID, 5_600, 1))
