"""The ledger in small numbers: opening, netting, turning over, paying out."""

import pytest

from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.execution import ledger as room
from kalshi_assistant.execution.ledger import Ledger

START = 100_000_000
FEE = 1_000


def fill(number, side, price, quantity, ticker="T", order="o", fee=FEE):
    return OrderFilled(
        5, 6, ticker, order, order, str(number), side, price, quantity, True, fee, None, "venue"
    )


def ours(fair=None, top=None, **more):
    """An order whose own price and size do not matter: the fill has them."""
    return Order("o", "T", BID, 9_900, 1, 0, fair=fair, top=top, **more)


def ledger(*fills):
    subject = Ledger(START)
    for number, (side, price, quantity) in enumerate(fills):
        assert subject.fill(fill(number, side, price, quantity), None)
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
        subject.fill(fill(number, ASK, 3_333, 1, fee=0), None)
    assert holds(subject) == (0, 0)
    assert subject.cash - START == 3 * 3_333 - (3_333 + 2 * 3_334) - 2 * FEE


@pytest.mark.parametrize(
    ("side", "result", "profit"),
    [(BID, "yes", 4_400), (BID, "no", -5_600), (ASK, "no", 5_600), (ASK, "yes", -4_400)],
)
def test_a_winner_is_paid_a_dollar_and_a_loser_nothing(side, result, profit):
    subject = ledger((side, 5_600, 1_000))
    assert subject.settle("T", result, 9).pnl == profit * 1_000 - FEE
    assert subject.cash == START + profit * 1_000 - FEE
    assert (subject.realized, subject.open_positions) == (subject.cash - START, 0)


def test_a_market_is_paid_out_once_and_an_unknown_one_not_at_all():
    subject = ledger((BID, 5_600, 1_000))
    subject.settle("T", "yes", 9)
    cash = subject.cash
    assert subject.settle("T", "yes", 9) is subject.settle("U", "no", 9) is None
    assert subject.cash == cash


def test_a_market_tells_the_profit_of_all_that_was_done_in_it_and_of_nothing_else():
    subject = ledger((BID, 5_600, 1_000), (ASK, 6_000, 400))
    subject.fill(fill(9, BID, 9_000, 100, ticker="U"), None)
    assert subject.settle("T", "no", 9).pnl == 400 * 400 - 5_600 * 600 - 2 * FEE


def test_a_trade_counts_once_for_each_order_of_ours_in_it():
    subject = Ledger(START)
    assert subject.fill(fill("t", BID, 5_600, 100, order="a"), None)
    assert not subject.fill(fill("t", BID, 5_600, 100, order="a"), None)
    assert subject.fill(fill("t", ASK, 5_600, 100, order="b"), None)
    assert holds(subject) == (0, 0)


def test_the_memory_of_trades_is_bounded_and_the_oldest_goes_first(monkeypatch):
    monkeypatch.setattr(room, "SEEN_MAX", 2)
    subject = ledger((BID, 100, 1), (BID, 100, 1), (BID, 100, 1))
    assert not subject.fill(fill(1, BID, 100, 1), None)
    assert not subject.fill(fill(2, BID, 100, 1), None)
    assert len(subject._seen) == 2


@pytest.mark.parametrize("quantity", [0, -5])
def test_a_fill_of_nothing_is_a_mistake_of_ours_and_enters_nowhere(quantity):
    subject = Ledger(START)
    with pytest.raises(AssertionError, match="the wall let nonsense in"):
        subject.fill(fill(1, BID, 5_600, quantity), None)
    assert (subject.cash, subject.open_positions) == (START, 0)


def test_a_ledger_that_does_not_balance_stops_at_once():
    subject = ledger((BID, 5_600, 1_000))
    subject.cash += 1
    with pytest.raises(AssertionError, match="does not balance"):
        subject.fill(fill(9, BID, 5_600, 1), None)


# --- what is kept --------------------------------------------------------------------------------


def test_a_fill_is_answered_with_where_it_left_market_and_account():
    subject = Ledger(START)
    kept = subject.fill(
        fill(1, ASK, 5_600, 1_000), ours(440_000, 4_300, purpose="exit", kind="stop")
    )
    assert (kept.at, kept.ticker, kept.order_id, kept.trade_id) == (5, "T", "o", "1")
    assert (kept.side, kept.price, kept.quantity, kept.fee) == (ASK, 5_600, 1_000, FEE)
    assert (kept.source, kept.purpose, kept.kind) == ("venue", "exit", "stop")
    assert (kept.cash, kept.realized) == (subject.cash, subject.realized)
    assert (kept.holding,) == subject.holdings()


def test_a_fill_of_an_order_that_is_not_known_says_so():
    kept = Ledger(START).fill(fill(1, BID, 5_600, 1_000), None)
    assert (kept.purpose, kept.kind) == ("unknown", "")


def test_a_market_closed_before_its_end_is_told_at_its_settlement_all_the_same():
    subject = ledger((BID, 5_600, 1_000), (ASK, 6_000, 1_000))
    assert [held.quantity for held in subject.holdings()] == [0]
    kept = subject.settle("T", "no", 9)
    assert (kept.at, kept.quantity, kept.cost, kept.payout) == (9, 0, 0, 0)
    assert (kept.pnl, kept.fees) == (400_000 - 2 * FEE, 2 * FEE)
    assert subject.holdings() == ()


def test_money_put_in_or_taken_out_is_no_profit():
    subject = ledger((BID, 5_600, 1_000))
    subject.move_cash(7)
    assert (subject.start, subject.cash) == (START + 7, START - 5_600_000 - FEE + 7)
    subject.move_cash(-20)
    assert (subject.start, subject.realized, subject.invested) == (START - 13, -FEE, 5_600_000)


# --- where the profit came from ------------------------------------------------------------------


def attribution(kept):
    return kept.edge, kept.slippage, kept.drift, kept.fees


def test_a_yes_bought_is_told_apart_into_edge_slippage_drift_and_fees():
    """Believed 62c, best 55c, paid 56c, won: 7c were seen, 1c was lost on the way in, the outcome
    brought the other 38c.
    """
    subject = Ledger(START)
    subject.fill(fill(1, BID, 5_600, 1_000), ours(620_000, 5_500))
    assert subject.holdings()[0].believed == 6_200_000
    kept = subject.settle("T", "yes", 9)
    assert attribution(kept) == (700_000, -100_000, 3_800_000, FEE)
    assert kept.pnl == 4_400_000 - FEE


def test_of_a_no_the_belief_and_the_best_price_are_those_of_no():
    """NO at 44c, which is YES at 56c: believed 50c, best 43c."""
    subject = Ledger(START)
    subject.fill(fill(1, ASK, 5_600, 1_000), ours(500_000, 4_300))
    kept = subject.settle("T", "yes", 9)
    assert attribution(kept) == (700_000, -100_000, -5_000_000, FEE)
    assert kept.pnl == -4_400_000 - FEE


def test_what_a_sale_before_the_end_brought_is_drift():
    subject = Ledger(START)
    subject.fill(fill(1, BID, 5_600, 1_000), ours(620_000, 5_500))
    subject.fill(fill(2, ASK, 6_000, 1_000), ours(1, 1))
    kept = subject.settle("T", "no", 9)
    assert attribution(kept) == (700_000, -100_000, -200_000, 2 * FEE)


def test_of_a_fill_that_turns_over_only_what_it_opens_was_a_belief():
    subject = Ledger(START)
    subject.fill(fill(1, BID, 5_600, 1_000), None)
    subject.fill(fill(2, ASK, 6_000, 1_500), ours(450_000, 3_900))
    [held] = subject.holdings()
    assert (held.edge, held.slippage) == (500 * 600, 500 * -100)
    assert held.believed == 5_600_000 + 450_000 * 5


def test_an_order_that_believed_nothing_has_only_drift():
    subject = Ledger(START)
    subject.fill(fill(1, BID, 5_600, 1_000), ours(None, 5_500))
    assert attribution(subject.settle("T", "yes", 9)) == (0, 0, 4_400_000, FEE)


def test_without_a_best_price_the_edge_is_against_what_was_paid():
    subject = Ledger(START)
    subject.fill(fill(1, BID, 5_600, 1_000), ours(620_000, None))
    assert attribution(subject.settle("T", "yes", 9)) == (600_000, 0, 3_800_000, FEE)


def test_a_belief_in_parts_of_a_micro_dollar_is_rounded_down():
    subject = Ledger(START)
    subject.fill(fill(1, BID, 1, 1), ours(199, 1))
    assert subject.holdings()[0].believed == 1


# --- told late, told again -----------------------------------------------------------------------


def test_a_fill_told_after_the_payout_is_paid_out_at_once_by_the_same_result():
    subject = ledger((BID, 5_600, 1_000))
    subject.settle("T", "yes", 9)
    kept = subject.fill(fill(7, BID, 5_000, 100), ours(600_000, 5_000))
    assert (kept.holding.quantity, kept.holding.cost) == (100, 500_000)
    [late] = subject.paid_late()
    assert (late.at, late.result, late.quantity, late.payout) == (6, "yes", 100, 1_000_000)
    assert late.pnl == 500_000 - FEE
    assert attribution(late) == (100_000, 0, 400_000, FEE)
    assert late.cash == subject.cash == kept.cash + 1_000_000
    assert (subject.holdings(), subject.paid_late()) == ((), ())


def test_also_where_nothing_was_held_when_it_was_settled():
    subject = Ledger(START)
    assert subject.settle("T", "no", 9) is None
    subject.fill(fill(1, BID, 5_000, 100), None)
    assert [late.pnl for late in subject.paid_late()] == [-500_000 - FEE]
    assert subject.open_positions == 0


def test_a_second_result_changes_nothing_of_what_late_fills_are_paid_by():
    subject = Ledger(START)
    subject.settle("T", "no", 9)
    subject.settle("T", "yes", 10)
    assert subject.results() == (("T", "no"),)


def test_the_memory_of_results_is_bounded_and_the_oldest_goes_first(monkeypatch):
    monkeypatch.setattr(room, "RESULTS_MAX", 2)
    subject = Ledger(START)
    for ticker in "ABC":
        subject.settle(ticker, "yes", 9)
    assert subject.results() == (("B", "yes"), ("C", "yes"))
