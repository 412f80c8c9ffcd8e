"""Every request pays from the bucket the venue bills."""

import pytest

from kalshi_assistant.domain.intents import Cancel
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.venues.kalshi import orders, portfolio
from kalshi_assistant.venues.kalshi.answers.portfolio import AccountLimits
from kalshi_assistant.venues.kalshi.tokens import Tokens
from tests.support.kalshi_frames import NOW, TICKER


def unscoped():
    """A write of ten tokens that is billed to no shard of its own."""
    return orders.cancel_batch([Cancel("n-1-1", "v-1", "T", 2, "")] * 5)


def taken(tokens, request, times, now=NOW, share=0.0):
    return sum(tokens.take(request, now, share) for _ in range(times))


def cancel(shard):
    return orders.cancel("v1", TICKER, shard)


def test_reads_and_writes_pay_apart():
    tokens = Tokens()
    assert taken(tokens, portfolio.balance(0), 100) == 60
    assert taken(tokens, cancel(2), 100) == 50
    assert taken(tokens, portfolio.order("v1"), 1) == 0


def test_each_shard_has_a_bucket_and_shard_0_is_the_unscoped_one():
    tokens = Tokens()
    assert taken(tokens, cancel(2), 100) == 50
    assert taken(tokens, cancel(1), 100) == 50
    assert taken(tokens, unscoped(), 100) == 10
    assert taken(tokens, cancel(0), 100) == 0


def test_a_write_the_venue_routes_is_billed_to_every_shard_or_to_none():
    tokens = Tokens()
    assert taken(tokens, cancel(2), 49) == 49
    assert taken(tokens, orders.cancel_all(0), 2) == 1
    assert taken(tokens, cancel(0), 100) == 49
    assert tokens.ready_at(cancel(None), NOW) == NOW + SECOND // 50


def test_a_share_stays_behind():
    tokens = Tokens(write=(100, 105))
    batch = unscoped()
    assert taken(tokens, batch, 20, share=0.2) == 8
    assert taken(tokens, cancel(0), 100) == 12


def test_the_venue_may_say_other_sizes_and_what_was_paid_stays_paid():
    tokens = Tokens()
    taken(tokens, cancel(2), 10)
    tokens.resize(AccountLimits("advanced", (300, 900), (300, 120)))
    assert taken(tokens, cancel(2), 100) == 50
    assert taken(tokens, cancel(1), 100) == 60
    assert taken(tokens, cancel(2), 100, NOW + SECOND // 2) == 60
    assert taken(tokens, portfolio.balance(0), 100) == 90


def test_a_smaller_bucket_than_was_spent_from_is_empty():
    tokens = Tokens()
    taken(tokens, cancel(2), 40)
    tokens.resize(AccountLimits("small", (300, 900), (300, 30)))
    assert taken(tokens, cancel(2), 100) == 0
    assert tokens.ready_at(cancel(2), NOW) == NOW + SECOND * 2 // 300 + 1


def test_what_never_fits_is_refused():
    with pytest.raises(ValueError, match="never fit"):
        Tokens(write=(1, 1)).ready_at(cancel(2), NOW)
