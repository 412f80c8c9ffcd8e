"""Simulated runs that keep their journal: on paper, and at the simulated exchange as if live."""

import asyncio
from dataclasses import replace

from kalshi_assistant.domain.units import MONEY_SCALE
from kalshi_assistant.journal.codec import EVENTS, EventRecord
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter
from kalshi_assistant.runtime.journals import run_of
from kalshi_assistant.runtime.simulate import Simulation
from kalshi_assistant.runtime.simulated_trading import Network, NetworkFaults, Process
from kalshi_assistant.runtime.virtual_time import VirtualLoop
from kalshi_assistant.sim.exchange import Exchange
from kalshi_assistant.sim.faults import FaultSettings
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.settings import AccountSettings, ExchangeSettings

DOLLARS = 1_000


def _writer(folder, settings, start):
    return JournalWriter(
        EVENTS, folder, run_of(settings, None), JournalSettings(), created_at=start
    )


def on_paper(folder, settings, seed, start, until):
    """The journal file of a run on paper."""
    writer, count = _writer(folder, settings, start), 0

    def watch(event, intents):
        nonlocal count
        count += 1
        writer.write([EventRecord(count, event, intents)])

    Simulation(seed, start, settings, watch=watch).run(until)
    return writer.close()


def as_if_live(folder, settings, seed, start, until):
    """The journal file of a run whose orders went to the simulated exchange, all of it over the
    real gateway, store and loop in virtual time.
    """
    settings = replace(settings, mode="live")
    loop = VirtualLoop(start)
    account = AccountSettings(crypto_dollars=float(DOLLARS))
    exchange = Exchange(ExchangeSettings(account=account, constituents=False), seed, start)
    frames, writer = Frames(), _writer(folder, settings, start)
    network = Network(exchange, NetworkFaults(), seed, loop)
    process = Process(
        "p1",
        exchange,
        frames,
        network,
        settings,
        folder / "ledger.sqlite",
        FaultSettings(),
        seed,
        loop,
        DOLLARS * MONEY_SCALE,
        journal=writer,
    )

    def advance():
        process.listener.publish(frames.publish(exchange.advance(loop.now())), loop.now())

    async def live():
        process.start()
        while loop.now() < until:
            advance()
            await asyncio.sleep(0.1)
        await process.stop()

    network.written = advance
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(live())
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    assert process.crashed is None
    return writer.close()
