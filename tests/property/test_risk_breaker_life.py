"""Breakers against a twin of sets and dates: what blocks, what stays, what a restart keeps."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.risk.breakers import Breakers, breaker_of
from kalshi_assistant.risk.limits import RiskSettings
from tests.support.risk import NOON

DOLLAR = 1_000_000
RISK = RiskSettings(
    max_losses_in_a_row=3,
    loss_cooldown_minutes=10,
    small_loss_dollars=1,
    max_errors_per_minute=2,
    error_pause_minutes=2,
    max_rejects_per_minute=2,
    stale_quiet_seconds=5,
    max_day_loss_dollars=50,
)
FOUND = ("mismatch", "foreign", "ledger_differs")
NAMES = {"mismatch": "settlement_mismatch"}


class BreakerLife(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = NOON
        self.real = Breakers(RISK)
        self.halts = set()
        self.row = 0
        self.losses_until = self.errors_until = self.fresh_at = 0
        self.stale = False
        self.errors = []
        self.rejects = []

    def lately(self, times):
        return sum(at > self.now - MINUTE for at in times)

    @rule(seconds=st.integers(0, 400))
    def time_passes(self, seconds):
        self.now += seconds * SECOND

    @rule(pnl=st.sampled_from([-3, -1, -0.5, 0, 0.5, 1, 4]), times=st.sampled_from([1, 1, 2, 3]))
    def windows_settle(self, pnl, times):
        for _ in range(times):
            self.window_settles(pnl)

    def window_settles(self, pnl):
        paused = self.losses_until > self.now
        opened = self.real.window_settled(round(pnl * DOLLAR), self.now)
        assert bool(opened) == (pnl <= -1 and self.row == 2 and not paused)
        if pnl >= 1:
            self.row = 0
        elif pnl <= -1:
            self.row += 1
        if self.row == 3:
            self.row = 0
            self.losses_until = self.now + 10 * MINUTE

    @rule(times=st.sampled_from([1, 3]))
    def requests_fail(self, times):
        for _ in range(times):
            paused = self.errors_until > self.now
            opened = self.real.error(self.now)
            self.errors.append(self.now)
            many = self.lately(self.errors) > 2
            assert bool(opened) == (many and not paused)
            if many:
                self.errors_until = self.now + 2 * MINUTE

    @rule()
    def order_is_refused(self):
        opened = self.real.rejected(self.now)
        self.rejects.append(self.now)
        new = self.lately(self.rejects) > 2 and "rejects" not in self.halts
        assert bool(opened) == new
        if new:
            self.halts.add("rejects")

    @rule(equity=st.integers(700, 1_200), day=st.integers(-60, 60), awaiting=st.booleans())
    def equity_moves(self, equity, day, awaiting):
        peak = 1_000
        opened = self.real.equity(
            equity * DOLLAR, peak * DOLLAR, day * DOLLAR, self.now, awaiting=awaiting
        )
        now = set() if awaiting else {"day_loss"} if day <= -50 else set()
        if not awaiting and equity <= 800:
            now.add("drawdown")
        assert {halt.breaker for halt in opened} == now - self.halts
        self.halts |= now

    @rule(old=st.booleans())
    def data_ages(self, old):
        self.real.stale(old, self.now)
        if self.stale and not old:
            self.fresh_at = self.now + 5 * SECOND
        self.stale = old

    @rule(what=st.sampled_from(FOUND))
    def trouble_is_found(self, what):
        getattr(self.real, what)("x", self.now)
        self.halts.add(NAMES.get(what, what))

    @rule(who=st.sampled_from(["person", "kill"]))
    def somebody_halts(self, who):
        self.real.halted_by(who, "x", self.now)
        self.halts.add(who)

    @rule(reason=st.sampled_from(["", " ", "seen"]))
    def somebody_clears(self, reason):
        closed = {halt.breaker for halt in self.real.cleared(reason, self.now)}
        if reason != "seen":
            assert not closed
            return
        assert closed >= self.halts
        self.halts.clear()
        self.row = self.losses_until = self.errors_until = 0
        self.errors.clear()
        self.rejects.clear()

    @rule()
    def day_begins(self):
        assert self.real.new_day(self.now) == ()  # not configured: a person clears it

    @rule()
    def process_restarts(self):
        before = self.real
        self.real = Breakers(RISK)
        self.real.restore(before.halts, before.losses_in_a_row, before.cooling_until)
        self.errors.clear()
        self.rejects.clear()
        self.errors_until, self.stale, self.fresh_at = 0, False, 0

    @invariant()
    def what_blocks_is_what_should(self):
        passing = max(self.losses_until, self.errors_until, self.fresh_at) > self.now
        assert (self.real.blocks("entry", self.now) is not None) == bool(
            self.halts or passing or self.stale
        )
        resting = bool(self.halts & {"kill", "ledger_differs"})
        assert (self.real.blocks("take_profit", self.now) is not None) == resting
        assert (self.real.blocks("exit", self.now) is not None) == ("kill" in self.halts)

    @invariant()
    def halts_are_those_nobody_cleared(self):
        assert {halt.breaker for halt in self.real.halts} == self.halts
        assert all(breaker_of(name).kind == "halt" for name in self.halts)

    @invariant()
    def a_restart_now_would_change_nothing_that_is_kept(self):
        again = Breakers(RISK)
        again.restore(self.real.halts, self.real.losses_in_a_row, self.real.cooling_until)
        assert again.halts == self.real.halts
        assert again.losses_in_a_row == self.row
        kept = self.halts or self.losses_until > self.now
        assert (again.blocks("entry", self.now) is not None) == bool(kept)
        shown = {each.name: (each.state, each.until) for each in self.real.shown(self.now)}
        for each in again.shown(self.now):
            if each.name not in ("errors", "stale_data"):
                assert shown[each.name] == (each.state, each.until)


TestBreakerLife = BreakerLife.TestCase
TestBreakerLife.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
