"""Whatever is told, in whatever order and however often: an order moves by its table alone.

Beside the orders as we know them stands a venue that knows the truth. Its messages are delivered
late, again, out of order or never; what it filled is told once each, as the ledger sees to.
"""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from msgspec.structs import replace

from kalshi_assistant.domain.orders import FINISHED, ORDER_LIFE
from kalshi_assistant.execution.lifecycle import Orders
from tests.support.trading_desk import changed, ours, told_fill

ORDERS_MAX = 4
MOVES = {(before, after) for (before, _), after in ORDER_LIFE.items()}
SIZE = 1_000
STATUSES = ["unknown", "resting", "executed", "canceled", "rejected"]


@dataclass
class Truth:
    """One order as the venue has it."""

    order: object
    place: str = "on its way"
    """Then ``in the book``, and in the end ``over`` or ``never``."""
    size: int = SIZE
    filled: int = 0
    messages: list = field(default_factory=list)
    untold: list = field(default_factory=list)
    told: int = 0

    def say(self, status):
        left = self.size - self.filled if status == "resting" else 0
        self.messages.append(changed(status, self.order, filled=self.filled, remaining=left))

    @property
    def to_come(self):
        """The most that may still be told as filled."""
        if self.place == "over":
            return self.filled - self.told
        return 0 if self.place == "never" else self.size - self.told


WHICH = st.integers(0, 11)
"""Picks among what there is."""


class Life(RuleBasedStateMachine):
    """Our orders, and the venue's. Few rules, so that each run has room for all of them."""

    def __init__(self):
        super().__init__()
        self.orders, self.now, self.count = Orders(), 0, 0
        self.truths, self.states = {}, {}

    def among(self, which, *places):
        """One of the venue's orders in one of these places; ``None`` where there is none."""
        found = [each for each in self.truths.values() if not places or each.place in places]
        return found[which % len(found)] if found else None

    def known(self, truth):
        return self.orders.get(truth.order.id)

    # --- what we do ---

    @initialize(count=st.integers(1, 2))
    def begin(self, count):
        for _ in range(count):
            self.submit()

    @precondition(lambda self: len(self.truths) < ORDERS_MAX)
    @rule()
    def submit(self):
        self.count += 1
        order = ours(self.count, quantity=SIZE)
        self.orders.submit(order, self.now)
        self.truths[order.id] = Truth(order)
        self.states[order.id] = "submitted"

    @rule(which=WHICH, step=st.sampled_from(["timed_out", "cancel_asked", "cancel_refused"]))
    def a_step_of_ours(self, which, step):
        """Nobody answered; a cancel was asked for; or refused, rightly or not."""
        if (truth := self.among(which)) is None:
            return
        self.now += 1
        state = self.known(truth).state
        problem = self.orders.step(truth.order.id, step, self.now)
        assert (problem is None) == ((state, step) in ORDER_LIFE)

    @rule(which=WHICH)
    def found_to_be_absent(self, which):
        """Only of an order that did not arrive, and then never will."""
        truth = self.among(which, "on its way")
        if truth is not None and self.orders.step(truth.order.id, "absent", self.now) is None:
            truth.place = "never"

    @rule(again=st.integers(0, 2))
    def restart(self, again):
        """A new process knows what was kept: every order that is not finished."""
        if again:
            return
        kept = [self.orders.kept(each.order.id) for each in self.orders.unfinished()]
        self.orders = Orders()
        for each in kept:
            self.orders.restore(each, self.now)
            if self.states[each.order.id] == "submitted":
                self.states[each.order.id] = "uncertain"
        self.truths = {each.order.id: self.truths[each.order.id] for each in kept}
        self.states = {name: self.states[name] for name in self.truths}

    # --- what the venue does, and whether we hear of it at once ---

    @rule(which=WHICH, taken=st.sampled_from([True, True, True, False]), heard=st.booleans())
    def takes_or_rejects(self, which, taken, heard):
        if (truth := self.among(which, "on its way")) is not None:
            truth.place = "in the book" if taken else "never"
            truth.say("resting" if taken else "rejected")
            self.hear(truth, -1, heard)

    @rule(which=WHICH, share=st.integers(1, SIZE), all_=st.booleans(), heard=st.booleans())
    def fills(self, which, share, all_, heard):
        if (truth := self.among(which, "in the book")) is None:
            return
        left = truth.size - truth.filled
        quantity = left if all_ else min(share, left)
        truth.filled += quantity
        trade = f"{truth.order.id}-{truth.filled}"
        truth.untold.append(told_fill(truth.order, quantity, trade=trade))
        over = truth.filled == truth.size
        truth.place = "over" if over else "in the book"
        truth.say("executed" if over else "resting")
        self.hear(truth, -1, heard)

    @rule(which=WHICH, out=st.booleans(), left=st.integers(1, SIZE), heard=st.booleans())
    def takes_out_or_makes_smaller(self, which, out, left, heard):
        """A cancel arrived, it expired, or a decrease arrived."""
        if (truth := self.among(which, "in the book")) is None:
            return
        truth.place = "over" if out else "in the book"
        truth.size = truth.filled if out else min(truth.size, truth.filled + left)
        truth.say("canceled" if out else "resting")
        self.hear(truth, -1, heard)

    # --- what else reaches us ---

    @rule(which=WHICH, place=WHICH, nameless=st.booleans())
    def a_message_arrives(self, which, place, nameless):
        """Any of its messages: the newest, an old one, one that was told before."""
        truth = self.among(which)
        if truth is not None and truth.messages:
            named = not nameless or self.known(truth).order_id is None
            self.hear(truth, -1 - place % len(truth.messages), heard=True, named=named)

    def hear(self, truth, place, heard, named=True):
        """One of its messages, with our own name for it or without."""
        if not heard:
            return
        self.now += 1
        known, message = self.known(truth), truth.messages[place]
        name = message.client_order_id if named else None
        self.orders.change(replace(message, client_order_id=name), self.now)
        assert known.said_filled >= message.filled

    @rule(which=WHICH, place=WHICH)
    def a_fill_is_told(self, which, place):
        owing = [each for each in self.truths.values() if each.untold]
        if not owing:
            return
        truth = owing[which % len(owing)]
        fill = truth.untold.pop(place % len(truth.untold))
        truth.told += fill.quantity
        assert self.orders.fill(fill).order is truth.order

    @rule(which=WHICH, status=st.sampled_from(STATUSES))
    def nonsense_arrives(self, which, status):
        """About an order that is not ours; any end of one that is over; a word of no meaning."""
        foreign = changed(status, name="x-9-9", order_id="theirs")
        assert "not ours" in self.orders.change(foreign, self.now)
        truth = self.among(which)
        if truth is None:
            return
        known = self.known(truth)
        before = known.state
        told = changed(status if known.finished else "unknown", truth.order)
        problem = self.orders.change(told, self.now)
        assert problem is not None or known.finished
        assert known.state == before

    # --- what holds ---

    @invariant()
    def states_move_by_the_table_and_the_end_is_final(self):
        for name, before in self.states.items():
            after = self.orders.get(name).state
            assert after == before or (before, after) in MOVES
            assert after == before or before not in FINISHED
            self.states[name] = after

    @invariant()
    def what_is_filled_is_what_was_told_and_never_more_than_was_wanted(self):
        for truth in self.truths.values():
            assert self.known(truth).filled == truth.told <= truth.order.quantity

    @invariant()
    def what_is_open_bounds_what_may_still_come(self):
        for truth in self.truths.values():
            left = self.known(truth).open_quantity
            assert 0 <= left <= truth.order.quantity
            assert left >= truth.to_come

    @invariant()
    def unfinished_and_owing_are_what_they_say(self):
        every = [self.known(truth) for truth in self.truths.values()]
        open_ = [each for each in every if each.state not in FINISHED]
        assert [*self.orders.unfinished()] == open_
        assert self.orders.open == len(open_)
        assert [*self.orders.owing()] == [each for each in every if each.open_quantity]

    @invariant()
    def the_venues_names_lead_to_our_orders(self):
        for truth in self.truths.values():
            known = self.known(truth)
            if known.order_id is not None:
                assert self.orders.get(None, known.order_id) is known


TestOrderLife = Life.TestCase
TestOrderLife.settings = settings(max_examples=max(300, settings().max_examples))
