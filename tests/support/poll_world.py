"""A poller, the simulated exchange's reads, and a hand that carries one to the other in memory."""

from kalshi_assistant.domain.ids import BRTI, BTC_15_MINUTES
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim import reads
from kalshi_assistant.sim.exchange import Exchange
from kalshi_assistant.sim.settings import ExchangeSettings
from kalshi_assistant.venues.kalshi.polling import PublicPoller


def poller(**options):
    return PublicPoller(BTC_15_MINUTES, BRTI, stream(1, "poll"), **options)


def kind_of(request):
    """Which of the three kinds of request this is."""
    if request.path.startswith("/live_data/"):
        return "chart"
    return "trades" if request.path == "/markets/trades" else "book"


def read(exchange, request):
    """What the exchange answers."""
    given = {}
    for name, value in request.query:
        given.setdefault(name, []).append(value)
    return reads.answer(exchange, request.method, request.path.lstrip("/"), given)


class PollWorld:
    """Time goes from one thing that is due to the next; nothing else wakes the poller.

    ``trouble`` says, by request and time, what to answer instead of the exchange: (status, body),
    or a text where no answer comes; ``None``: the exchange answers.
    """

    def __init__(self, start, watch, delay=120 * MILLISECOND, seed=3, trouble=None):
        self.exchange = Exchange(ExchangeSettings(activity=3), seed, start)
        self.poller = poller()
        self.now = start
        self.delay = delay
        self.trouble = trouble or (lambda request, now: None)
        self.asked = []
        self.events = []
        self.turns = 0
        self._flying = []
        for ticker in watch:
            self.poller.watch(ticker)

    def run(self, seconds):
        end = self.now + round(seconds * SECOND)
        while (due := self._next()) <= end:
            self.now = due
            self.turns += 1
            self._step()
        self.now = end
        return self

    def _next(self):
        wake = self.poller.wake_at(self.now)
        assert wake is None or wake >= self.now
        times = [at for at, _ in self._flying] + ([] if wake is None else [wake])
        return min(times, default=self.now + 10**18)

    def _step(self):
        self.exchange.advance(self.now)
        for at, request in list(self._flying):
            if at <= self.now:
                self._flying.remove((at, request))
                self.events += self._land(request)
        self.events += self.poller.tick(self.now)
        for request in self.poller.due(self.now):
            assert kind_of(request) not in {kind_of(each) for _, each in self._flying}
            self.asked.append((self.now, request))
            self._flying.append((self.now + self.delay, request))

    def _land(self, request):
        answer = self.trouble(request, self.now) or read(self.exchange, request)
        if isinstance(answer, str):
            return self.poller.failed(request, answer, self.now)
        return self.poller.answered(request, *answer, self.now)

    def times(self, kind):
        """When requests of this kind were made."""
        return [at for at, request in self.asked if kind_of(request) == kind]

    def of(self, *types):
        """The events of these types."""
        return [event for event in self.events if isinstance(event, types)]
