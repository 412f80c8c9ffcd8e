"""``positions``: what is held now, and the account around it, from the ledger."""

from typing import TYPE_CHECKING

from kalshi_assistant.cli.ledgers import OfMode, aligned, reading, signed_money
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.domain.units import format_money, format_price, format_quantity

if TYPE_CHECKING:
    from kalshi_assistant.domain.entries import Holding
    from kalshi_assistant.runtime.store_reading import Account


def positions(
    mode: OfMode = None,
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Show what is held and not yet paid out, and the cash beside it.

    At cost, as the ledger has it: what it is worth now is on the screen of a running assistant.
    """
    output = Output(as_json=as_json)
    with reading(mode, environment, state_dir, config, output) as ledger:
        if ledger is None:
            return 0
        holdings, account = ledger.holdings(), ledger.account()
        assert account is not None
        held = [each for each in holdings if each.quantity]
        for each in held:
            output.record("position", **_fields(each))
        invested = sum(each.cost for each in holdings)
        output.record("account", **_account(account, invested))
        if held:
            head = ("market", "holds", "contracts", "average", "cost", "fees")
            output.say(aligned(head, [_line(each) for each in held]) + "\n")
        else:
            output.say("nothing is held")
        output.say(
            f"cash {format_money(account.cash)}, invested {format_money(invested)}, realised "
            f"{signed_money(account.realized)} after fees of {format_money(account.fees)}"
        )
    return 0


def _fields(held: "Holding") -> dict[str, object]:
    return {
        "ticker": held.ticker,
        "outcome": _outcome(held),
        "quantity": format_quantity(abs(held.quantity)),
        "average_price": _average(held),
        "cost": format_money(held.cost),
        "fees": format_money(held.fees),
        "realized": format_money(held.realized),
    }


def _account(account: "Account", invested: int) -> dict[str, object]:
    return {
        "start": format_money(account.start),
        "cash": format_money(account.cash),
        "invested": format_money(invested),
        "realized": format_money(account.realized),
        "fees": format_money(account.fees),
    }


def _line(held: "Holding") -> tuple[str, ...]:
    return (
        held.ticker,
        _outcome(held).upper(),
        format_quantity(abs(held.quantity)),
        f"${_average(held)}",
        format_money(held.cost),
        format_money(held.fees),
    )


def _outcome(held: "Holding") -> str:
    return "yes" if held.quantity > 0 else "no"


def _average(held: "Holding") -> str:
    """Dollars per contract, half up: for reading, nothing is reckoned with it."""
    quantity = abs(held.quantity)
    return format_price((2 * held.cost + quantity) // (2 * quantity))
