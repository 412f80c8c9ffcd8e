"""Made-up panels: an index that walks, markets on it, prices around what is fair."""

import csv
import gzip
import json
import math
from dataclasses import dataclass, replace

from kalshi_assistant.domain.events import MidSeen
from kalshi_assistant.journal.panel import PanelMarket
from kalshi_assistant.lab.panel_events import Subject
from kalshi_assistant.quant.closed_form import mean_variance, normal_cdf
from kalshi_assistant.quant.rng import stream
from tests.support.build import ns

START = 1_795_276_800  # a whole hour
WARM = 1_800
QUARTER = 900
SIGMA = 5.0
"""Dollars per square root of a second."""
HORIZONS = (840, 600, 300, 120, 60)


@dataclass
class Made:
    """A panel as tables: rows as they stand in its files."""

    index: list
    markets: list
    quotes: list
    meta: dict

    def write(self, folder, packed=True):
        """As a panel folder."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = {
            "index": (("ts", "value"), self.index),
            "markets": (
                ("ticker", "open_ts", "close_ts", "floor_strike", "expiration_value", "result"),
                self.markets,
            ),
            "quotes": (("ticker", "ts", "yes_bid", "yes_ask"), self.quotes),
        }
        for name, (header, rows) in tables.items():
            path = folder / (f"{name}.csv.gz" if packed else f"{name}.csv")
            opened = gzip.open if packed else open
            with opened(path, "wt", encoding="utf-8", newline="") as file:
                table = csv.writer(file)
                table.writerow(header)
                table.writerows(rows)
        (folder / "meta.json").write_text(json.dumps(self.meta))
        return folder


def walk(seed, seconds):
    rng, value, values = stream(seed, "panel"), 90_000.0, []
    for _ in range(seconds):
        value += SIGMA * rng.standard_normal()
        values.append(round(value, 2))
    return values


def made(seed=1, markets=8, every=1, quotes="point: made up", index="BRTI, made up"):
    """``markets`` quarter hours after half an hour of warm-up, a quote at each horizon."""
    values = walk(seed, WARM + (markets + 1) * QUARTER)
    prints = {START + k: value for k, value in enumerate(values) if k % every == 0}
    rng, rows, priced = stream(seed, "quotes"), [], []
    for place in range(markets):
        opens = START + WARM + place * QUARTER
        closes = opens + QUARTER
        strike, settled = mean_before(values, opens), mean_before(values, closes)
        ticker = f"KXBTC15M-MADE{place:03d}-00"
        result = "yes" if settled >= strike else "no"
        rows.append((ticker, opens, closes, f"{strike:.2f}", f"{settled:.2f}", result))
        for left in HORIZONS:
            at = closes - left
            sd = SIGMA * math.sqrt(mean_variance(60, max(left - 60.0, 1.0)))
            fair = normal_cdf((values[at - START] - strike) / sd + 0.1 * rng.standard_normal())
            bid = min(max(math.floor(fair * 100) / 100, 0.01), 0.98)
            priced.append((ticker, at, f"{bid:.2f}", f"{bid + 0.01:.2f}"))
    meta = {"index": index, "quotes": quotes, "coin": "BTC"}
    return Made([(s, f"{v:.2f}") for s, v in prints.items()], rows, priced, meta)


def mean_before(values, second):
    """The settlement value: sixty prints before ``second``, half a cent up."""
    cents = sum(round(value * 100) for value in values[second - 60 - START : second - START])
    return (2 * cents + 60) // 120 / 100


def subject(tables, **changes):
    """The tables as the laboratory has them after reading."""
    mids = {}
    for ticker, at, bid, ask in tables.quotes:
        event = MidSeen(
            ns(at), ns(at), ticker, round(float(bid) * 10_000), round(float(ask) * 10_000), 0
        )
        mids.setdefault(at, []).append(event)
    markets = tuple(
        PanelMarket(
            ticker, ns(opens), ns(closes), round(float(strike) * 100),
            round(float(value) * 100), result,
        )
        for ticker, opens, closes, strike, value, result in tables.markets
    )  # fmt: skip
    plain = Subject(
        name="made-up",
        index_text=tables.meta["index"],
        over_seconds=0,
        estimated=False,
        error_bp=0.0,
        prints={second: round(float(value) * 100) for second, value in tables.index},
        markets=markets,
        published=markets,
        mids={at: tuple(events) for at, events in mids.items()},
    )
    return replace(plain, **changes)
