"""What ``doctor`` asks the venue: is it there, is our clock right, what may the key do.

A conversation that changes nothing. Where the venue does not list what a key may do, one cancel of
an order that cannot exist tells: an answer of 404 was let through to the orders, 403 was not.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from kalshi_assistant.domain.events import ExchangeStatusSeen, Malformed
from kalshi_assistant.domain.ids import BTC_15_MINUTES
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import Money, format_money
from kalshi_assistant.runtime.arming import LEAST_CASH, NETTING_REMEDY
from kalshi_assistant.runtime.carrying import Answer, Step, Talk
from kalshi_assistant.runtime.doctor import Line, failed, passed, skipped, warned
from kalshi_assistant.runtime.sighting import Sighted, cancel_order, said
from kalshi_assistant.venues.kalshi import portfolio, rest
from kalshi_assistant.venues.kalshi.answers.exchange import parse_exchange_status
from kalshi_assistant.venues.kalshi.answers.fees import parse_series
from kalshi_assistant.venues.kalshi.rest import Request
from kalshi_assistant.venues.kalshi.schema import Shard
from kalshi_assistant.venues.kalshi.texts import NONSENSE, money

CLOCK_GOOD: Final = SECOND
CLOCK_WORKS: Final = 5 * SECOND
"""The venue does not say how far a signature's time may be off; a few seconds are safe."""
NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""An order id that no order has."""
TRADE_SCOPES: Final = ("write", "write::trade")
OF_ACCOUNT: Final = ("key", "scope", "balance", "netting")
_NO_KEY: Final = "there is no key: what is public only"


class _Limits(msgspec.Struct, frozen=True):
    usage_tier: str


class _Key(msgspec.Struct, frozen=True):
    api_key_id: str
    scopes: list[str] | None = None


class _Keys(msgspec.Struct, frozen=True):
    api_keys: list[_Key]


class _ShardCash(msgspec.Struct, frozen=True):
    exchange_index: Shard
    balance: str


class _Balance(msgspec.Struct, frozen=True):
    balance_breakdown: list[_ShardCash]


class _Netting(msgspec.Struct, frozen=True):
    subaccount_number: int
    enabled: bool


class _NettingAnswer(msgspec.Struct, frozen=True):
    netting_configs: list[_Netting]


def _signed(path: str) -> Request:
    return Request("GET", path, signed=True)


def clock_line(answer: Answer) -> Line:
    """Our clock against the venue's ``Date``, which counts whole seconds."""
    remedy = "have the system's clock set by NTP; requests are refused while it is off"
    try:
        stamp = int(parsedate_to_datetime(answer.date).timestamp()) * SECOND
    except ValueError:
        return warned("clock", "the venue did not say what time it is", remedy)
    # it was between `stamp` and a second later there while it was between sent and received here
    ahead, behind = answer.sent_at - (stamp + SECOND), stamp - answer.received_at
    off = max(ahead, behind, 0)
    if off == 0:
        return passed("clock", "our clock and the venue's agree to the second")
    way = "ahead of" if ahead > behind else "behind"
    say = f"our clock is at least {off / SECOND:.1f} s {way} the venue's"
    if off <= CLOCK_GOOD:
        return passed("clock", say)
    return warned("clock", say, remedy) if off <= CLOCK_WORKS else failed("clock", say, remedy)


@dataclass(slots=True)
class AccountCheck:
    """The conversation; ``key_id`` is ``None`` without a key. ``trades`` says whether orders are
    wanted: a key that cannot trade is then a failure, else a warning.
    """

    key_id: str | None
    trades: bool
    now: Nanos
    least_cash: Money = LEAST_CASH
    shard: int | None = None
    cash: Money | None = None
    netting: bool | None = None
    subaccount: int = 0
    _lines: list[Line] = field(default_factory=list)

    def talk(self) -> Talk[tuple[Line, ...]]:
        """Ask; the lines in the order in which a person mends them."""
        if (yield from self._network()):
            yield from self._exchange()
            if self.key_id is None:
                self._lines += [skipped(name, _NO_KEY) for name in OF_ACCOUNT]
            elif (yield from self._key()):
                yield from self._scope(self.key_id)
                yield from self._balance()
                yield from self._netting()
        return tuple(self._lines)

    def _network(self) -> Generator[Step, Answer, bool]:
        answer = yield rest.exchange_status()
        if not answer.status:
            remedy = "see whether this machine has a network, and whether a proxy stands between"
            say = f"the venue cannot be reached: {said(answer)}"
            self._lines.append(failed("network", say, remedy, outside=True))
            rest_of = ("clock", "exchange", *OF_ACCOUNT)
            self._lines += [skipped(name, "the venue cannot be reached") for name in rest_of]
            return False
        millis = (answer.received_at - answer.sent_at) // 1_000_000
        self._lines.append(passed("network", f"the venue answers in {millis} ms"))
        self._lines.append(clock_line(answer))
        self._status = answer.body
        return True

    _status: bytes = b""

    def _exchange(self) -> Generator[Step, Answer, None]:
        """Whether the shard of our series trades."""
        answer = yield rest.series(BTC_15_MINUTES)
        found = parse_series(answer.body, self.now) if answer.status == 200 else None
        later = "try again later; the venue's status page says more"
        if found is None or isinstance(found, Malformed):
            self._lines.append(warned("exchange", "the series' terms cannot be read", later))
            return
        self.shard = found.exchange_index
        status = parse_exchange_status(self._status, self.now, found.exchange_index)
        if not isinstance(status, ExchangeStatusSeen):
            say = f"the venue does not say whether shard {self.shard} trades"
            self._lines.append(warned("exchange", say, later))
        elif not (status.exchange_active and status.trading_active):
            self._lines.append(warned("exchange", f"shard {self.shard} does not trade now", later))
        else:
            self._lines.append(
                passed("exchange", f"{BTC_15_MINUTES} is on shard {self.shard}, which trades")
            )

    def _key(self) -> Generator[Step, Answer, bool]:
        answer = yield _signed("/account/limits")
        if answer.status == 200:
            self._lines.append(passed("key", f"the key works{_tier(answer.body)}"))
            return True
        remedy = (
            "see that key id and private key belong together, that the key is of this environment "
            "(prod and demo have their own), and that the clock is right"
        )
        say = f"the key does not work: {said(answer)}"
        self._lines.append(failed("key", say, remedy, outside=True))
        self._lines += [skipped(name, "the key does not work") for name in OF_ACCOUNT[1:]]
        return False

    def _scope(self, key_id: str) -> Generator[Step, Answer, None]:
        answer = yield _signed("/api_keys")
        scopes = _scopes(answer, key_id)
        if scopes is not None:
            allowed = any(scope in TRADE_SCOPES for scope in scopes)
            self._tell_scope(allowed, f"the key may {', '.join(scopes) or 'nothing'}")
            return
        nobody = Sighted(NOBODY, None, "", self.shard, None, None)
        answer = yield cancel_order(nobody)
        if answer.status == 404:
            self._tell_scope(True, "the key may trade: a cancel of no order was let through")
        elif answer.status in (401, 403):
            self._tell_scope(False, f"the key may not trade: {said(answer)}")
        else:
            remedy = "see in the venue's settings whether this key has the scope write"
            self._lines.append(warned("scope", "what the key may do is not known", remedy))

    def _tell_scope(self, allowed: bool, say: str) -> None:
        remedy = "make a key with the scopes read and write::trade in the venue's settings"
        if allowed:
            self._lines.append(passed("scope", say))
        elif self.trades:
            self._lines.append(failed("scope", say, remedy))
        else:
            self._lines.append(warned("scope", f"{say}: enough to watch", remedy))

    def _balance(self) -> Generator[Step, Answer, None]:
        answer = yield portfolio.balance(self.subaccount)
        remedy = "move money to the shard in the venue's settings, or opt in to rebalancing"
        if answer.status != 200 or self.shard is None:
            why = said(answer) if answer.status != 200 else "the shard is not known"
            self._lines.append(warned("balance", f"the balance cannot be read: {why}", remedy))
            return
        try:
            rows = msgspec.json.decode(answer.body, type=_Balance).balance_breakdown
            cash = {row.exchange_index: money(row.balance) for row in rows}
        except NONSENSE as error:
            say = f"the balance makes no sense: {error}"[:200]
            self._lines.append(warned("balance", say, remedy))
            return
        self.cash = cash.get(self.shard, Money(0))
        say = f"${format_money(self.cash)} on shard {self.shard}"
        elsewhere = sum(each for shard, each in cash.items() if shard != self.shard)
        say += f", ${format_money(elsewhere)} on others" if elsewhere else ""
        if self.cash >= self.least_cash:
            self._lines.append(passed("balance", say))
        elif self.trades:
            self._lines.append(failed("balance", say, remedy))
        else:
            self._lines.append(warned("balance", say, remedy))

    def _netting(self) -> Generator[Step, Answer, None]:
        """It may be listed once for every shard: then all have to say the same."""
        answer = yield portfolio.netting()
        where, said_ = f"in subaccount {self.subaccount}", set[bool]()
        if answer.status == 200:
            try:
                found = msgspec.json.decode(answer.body, type=_NettingAnswer).netting_configs
                said_ = {
                    each.enabled for each in found if each.subaccount_number == self.subaccount
                }
            except NONSENSE:
                said_ = set()
        if not said_:
            say = (
                f"the venue does not say whether YES and NO of one market close each other {where}"
            )
            remedy = "it must be known before orders leave; try again later"
            self._lines.append(warned("netting", say, remedy))
            return
        self.netting = said_ == {True}
        if self.netting:
            self._lines.append(
                passed("netting", f"YES and NO of one market close each other {where}")
            )
            return
        say = f"YES and NO of one market are held beside each other {where}"
        say += ", on some shards" if len(said_) > 1 else ""
        tell = failed if self.trades else warned
        self._lines.append(tell("netting", say, NETTING_REMEDY))


def _tier(body: bytes) -> str:
    try:
        return f", tier {msgspec.json.decode(body, type=_Limits).usage_tier[:20]}"
    except NONSENSE:
        return ""


def _scopes(answer: Answer, key_id: str) -> list[str] | None:
    """What the venue lists for this key; ``None`` where it does not say."""
    if answer.status != 200:
        return None
    try:
        found = msgspec.json.decode(answer.body, type=_Keys).api_keys
    except NONSENSE:
        return None
    return next((each.scopes for each in found if each.api_key_id == key_id), None)
