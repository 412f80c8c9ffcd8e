"""A venue's account in memory: it answers the requests of a conversation, well or badly."""

import json
from dataclasses import dataclass, field

from kalshi_assistant.domain.time import SECOND, format_iso
from kalshi_assistant.runtime.carrying import Answer, Pause

NAMESPACE = "k7"
TICKER = "KXBTC15M-26NOV211215-15"
START = 1_795_280_400 * SECOND
SERIES = {
    "series": {
        "ticker": "KXBTC15M",
        "exchange_index": 2,
        "fee_type": "quadratic",
        "fee_multiplier": 1,
    }
}


def answer(status, body=None):
    return Answer(status, b"" if body is None else json.dumps(body).encode())


SILENCE = Answer(0, b"no route")


def refusal(status, code):
    return answer(status, {"error": {"code": code, "message": code.replace("_", " ")}})


@dataclass
class OrderVenue:
    """``orders`` by id: status, filled, client id. ``faults`` answer instead: by (method, path)
    prefix a list of answers, each used once, ``None`` for "as usual".
    """

    orders: dict = field(default_factory=dict)
    faults: dict = field(default_factory=dict)
    now: int = START
    lag: int = 0
    """How far behind, in ns, the records and lists are."""
    seen: list = field(default_factory=list)
    settled_at: dict = field(default_factory=dict)
    page_size: int = 1_000
    on_request: object = None

    def add(self, order_id, client=f"{NAMESPACE}-1-1", **more):
        order = {
            "order_id": order_id,
            "client_order_id": client,
            "ticker": TICKER,
            "status": "resting",
            "fill_count_fp": "0.00",
            "remaining_count_fp": "5.00",
            "exchange_index": 2,
            "subaccount_number": 0,
        }
        self.orders[order_id] = order | more
        return self.orders[order_id]

    def resting(self):
        return [each for each in self.orders if self.orders[each]["status"] == "resting"]

    def end(self, order_id, status="canceled", filled=None):
        order = self.orders[order_id]
        order["status"] = status
        order["fill_count_fp"] = filled or order["fill_count_fp"]
        self.settled_at[order_id] = self.now

    def requests(self, method):
        return [each for each in self.seen if each.method == method]

    def ask(self, request):
        self.seen.append(request)
        self.now += SECOND // 10
        if self.on_request is not None:
            self.on_request(request)
        for (method, prefix), answers in self.faults.items():
            if method == request.method and request.path.startswith(prefix) and answers:
                found = answers.pop(0)
                if found is not None:
                    return found
        return self._usual(request)

    def _usual(self, request):
        path = request.path
        if path.startswith("/series/"):
            return answer(200, SERIES)
        if path == "/exchange/user_data_timestamp":
            return answer(200, {"as_of_time": format_iso(self.now - self.lag)})
        if path == "/portfolio/orders":
            query = dict(request.query)
            return self._list(query) if "status" in query else self._listed(query)
        order_id = path.rsplit("/", 1)[-1]
        if request.method == "DELETE":
            return self._taken_out(request, order_id)
        if order_id not in self.orders:
            return refusal(404, "not_found")
        return answer(200, {"order": self.orders[order_id]})

    def _list(self, query):
        """Resting orders; one that ended within the lag is still listed."""
        shown = [
            each | {"status": "resting"}
            for name, each in self.orders.items()
            if each["status"] == "resting" or self.now - self.settled_at[name] < self.lag
        ]
        if "exchange_index" in query:
            shown = [
                each for each in shown if str(each["exchange_index"]) == query["exchange_index"]
            ]
        begin = int(query.get("cursor", "0"))
        end = begin + self.page_size
        more = str(end) if end < len(shown) else ""
        return answer(200, {"orders": shown[begin:end], "cursor": more})

    def _listed(self, query):
        """Orders of a market, whatever became of them."""
        shown = [
            each
            for each in self.orders.values()
            if each["ticker"] == query["ticker"]
            and str(each["subaccount_number"]) == query["subaccount"]
        ]
        return answer(200, {"orders": shown, "cursor": ""})

    def _taken_out(self, request, order_id):
        if order_id == "batched":
            return self._cancel_batch(request.body)
        return self._cancel(request.path, order_id, dict(request.query))

    def _cancel_batch(self, body):
        for each in json.loads(body)["orders"]:
            routed = {name: str(each.get(name)) for name in ("market_ticker", "exchange_index")}
            self._cancel("", each["order_id"], routed)
        return answer(200, {"orders": []})

    def _cancel(self, path, order_id, query):
        if path == "/portfolio/events/orders":
            for each in self.resting():
                self.end(each)
            return Answer(204, b"")
        order = self.orders.get(order_id)
        routed = query.get("market_ticker") == TICKER and query.get("exchange_index") == "2"
        if order is None or order["status"] != "resting" or not routed:
            return refusal(404, "not_found")
        self.end(order_id)
        return answer(200, {"order_id": order_id, "reduced_by": "5.00"})


def carried(talk, venue):
    """Carry a conversation against ``venue``; what it returns."""
    step = next(talk)
    try:
        while True:
            if isinstance(step, Pause):
                venue.now += int(step.seconds * SECOND)
                step = talk.send(Answer(0, b""))
            else:
                step = talk.send(venue.ask(step))
    except StopIteration as end:
        return end.value
