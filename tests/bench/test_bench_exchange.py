"""What the simulated exchange costs: processor time per second of its life, and to begin.

Run with ``pytest tests/bench/test_bench_exchange.py -s``. The exchange process has to keep up at
speed 20 and to be hardly noticed at speed 1.
"""

from collections import Counter
from time import process_time

from kalshi_assistant.domain.time import MINUTE, SECOND, parse_iso
from kalshi_assistant.sim.exchange import Exchange, ExchangeSettings
from kalshi_assistant.sim.index_path import IndexPath

START = parse_iso("2026-11-21T17:00:30Z")
SECONDS = 1_800
MS_PER_SECOND_MAX = 10.0
HISTORY_MS_MAX = 100.0


def test_a_second_of_the_exchange_takes_less_than_ten_milliseconds():
    exchange, counts = Exchange(ExchangeSettings(), 1, START), Counter()
    began = process_time()
    for second in range(1, SECONDS + 1):
        counts.update(type(each).__name__ for each in exchange.advance(START + second * SECOND))
    spent = (process_time() - began) * 1_000 / SECONDS
    rates = ", ".join(f"{name} {count / SECONDS:.1f}/s" for name, count in counts.most_common(5))
    print(f"\nexchange: {spent:.2f} ms of processor a second; {rates}")  # noqa: T201 - the figure is the point
    assert spent < MS_PER_SECOND_MAX


def test_an_hour_of_index_is_there_at_once():
    began = process_time()
    IndexPath(1, START, 91_250.0, 0.57).value(START + 60 * MINUTE)
    spent = (process_time() - began) * 1_000
    began = process_time()
    Exchange(ExchangeSettings(), 1, START)
    whole = (process_time() - began) * 1_000
    print(f"\nan hour of index: {spent:.1f} ms; an exchange under way: {whole:.1f} ms")  # noqa: T201 - the figure is the point
    assert spent < HISTORY_MS_MAX
