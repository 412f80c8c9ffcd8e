"""A seed's day of trading on a bad network, and what must hold on it whatever happens.

Every trouble of an order's life is drawn: no connection, an answer that never comes before or after
the venue acted, 429, 5xx, a reset, a request that arrives when its sender has given up, a process
that dies or sleeps at the worst instant, a second process that takes over, a halt from outside, a
market channel that drops and doubles frames, reads that lag. Then, whatever happened:

- an order left at most once, and the venue has at most one order of each of our names;
- no window could lose more at any instant than the limits allow, counted from the venue's own side;
- only one process sent at a time: the starts behind the orders only rise;
- nothing that opens a position left after a halt or a trigger of its group, nothing after a kill;
- in the end ledger and venue agree: cash to the micro-dollar, positions, and every fill once.
"""

import asyncio
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from kalshi_assistant.domain.entries import FillKept, SettlementKept
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    PRICE_SCALE,
    Money,
    complement,
    format_money,
    parse_price,
    parse_quantity,
)
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.execution.terms import OrderSettings
from kalshi_assistant.lab.group_soaking import (
    CREATE,
    HALT_GRACE,
    GroupDay,
    body_of,
    group_faults,
    is_create,
    is_exit,
)
from kalshi_assistant.lab.soaking import Summary
from kalshi_assistant.market.calendar import QUARTER_HOUR
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.runtime.simulated_trading import Network, NetworkFaults, Process, Sent
from kalshi_assistant.runtime.store import LEASE_SECONDS, Store
from kalshi_assistant.runtime.store_reading import Reading
from kalshi_assistant.runtime.virtual_time import VirtualLoop
from kalshi_assistant.sim.accounts import CRYPTO_SHARD
from kalshi_assistant.sim.exchange import Exchange
from kalshi_assistant.sim.faults import FaultSettings
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.private import OrderRecord
from kalshi_assistant.sim.scenario import scenario
from kalshi_assistant.sim.settings import AccountSettings, ExchangeSettings
from kalshi_assistant.strategy.exits import ExitSettings
from kalshi_assistant.strategy.gap import GapSettings
from kalshi_assistant.strategy.signals import SignalSettings
from kalshi_assistant.strategy.sizing import SizingSettings
from kalshi_assistant.venues.kalshi.rest import Request

AGAIN_SHARE: Final = 0.05
"""Of the steps of a day: after them every side may fire again."""
LEASE: Final = "SELECT epoch, renewed_at, released FROM leases ORDER BY epoch DESC LIMIT 1"
MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a folder of our own is made in it
STEP: Final = 0.1
CLEAR_EVERY: Final = 5 * SECOND
QUIET_SECONDS: Final = 45.0
"""Good weather at the end, in which everything has to come right."""
PATIENCE: Final = 60
"""Times five seconds more, while a window is being paid out or an order still rests."""
SETTLED: Final = 30 * SECOND
ACTIVITY: Final = 0.15
"""Fewer traders than usual: what is looked at are our own orders."""
WILD_BP: Final = 4.0
"""Believed deviation of the index per second, many times the true one: P(YES) stays near a half,
and so there seems to be an edge most of the time.
"""
COUNTED: Final = (
    *("windows", "starts", "orders", "accepted", "fills", "halts", "triggers", "uncertain"),
)
DEPOSIT: Final = Money(1_000 * MONEY_SCALE)


class OrderSeed(msgspec.Struct, frozen=True, kw_only=True):
    """What one seed showed."""

    seed: int
    windows: int
    starts: int
    """Processes that took the lease."""
    orders: int
    """Sent."""
    accepted: int
    """That the venue had."""
    fills: int
    halts: int
    triggers: int
    """Of order groups, by other hands or by our fills."""
    uncertain: int
    """Requests that left without an answer."""
    profit: str
    broken: tuple[str, ...]
    crashed: str | None

    @property
    def held(self) -> bool:
        """Whether all of it held."""
        return not self.broken

    @property
    def fields(self) -> dict[str, object]:
        """For programs."""
        return {name: getattr(self, name) for name in self.__struct_fields__} | {"held": self.held}


def live_through(seed: int, minutes: int, *, well: bool = False, paper: bool = False) -> OrderSeed:
    """One seed's day, to its end or to what broke it. ``well``: nothing goes wrong; ``paper``: the
    orders go to our own desk, and the account is laid beside its own entries and the results.
    """
    memory = MEMORY if MEMORY.is_dir() else None  # what is looked at is not the disk
    with tempfile.TemporaryDirectory(prefix="kalshi-assistant-soak-", dir=memory) as folder:
        day = _Day(seed, minutes, Path(folder) / "ledger.sqlite", well=well or paper, paper=paper)
        return day.run()


def summary(results: Sequence[OrderSeed]) -> Summary:
    """What they show together."""
    held = [each for each in results if each.held]
    totals = {name: sum(getattr(each, name) for each in results) for name in COUNTED}
    fields: dict[str, object] = {
        "seeds": len(results),
        "held": len(held),
        "not_held": [each.seed for each in results if not each.held],
        "crashed": sum(each.crashed is not None for each in results),
    }
    text = (
        f"{len(held)} of {len(results)} days held; {totals['windows']} windows, "
        f"{totals['starts']} starts, {totals['orders']} orders sent "
        f"({totals['uncertain']} requests without an answer), {totals['accepted']} taken, "
        f"{totals['fills']} fills, {totals['halts']} halts, "
        f"{totals['triggers']} triggers of an order group"
    )
    return Summary(len(held) == len(results), fields | totals, text)


# --- what a seed is like ---


def faults_of(seed: int) -> NetworkFaults:
    """A good network in a quarter of the days; else each trouble at some share up to its worst."""
    rng = stream(seed, "orders.faults")
    part = [float(each) for each in rng.random(13)]
    if rng.random() < 0.25:
        return NetworkFaults()
    return NetworkFaults(
        unreachable=part[0] * 0.05,
        lost_before=part[1] * 0.06,
        lost_after=part[2] * 0.06,
        reset_before=part[3] * 0.05,
        reset_after=part[4] * 0.05,
        late=part[5] * 0.06,
        refused=part[6] * 0.05,
        failed_before=part[7] * 0.05,
        failed_after=part[8] * 0.05,
        kill_before=part[9] * 0.08,
        kill_after=part[10] * 0.08,
        freeze_before=part[11] * 0.08,
        store_fails=part[12] * 0.1,
    )


def exchange_of(seed: int) -> tuple[ExchangeSettings, FaultSettings, Nanos]:
    """The venue of a seed's day, the line its channels come over, and when the day begins."""
    plain, rng = scenario(seed), stream(seed, "orders.venue")
    lag = int(rng.integers(0, 1_500)) if rng.random() < 0.5 else 0
    account = AccountSettings(crypto_dollars=DEPOSIT / MONEY_SCALE, reads_lag_ms=lag)
    exchange = replace(plain.exchange, activity=ACTIVITY, account=account, constituents=False)
    line = replace(plain.line, corrupt=0.0, cut=0.0, skew_ms=0.0, drift_ppm=0.0)
    # a day begins a little before a close, so that every kind of trouble meets it
    close = plain.start // QUARTER_HOUR * QUARTER_HOUR + QUARTER_HOUR
    before = int(rng.uniform(1, 5) * MINUTE)
    return exchange, line, Nanos(close - before)


def settings_of(seed: int) -> EngineSettings:
    """An engine that believes in wild moves, so that it thinks it has an edge most of the time."""
    rng = stream(seed, "orders.settings")
    draw = [float(each) for each in rng.random(10)]
    return EngineSettings(
        mode="live",
        number=NumberSettings(estimates_per_second=0, volatility_floor_bp=WILD_BP),
        signal=SignalSettings(
            threshold_dollars=0.01,
            hysteresis_dollars=0.0,
            cool_down_seconds=0.0,
            haircut_share=0.0,
            gap=GapSettings(believe="model"),
        ),
        sizing=SizingSettings(
            kelly_fraction=1.0,
            confidence=0.0,
            min_edge_dollars=0.0,
            whole_contracts=draw[7] < 0.5,
            max_contracts=1.0 + 4.0 * draw[8],
        ),
        orders=OrderSettings(
            style="make" if draw[0] < 0.5 else "take",
            rest_seconds=5 + int(draw[6] * 20),
            rest_take_profit=draw[1] < 0.4,
        ),
        exits=ExitSettings(
            take_profit_dollars=0.02 + 0.1 * draw[2] if draw[3] < 0.6 else 0.0,
            stop_dollars=0.03 + 0.1 * draw[4] if draw[5] < 0.3 else 0.0,
        ),
        risk=RiskSettings(
            max_order_dollars=4.0,
            max_window_dollars=8.0,
            max_open_dollars=12.0,
            max_orders_per_minute=60,
            max_rejects_per_minute=60,
            canary_windows=20 if draw[9] < 0.1 else 0,
        ),
    )


# --- one day ---


class _Day:
    """The exchange, its network, and the processes that come and go."""

    def __init__(
        self, seed: int, minutes: int, ledger: Path, *, well: bool, paper: bool = False
    ) -> None:
        exchange, line, start = exchange_of(seed)
        self._seed, self._minutes, self._ledger = seed, minutes, ledger
        faults = faults_of(seed)
        if faults != NetworkFaults():
            faults = group_faults(faults, stream(seed, "orders.groups"))
        self._faults = NetworkFaults() if well else faults
        self._line = FaultSettings() if well else line
        self._troubled = not well and self._faults != NetworkFaults()
        self._paper = paper
        self._settings = replace(settings_of(seed), mode="paper" if paper else "live")
        self._loop = VirtualLoop(start)
        self._exchange = Exchange(exchange, seed, start)
        self._frames = Frames()
        self._network = Network(self._exchange, self._faults, seed, self._loop)
        self._network.written = self._advance
        self._network.leaving = self._leaves
        self._chance: np.random.Generator = stream(seed, "orders.day")
        self._processes: list[Process] = []
        self._halted_at: list[tuple[Nanos, str]] = []
        self._cleared_at: list[Nanos] = []
        self._broken: list[str] = []
        self._groups = GroupDay(
            self._exchange, ledger, self._loop.now, stream(seed, "orders.hands"), self._broken
        )
        self._network.heard = self._groups.hears
        self._worst: dict[Ticker, int] = {}
        self._last: Process

    def run(self) -> OrderSeed:
        """Live it through."""
        crashed: str | None = None
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        except Exception as error:  # noqa: BLE001  # whatever breaks is the finding
            crashed = f"{type(error).__name__}: {error}"[:500]
        finally:
            _end_all(self._loop)
        crashed = crashed or next(
            (f"{each.crashed!r}"[:500] for each in self._processes if each.crashed), None
        )
        return self._result(crashed)

    async def _live(self) -> None:
        """Minutes of trouble, then good weather, then an orderly end and the last comparison."""
        self._begin()
        beat = self._loop.create_task(self._beat())
        await asyncio.sleep(self._minutes * 60.0)
        self._network.faults = NetworkFaults()
        await self._until_quiet()
        if beat.done():
            beat.result()  # the world came to its end before the day did
        beat.cancel()
        holders = [each for each in self._living() if each.account.epoch is not None]
        if len(holders) != 1:
            self._broken.append(f"{len(holders)} processes hold the lease at the end")
        for each in holders:
            self._compare_paper(each) if self._paper else self._compare(each)
            self._last = each
        for each in self._living():
            await each.stop()
        self._groups.ended()
        self._judge()

    async def _beat(self) -> None:
        """The exchange lives on, and everything that happens to processes happens."""
        while True:
            self._advance()
            await asyncio.sleep(STEP)
            if self._loop.now() % CLEAR_EVERY < STEP * SECOND and self._groups.seen_enough():
                self._clear()
            if self._troubled and self._network.faults != NetworkFaults():
                self._meddle()
            if not self._living():
                await asyncio.sleep(float(self._chance.uniform(0.1, 6.0)))
                self._begin()

    def _advance(self) -> None:
        now = self._loop.now()
        told = self._exchange.advance(now)
        self._groups.told(told)
        notices = self._frames.publish(told)
        again = self._troubled_now and self._chance.random() < AGAIN_SHARE
        for each in self._living():
            each.listener.publish(notices, now)
            if again:
                each.engine.forget_signals()
        self._look()

    def _meddle(self) -> None:
        """Kills, sleeps, second processes and halts, each about once in some minutes."""
        draw = float(self._chance.random())
        living = self._living()
        if not living:
            return
        if draw < 0.001:
            living[0].kill()
        elif draw < 0.002:
            living[0].freeze(float(self._chance.uniform(1.0, 20.0)))
        elif draw < 0.003 and len(living) < 2:
            self._begin()
        elif draw < 0.0035:
            self._halt("kill" if self._chance.random() < 0.5 else "person")
        elif draw < 0.0055:
            self._groups.meddle()

    def _halt(self, breaker: str) -> None:
        """From another process, as the kill command does it; cleared by a person a minute later."""
        now = self._loop.now()
        other = Store.open(self._ledger)
        other.halt("the soak wants it", breaker, now)
        other.close()
        self._halted_at.append((now, breaker))
        self._loop.call_later(60.0, self._clear)

    def _clear(self) -> None:
        other = Store.open(self._ledger)
        other.clear("the soak has seen enough", self._loop.now())
        other.close()
        self._cleared_at.append(self._loop.now())
        self._groups.cleared()

    def _begin(self) -> None:
        name = f"p{len(self._processes) + 1}"
        process = Process(
            name,
            self._exchange,
            self._frames,
            self._network,
            self._settings,
            self._ledger,
            self._line,
            self._seed,
            self._loop,
            DEPOSIT,
            paper=self._paper,
        )
        self._last = process
        self._processes.append(process)
        process.start()

    def _living(self) -> list[Process]:
        return [each for each in self._processes if each.alive]

    async def _until_quiet(self) -> None:
        """Good weather: till everything that is under way has come to its end, or long enough."""
        await asyncio.sleep(QUIET_SECONDS)
        for _ in range(PATIENCE):
            now = self._loop.now()
            since_close = now % QUARTER_HOUR
            busy = any(each.engine.orders_open for each in self._living())
            if since_close > SETTLED and not busy and not self._stuck():
                return
            await asyncio.sleep(5.0)
        self._broken += self._stuck()

    def _stuck(self) -> list[str]:
        """Whoever holds the lease trades again once all is well and every halt was cleared."""
        cleared_by_hand = ("kill", "person", "order_group")
        if any(breaker in cleared_by_hand for breaker, _ in self._groups.standing()):
            return ["a halt is not cleared yet"]
        if not any(each.account.epoch is not None for each in self._living()):
            return ["nobody holds the lease"]
        return [
            f"{each.name} never came back: {each.engine.trading_stopped_because}"
            for each in self._living()
            if each.account.epoch is not None and each.engine.trading_stopped_because is not None
        ]

    @property
    def _troubled_now(self) -> bool:
        return self._network.faults is self._faults

    # --- what must hold ---

    def _leaves(self, by: str, request: Request) -> None:
        """At the very instant an order leaves: it is in the ledger, and the lease is its own."""
        if request.method != "POST" or request.path != CREATE:
            return
        body, now = msgspec.json.decode(request.body), self._loop.now()
        name = body["client_order_id"]
        self._groups.leaves(by, body)
        with closing(sqlite3.connect(f"file:{self._ledger}?mode=ro", uri=True)) as book:
            if not book.execute("SELECT 1 FROM orders WHERE id = ?", (name,)).fetchone():
                self._broken.append(f"{name} left and is not in the ledger")
            epoch, renewed, released = book.execute(LEASE).fetchone()
            late = now - renewed > LEASE_SECONDS * SECOND
            if int(name.split("-")[1]) != epoch or released or late:
                self._broken.append(f"{name} left without the lease")

    def _look_for_risen(self) -> None:
        """No process calls dead what rests."""
        for rests in self._exchange.desk.all_resting():
            for each in self._living():
                state = each.engine.known_as(rests.client_order_id)
                if state in ("rejected", "absent", "cancelled"):
                    self._broken.append(f"{rests.client_order_id} rests and counts as {state}")

    def _look(self) -> None:
        """The most every market can lose now, from the venue's own side."""
        for ticker in {each.ticker for each in self._exchange.desk.all_resting()}:
            self._weigh(ticker)
        for held in self._exchange.desk.account.holdings():
            self._weigh(held.ticker)
        self._look_for_risen()

    def _weigh(self, ticker: Ticker) -> None:
        held = self._exchange.desk.account.holding(0, ticker)
        if held is None:
            yes, cost = 0, 0
        else:
            yes, cost = held.yes - held.no, held.yes_cost + held.no_cost
        if_yes = cost - max(yes, 0) * PRICE_SCALE
        if_no = cost - max(-yes, 0) * PRICE_SCALE
        for order in self._exchange.desk.all_resting():
            if order.ticker != ticker:
                continue
            price = order.price if order.side == BID else complement(order.price)
            loses, wins = price * order.remaining, (price - PRICE_SCALE) * order.remaining
            if_yes += max(wins if order.side == BID else loses, 0)
            if_no += max(wins if order.side == ASK else loses, 0)
        worst = max(if_yes, if_no, 0)
        limit = self._settings.risk.max_window_dollars * MONEY_SCALE
        if worst > limit and worst > self._worst.get(ticker, 0):
            text = f"{ticker} could lose {format_money(worst)}"
            self._broken.append(f"{text}, the limit is {format_money(int(limit))}")
        self._worst[ticker] = max(worst, self._worst.get(ticker, 0))

    def _judge(self) -> None:
        creates = [each for each in self._network.sent if is_create(each)]
        self._once(creates)
        self._one_sender(creates)
        self._halts_held(creates)

    def _once(self, creates: Sequence[Sent]) -> None:
        names = Counter(body_of(each)["client_order_id"] for each in creates)
        self._broken += [f"{name} left {count} times" for name, count in names.items() if count > 1]
        known = Counter(each.client_order_id for each in self._records())
        self._broken += [f"the venue has {n} orders {name}" for name, n in known.items() if n > 1]
        amends = [each for each in self._network.sent if each.request.path.endswith("/amend")]
        counts = {body_of(each)["client_order_id"]: body_of(each)["count"] for each in creates}
        for each in amends:
            body = body_of(each)
            made = counts.get(body.get("client_order_id"))
            if made is not None and parse_quantity(body["count"]) > parse_quantity(made):
                self._broken.append(f"{body['client_order_id']} was renewed to {body['count']}")
        limit = self._settings.risk.max_order_dollars * MONEY_SCALE
        for each in creates:
            body = body_of(each)
            price, count = parse_price(body["price"]), parse_quantity(body["count"])
            cost = (price if body["side"] == "bid" else complement(price)) * count
            if cost > limit and not is_exit(body):
                self._broken.append(f"{body['client_order_id']} costs {format_money(cost)}")

    def _one_sender(self, creates: Sequence[Sent]) -> None:
        """The start behind an order never falls back."""
        newest = 0
        for each in creates:
            epoch = int(body_of(each)["client_order_id"].split("-")[1])
            if epoch < newest:
                self._broken.append(f"start {epoch} sent after start {newest} had")
            newest = max(newest, epoch)

    def _halts_held(self, creates: Sequence[Sent]) -> None:
        ends = [*self._cleared_at, 2**63]
        for begun, breaker in self._halted_at:
            over = min(each for each in ends if each > begun)
            for each in creates:
                late = begun + HALT_GRACE < each.at < over
                if late and (breaker == "kill" or not is_exit(body_of(each))):
                    self._broken.append(f"{body_of(each)['client_order_id']} left during {breaker}")

    def _compare(self, process: Process) -> None:
        """Ledger and venue, to the micro-dollar and the hundredth of a contract."""
        ledger, desk = process.engine.ledger, self._exchange.desk
        cash = desk.account.cash(0, CRYPTO_SHARD)
        if ledger.cash != cash:
            self._broken.append(
                f"cash: the venue has {format_money(cash)}, the ledger {format_money(ledger.cash)}"
            )
        theirs = {each.ticker: each.yes - each.no for each in desk.account.holdings()}
        ours = {each.ticker: int(each.quantity) for each in ledger.holdings()}
        for ticker in theirs.keys() | ours.keys():
            if theirs.get(ticker, 0) != ours.get(ticker, 0):
                text = f"{ticker}: the venue holds {theirs.get(ticker, 0)}, the ledger "
                self._broken.append(f"{text}{ours.get(ticker, 0)}")
        # all there is, not the part of it that lagging reads would show
        unlagged = Nanos(self._loop.now() + MINUTE)
        told = Counter(each.trade_id for each in desk.records.fills(unlagged))
        entered = Counter(trade for _, trade in ledger.seen())
        for trade in told.keys() | entered.keys():
            if told[trade] != entered[trade]:
                text = f"fill {trade}: {told[trade]} at the venue, {entered[trade]} entered"
                self._broken.append(text)

    def _compare_paper(self, process: Process) -> None:
        """The account on paper beside its own entries, added up anew, and the venue's results."""
        with Reading.of(self._ledger) as found:
            assert found is not None
            entries = [*found.entries()]
        cash = int(DEPOSIT)
        held: Counter[str] = Counter()
        for each in entries:
            if isinstance(each, FillKept):
                price = each.price if each.side == BID else complement(each.price)
                signed = each.quantity if each.side == BID else -each.quantity
                closing = min(abs(signed), abs(held[each.ticker])) * (
                    signed * held[each.ticker] < 0
                )
                cash += closing * PRICE_SCALE - price * each.quantity - each.fee
                held[each.ticker] += signed
            elif isinstance(each, SettlementKept):
                known = self._exchange.market(each.ticker)
                if known is not None and known.result != each.result:
                    self._broken.append(f"{each.ticker}: paid as {each.result}")
                won = held.pop(each.ticker, 0) * (1 if each.result == "yes" else -1)
                cash += max(won, 0) * PRICE_SCALE
        if cash != process.engine.ledger.cash:
            theirs = format_money(process.engine.ledger.cash)
            self._broken.append(f"paper: entries come to {format_money(cash)}, the ledger {theirs}")

    def _records(self) -> list[OrderRecord]:
        return self._exchange.desk.records.orders(self._loop.now())

    def _result(self, crashed: str | None) -> OrderSeed:
        creates = [each for each in self._network.sent if is_create(each)]
        windows = {each.ticker for process in self._processes for each in process.windows}
        last = self._last.engine.ledger
        return OrderSeed(
            seed=self._seed,
            windows=len(windows),
            starts=sum(each.began for each in self._processes),
            orders=len(creates),
            accepted=len(self._records()),
            fills=len(self._exchange.desk.records.fills(self._loop.now())),
            halts=len(self._halted_at),
            triggers=self._groups.triggers,
            uncertain=sum(each.uncertain for each in self._processes),
            profit=format_money(last.cash - last.start),
            broken=(*(() if crashed is None else (f"crashed: {crashed}",)), *self._broken[:10]),
            crashed=crashed,
        )


def _end_all(loop: VirtualLoop) -> None:
    """Cancel whatever still waits, and close the loop."""
    waiting = asyncio.all_tasks(loop)
    for task in waiting:
        task.cancel()
    if waiting:
        loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
    asyncio.set_event_loop(None)
    loop.close()
