"""A few days of everything an order can meet, in virtual time; ``soak --what orders`` runs many."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.lab.order_soaking import live_through, summary

pytestmark = [
    pytest.mark.long,
    pytest.mark.enable_socket,  # an event loop wants a pair of them
]


@pytest.mark.parametrize("seed", [1, 4, 7, 12])
def test_a_day_of_trouble_leaves_ledger_and_venue_the_same(seed):
    day = live_through(seed, minutes=4)
    assert day.broken == ()
    assert day.starts >= 1


def test_the_same_seed_is_the_same_day():
    days = [live_through(4, minutes=3) for _ in range(2)]
    assert days[0].fields == days[1].fields


def test_on_paper_the_account_is_what_its_entries_add_up_to():
    days = [live_through(seed, minutes=20, paper=True) for seed in (1, 2)]
    found = summary(days)
    assert found.held
    assert found.fields["fills"] == 0  # none at the exchange: it is paper
    assert sum(day.windows for day in days) >= 2


def test_a_summary_counts_and_names_what_did_not_hold():
    good = live_through(2, minutes=1, well=True)
    bad = replace(good, seed=3, broken=("left twice",))
    found = summary([good, bad])
    assert not found.held
    assert found.fields["not_held"] == [3]
    assert found.text.startswith("1 of 2 days held")
