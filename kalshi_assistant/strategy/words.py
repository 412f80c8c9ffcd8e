"""Why a crossing came to nothing, in words that follow "because"."""

from collections.abc import Mapping
from typing import Final

DECLINED: Final[Mapping[str, str]] = {
    "every_kind_off": "every kind of signal is switched off",
    "delay_off": "delay capture is switched off",
    "reaction_not_measured": "too few reactions of the venue's book were seen to know how long it "
    "takes",
    "own_latency_not_measured": "our own latency is not measured yet",
    "venue_faster_than_us": "the venue's book follows the index faster than an order of ours",
    "index_has_not_moved": "the index has made no move that the book has not answered",
    "index_moved_the_other_way": "the index moved against this side",
    "move_too_old": "the book will have answered before an order arrives",
    "edge_below_kind": "this kind of signal wants more edge",
    "momentum_off": "momentum is switched off",
    "index_history_too_short": "the index was not seen for long enough",
    "index_not_moving_that_way": "the index is not moving that way",
    "book_not_leaning_that_way": "the book does not lean that way",
    "levels_too_thin": "the best levels hold too little",
    "tape_not_confirming": "the trades do not lean that way",
    "gap_off": "the baseline gap is switched off",
    "market_price_unknown": "there is no market price to shrink the number toward",
    "believed_edge_too_small": "shrunk toward the market, the number leaves too little edge",
    "no_money": "no cash, or no room for more open exposure",
    "nothing_shown": "nothing is offered at a price that pays",
    "too_small_for_a_contract": "Kelly and the limits allow less than the smallest size",
}
