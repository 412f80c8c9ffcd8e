"""The past on loopback: pages of a venue, files of an archive, and their refusals."""

import hashlib
import io
import json
import threading
import zipfile
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

from kalshi_assistant.domain.time import format_iso
from tests.support.build import ns

HEAD = "open_time,open,high,low,close,volume,close_time,quote,trades,buy_base,buy_quote,ignore"


@contextmanager
def served(answer):
    """``answer(path, query)`` gives (status, bytes), or ``None`` to drop the line; yields the
    address and what was asked, in order.
    """
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):  # the library calls it so
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            asked.append((address.path, query))
            found = answer(address.path, query)
            if found is None:
                self.close_connection = True
                return
            status, body = found
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    living = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    living.start()
    try:
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", asked=asked)
    finally:
        server.shutdown()
        server.server_close()
        living.join()


# --- an exchange's archive ---


def midnight(day):
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def rows(day, values, unit=1_000, missing=()):
    """Candles from midnight on, one a value; ``unit`` stamps a second."""
    start = midnight(day)
    return "".join(
        f"{(start + k) * unit},1,2,1,{value},0.5,{(start + k + 1) * unit - 1},9,3,0.1,5,0\n"
        for k, value in enumerate(values)
        if k not in missing
    )


def zipped(text, name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def archive(days, symbol="BTCUSDT"):
    """Files by path, of ``{day: content of the zip}``, each with its digest."""
    found = {}
    for day, packed in days.items():
        path = f"/data/spot/daily/klines/{symbol}/1s/{symbol}-1s-{day}.zip"
        digest = hashlib.sha256(packed).hexdigest()
        found[path] = packed
        found[f"{path}.CHECKSUM"] = f"{digest}  {symbol}-1s-{day}.zip\n".encode()
    return found


def files(found):
    """Serve ``found`` by path; 404 for anything else."""
    return lambda path, _: (200, found[path]) if path in found else (404, b"no such file")


# --- a venue ---


def market(ticker, opens, **changes):
    """A settled market as the venue words it."""
    plain = {
        "ticker": ticker,
        "event_ticker": ticker.rpartition("-")[0],
        "status": "finalized",
        "open_time": format_iso(ns(opens)),
        "close_time": format_iso(ns(opens + 900)),
        "floor_strike": 90_000.5,
        "strike_type": "greater_or_equal",
        "result": "yes",
        "expiration_value": "90001.00",
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


def day_of_markets(day: date, count=4):
    """Markets of one day, from its midnight on."""
    start = midnight(day)
    return [
        market(
            f"KXBTC15M-D{day:%m%d}{k:02d}-00",
            start + 900 * k,
            floor_strike=90_000.0 + k,
            expiration_value=f"{90_001 + k}.00",
        )
        for k in range(count)
    ]


def candle(end, bid, ask):
    four = ("open_dollars", "low_dollars", "high_dollars", "close_dollars")
    return {
        "end_period_ts": end,
        "yes_bid": dict.fromkeys(four, bid),
        "yes_ask": dict.fromkeys(four, ask),
        "price": {},
        "volume_fp": "1.00",
        "open_interest_fp": "2.00",
    }


def trade(ticker, at, number):
    return {
        "trade_id": f"t{number}",
        "ticker": ticker,
        "count_fp": "1.00",
        "yes_price_dollars": "0.5600",
        "taker_outcome_side": "yes",
        "created_time": format_iso(ns(at)),
        "is_block_trade": False,
    }


def body(**fields):
    return 200, json.dumps(fields).encode()


class Venue:
    """Answers the reads that a fetch makes, in pages of ``page``; archived before ``cutoff``."""

    def __init__(self, markets, cutoff=1_577_836_800, page=3):
        self.markets, self.cutoff, self.page = markets, cutoff, page
        self.refusals = []
        """Answers that come before any other, one for each request."""

    def __call__(self, path, query):
        return self.refusals.pop(0) if self.refusals else self._answer(path, query)

    def _answer(self, path, query):
        path = path.removeprefix("/trade-api/v2")
        match path.strip("/").split("/"):
            case ["historical", "cutoff"]:
                at = format_iso(ns(self.cutoff))
                return body(market_settled_ts=at, trades_created_ts=at, orders_updated_ts=at)
            case ["markets"] | ["historical", "markets"] as words:
                return self._paged("markets", self._listed(query, archived=len(words) > 1), query)
            case ["markets", "trades"] | ["historical", "trades"]:
                opens = self._opens(query["ticker"])
                found = [trade(query["ticker"], opens + 60 * k, k) for k in range(5)]
                return self._paged("trades", list(reversed(found)), query)
            case [*_, "markets", ticker, "candlesticks"]:
                opens = self._opens(ticker)
                found = [candle(opens + 60 * k, "0.5000", "0.5200") for k in range(1, 16)]
                return body(candlesticks=found)
        return 404, b'{"error": {"code": "not_found"}}'

    def _listed(self, query, *, archived):
        """The archive takes no times and lists the newest first."""
        if archived:
            old = [each for each in self.markets if closes(each) <= self.cutoff]
            return sorted(old, key=closes, reverse=True)
        low, high = int(query["min_close_ts"]), int(query["max_close_ts"])
        live = [each for each in self.markets if closes(each) > self.cutoff]
        return [each for each in live if low <= closes(each) <= high]

    def _opens(self, ticker):
        return next(closes(each) - 900 for each in self.markets if each["ticker"] == ticker)

    def _paged(self, name, found, query):
        first = int(query.get("cursor") or 0)
        more = first + self.page < len(found)
        cursor = str(first + self.page) if more else ""
        return body(**{name: found[first : first + self.page]}, cursor=cursor)


def closes(market):
    return int(datetime.fromisoformat(market["close_time"]).timestamp())
