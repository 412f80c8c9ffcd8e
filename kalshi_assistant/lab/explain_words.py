"""A window that was explained, as values for machines and as lines for people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from kalshi_assistant.domain.contract import Contract
from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.orders import BID, BookSide
from kalshi_assistant.domain.time import SECOND, Nanos, format_iso, whole_second
from kalshi_assistant.domain.units import (
    IndexValue,
    Price,
    complement,
    format_cents,
    format_index,
    format_money,
    format_price,
    format_quantity,
)
from kalshi_assistant.engine.page_views import DecisionView
from kalshi_assistant.lab.explaining import Explained, OrderStory
from kalshi_assistant.market.settlement import WINDOW

Object = dict[str, object]
MOST_REASONS: Final = 8
OF_RECORD: Final = ("realistic", "venue")


def terms_of(found: Explained) -> Contract:
    """The terms, which ``explain`` has made sure of."""
    assert found.contract is not None
    return found.contract


def bought(side: BookSide, price: Price) -> tuple[str, Price]:
    """What an order on this side buys, and at what price of that outcome."""
    return ("yes", price) if side == BID else ("no", complement(price))


def verdict(found: Explained) -> str:
    """How it ended and why, in one sentence."""
    contract = terms_of(found)
    strike, value = contract.strike, found.settlement
    if found.result is None:
        return "It has no result in these journals."
    word = found.result.upper()
    if strike is None or value is None:
        missing = "strike" if strike is None else "settlement value"
        return f"{word}; the journals do not have its {missing}."
    side = "at or above" if value >= strike else "below"
    by = format_index(abs(value - strike))
    return (
        f"{word}: the average of the last sixty prints was {format_index(value)}, {side} the "
        f"strike {format_index(strike)} by {by}."
    )


def traded(found: Explained) -> str:
    """What we did and what came of it, in one sentence."""
    if not found.orders and not found.kept:
        if found.signals:
            return f"{_count(len(found.signals), 'signal')}, and no order left."
        return f"Nothing was traded: {_why_nothing(found)}."
    said = f"{_count(len(found.orders), 'order')}, {_count(len(found.kept), 'fill')}"
    if not found.kept:
        return f"{said}: nothing was held."
    if found.end is None:
        return f"{said}; not paid out in these journals."
    end = found.end
    return (
        f"{said}: profit {_signed(end.pnl)} = edge {_signed(end.edge)} + slippage "
        f"{_signed(end.slippage)} + drift {_signed(end.drift)} - fees {format_money(end.fees)}."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _why_nothing(found: Explained) -> str:
    if found.report is None or not found.report.vetoes:
        return "no evaluation of it is recorded"
    vetoes = Counter(found.report.vetoes).most_common(1)[0]
    return f"most often because {vetoes[0].replace('_', ' ')} ({vetoes[1]:,} looks)"


def _signed(money: int) -> str:
    return f"{'+' if money > 0 else ''}{format_money(money)}"


# --- for machines --------------------------------------------------------------------------------


def fields(found: Explained) -> Object:
    """Everything, as the object of ``explain --json``."""
    contract, report = terms_of(found), found.report
    return {
        "ticker": found.ticker,
        "environment": found.environment,
        "runs": found.runs,
        "open": format_iso(contract.open_time),
        "close": format_iso(contract.close_time),
        "strike": _index(contract.strike),
        "settlement": _index(found.settlement),
        "our_settlement": None if report is None else _index(report.our_settlement),
        "agrees": None if report is None else report.agrees,
        "result": found.result,
        "verdict": verdict(found),
        "traded": traded(found),
        "prints": {"last_minute": last_minute(found), "window": len(found.prints)},
        "trades": {"count": found.traded, "contracts": format_quantity(found.volume)},
        "vetoes": {} if report is None else dict(Counter(report.vetoes).most_common()),
        "declined": dict(found.declined.most_common()),
        "forecasts": [
            {
                "seconds_left": each.seconds_left,
                "p_model": each.p_model,
                "p_market": each.p_market,
                "p_blend": each.p_blend,
                "no_number": each.no_number,
            }
            for each in found.forecasts
        ],
        "decisions": [decision_fields(each) for each in decisions(found)],
        "orders": [order_fields(each) for each in found.orders.values()],
        "fills": [fill_fields(each) for each in found.fills],
        "profit": profit(found),
        "troubles": [
            {"at": format_iso(each.at), "what": each.what, "text": each.text}
            for each in found.troubles
        ],
        "notices": found.notices,
        "seconds": [
            {
                "at": format_iso(each.second * SECOND),
                "p_model": each.p_model,
                "p_market": each.p_market,
                "bid": None if each.bid is None else format_price(each.bid),
                "ask": None if each.ask is None else format_price(each.ask),
                "index": _index(found.prints.get(each.second)),
            }
            for each in found.seconds.values()
        ],
    }


def decisions(found: Explained) -> list[DecisionView]:
    """Every crossing that was looked at, oldest first."""
    return [found.decisions[key] for key in sorted(found.decisions)]


def last_minute(found: Explained) -> int:
    """How many of the sixty prints that settle were seen."""
    last = whole_second(terms_of(found).close_time)
    return sum(second in found.prints for second in range(last - WINDOW, last))


def decision_fields(each: DecisionView) -> Object:
    """One crossing."""
    return {
        "at": format_iso(each.at),
        "buys": each.outcome,
        "signal": each.kind,
        "declined": each.declined,
        "became": each.became,
        "order": each.order,
        "net_edge": each.edge.net,
        "threshold": each.threshold,
        "price": format_price(each.edge.worst_price),
        "quantity": format_quantity(each.edge.quantity),
        "fee": format_money(each.edge.fee),
        "p_yes": each.p_yes,
        "p_market": each.p_market,
        "index": _index(each.index),
        "seconds_left": each.seconds_left,
        "evidence": dict(each.evidence),
    }


def order_fields(story: OrderStory) -> Object:
    """One order and how it ended."""
    order = story.order
    outcome, limit = bought(order.side, order.limit)
    last = story.heard[-1] if story.heard else None
    return {
        "made_at": format_iso(order.made_at),
        "id": order.id,
        "buys": outcome,
        "limit": format_price(limit),
        "quantity": format_quantity(order.quantity),
        "purpose": order.purpose,
        "signal": order.kind,
        "time_in_force": order.time_in_force,
        "filled": format_quantity(story.filled),
        "state": None if last is None else last.status,
        "reason": None if last is None else last.reason,
    }


def fill_fields(fill: OrderFilled) -> Object:
    """One fill, under whichever assumption."""
    outcome, price = bought(fill.side, fill.price)
    return {
        "at": format_iso(fill.received_at),
        "source": fill.source,
        "buys": outcome,
        "price": format_price(price),
        "quantity": format_quantity(fill.quantity),
        "fee": format_money(fill.fee),
        "taker": fill.is_taker,
        "order": fill.client_order_id,
    }


def profit(found: Explained) -> Object | None:
    """What it brought and where that came from; ``None`` where nothing was paid out."""
    end = found.end
    if end is None:
        return None
    return {
        "pnl": format_money(end.pnl),
        "edge": format_money(end.edge),
        "slippage": format_money(end.slippage),
        "drift": format_money(end.drift),
        "fees": format_money(end.fees),
        "cost": format_money(end.cost),
        "payout": format_money(end.payout),
        "position": format_quantity(end.quantity),
        "policies": {name: format_money(pnl) for name, pnl in sorted(found.policies.items())},
    }


def _index(value: IndexValue | None) -> str | None:
    return None if value is None else format_index(value)


# --- for people ----------------------------------------------------------------------------------


def left(found: Explained, at: Nanos) -> str:
    """Time to the close as a person reads it: ``4:31`` minutes and seconds."""
    seconds = (terms_of(found).close_time - at) / SECOND
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{int(seconds // 60)}:{int(seconds % 60):02d}"


def lines(found: Explained) -> list[str]:
    """The story, for a terminal."""
    contract, report = terms_of(found), found.report
    told = [
        (
            f"{found.ticker}  {format_iso(contract.open_time)} to "
            f"{format_iso(contract.close_time)}  ({found.environment})"
        ),
        verdict(found),
        traded(found),
        "",
        (
            f"prints: {last_minute(found)} of {WINDOW} in the last minute{_ours(found)}; "
            f"{found.traded:,} public trades of {format_quantity(found.volume)} contracts"
        ),
    ]
    told += _forecast_lines(found)
    if report is not None and report.vetoes:
        most = Counter(report.vetoes).most_common(MOST_REASONS)
        told.append("why it did not trade, looks: " + _counts(most))
    if found.declined:
        told.append("crossings declined: " + _counts(found.declined.most_common(MOST_REASONS)))
    told += _table("decisions", _DECISIONS, [_decision(found, each) for each in acted(found)])
    told += _table("orders", _ORDERS, [_order(found, each) for each in found.orders.values()])
    told += _table("fills", _FILLS, [_fill(found, each) for each in found.fills])
    if found.policies:
        between = ", ".join(
            f"{name} {_signed(pnl)}" for name, pnl in sorted(found.policies.items())
        )
        told.append(f"profit under each assumption: {between}")
    rows = [(left(found, each.at), each.what, each.text[:60]) for each in found.troubles]
    told += _table("troubles and notes", ("to close", "what", ""), rows)
    return told


def _ours(found: Explained) -> str:
    report = found.report
    if report is None or report.our_settlement is None:
        return ""
    differs = "" if report.agrees is not False else ", which is NOT the venue's value"
    return f", averaging {format_index(report.our_settlement)}{differs}"


def acted(found: Explained) -> list[DecisionView]:
    """The decisions that became signals; those declined are counted by why."""
    return [each for each in decisions(found) if each.kind is not None]


def _counts(counted: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counted)


def _forecast_lines(found: Explained) -> list[str]:
    rows = [
        (
            f"{each.seconds_left} s",
            _percent(each.p_model) if each.no_number is None else each.no_number.replace("_", " "),
            _percent(each.p_market),
            _percent(each.p_blend),
        )
        for each in found.forecasts
    ]
    return _table("P(YES)", ("to close", "model", "market", "blend"), rows)


_DECISIONS: Final = ("to close", "buys", "signal", "edge", "needed", "P(YES)", "market", "became")
_ORDERS: Final = ("to close", "buys", "limit", "contracts", "filled", "state", "why")
_FILLS: Final = ("to close", "assumption", "buys", "contracts", "at", "fee", "")


def _decision(found: Explained, each: DecisionView) -> tuple[str, ...]:
    return (
        left(found, each.at),
        each.outcome.upper(),
        each.kind or "-",
        f"{100 * each.edge.net:+.2f}c",
        f"{100 * each.threshold:.2f}c",
        _percent(each.p_yes),
        _percent(each.p_market),
        each.became or "-",
    )


def _order(found: Explained, story: OrderStory) -> tuple[str, ...]:
    order = story.order
    outcome, limit = bought(order.side, order.limit)
    last = story.heard[-1] if story.heard else None
    return (
        left(found, order.made_at),
        f"{order.purpose.replace('_', ' ')} {outcome.upper()}",
        f"{format_cents(limit)}c",
        format_quantity(order.quantity),
        format_quantity(story.filled),
        "-" if last is None else last.status,
        "-" if last is None else (last.reason or "-"),
    )


def _fill(found: Explained, fill: OrderFilled) -> tuple[str, ...]:
    outcome, price = bought(fill.side, fill.price)
    return (
        left(found, fill.received_at),
        fill.source,
        outcome.upper(),
        format_quantity(fill.quantity),
        f"{format_cents(price)}c",
        format_money(fill.fee),
        "taken" if fill.is_taker else "waited",
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _table(name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    told = ["", name]
    for row in (head, *rows):
        cells = zip(row, widths, strict=True)
        told.append("  " + "  ".join(cell.ljust(width) for cell, width in cells).rstrip())
    return told


def tables(found: Explained) -> Mapping[str, tuple[Sequence[str], list[tuple[str, ...]]]]:
    """The same tables for the page: head and rows by name."""
    return {
        "orders": (_ORDERS, [_order(found, each) for each in found.orders.values()]),
        "fills": (_FILLS, [_fill(found, each) for each in found.fills]),
        "troubles": (
            ("to close", "what", "told"),
            [(left(found, each.at), each.what, each.text) for each in found.troubles],
        ),
    }
