"""Email and a hundred other services, through Apprise.

Its addresses hold passwords, so of an address only its kind (``mailto``) is ever said.
"""

import warnings
from typing import TYPE_CHECKING, Final

from kalshi_assistant.alerts.channel import Aside, hush, missing
from kalshi_assistant.alerts.message import Message
from kalshi_assistant.domain.errors import OperatorError, PassingError
from kalshi_assistant.domain.secrets import Secret

if TYPE_CHECKING:
    from apprise import NotifyBase

ADDRESSES_MAX: Final = 20


def addresses(text: Secret) -> list[str]:
    """The addresses of a file: one a line; empty lines and those behind ``#`` do not count."""
    lines = (line.strip() for line in text.reveal().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


class AppriseChannel:
    """Every address of one file."""

    name = "apprise"

    def __init__(self, urls: Secret) -> None:
        self._urls = urls
        self._services: list[tuple[str, NotifyBase]] | None = None
        self._aside = Aside("Apprise")
        self._number, self._reached = -1, set[int]()

    async def check(self) -> None:
        """Raises OperatorError where Apprise is missing or does not know an address."""
        if self._services is None:
            urls = addresses(self._urls)
            self._services = await self._aside.call(lambda: _services(urls))  # it reads for seconds

    async def send(self, message: Message) -> str:
        """Deliver to every address that has not got it yet. Raises OperatorError, PassingError."""
        await self.check()
        assert self._services is not None  # check has made them
        if message.number != self._number:
            self._number, self._reached = message.number, set()
        services = self._services
        failed = await self._aside.call(lambda: self._deliver(services, message))
        if failed:
            kinds = ", ".join(failed)
            raise PassingError(f"{len(failed)} of {len(services)} addresses failed ({kinds})")
        return f"delivered to {len(services)} addresses"

    async def close(self) -> None:
        """Nothing is open."""

    def _deliver(self, services: "list[tuple[str, NotifyBase]]", message: Message) -> list[str]:
        """The kinds of the addresses that failed; in a thread of its own."""
        title = f"[{message.severity}] {message.title}"
        for number, (_, service) in enumerate(services):
            if number not in self._reached and service.notify(body=message.text, title=title):
                self._reached.add(number)
        return [kind for number, (kind, _) in enumerate(services) if number not in self._reached]


def _services(urls: list[str]) -> "list[tuple[str, NotifyBase]]":
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own, of modules that it still knows
            return _instances(urls)
    except ImportError as error:
        raise missing("apprise", "apprise") from error


def _instances(urls: list[str]) -> "list[tuple[str, NotifyBase]]":
    from apprise import Apprise

    hush("apprise", "urllib3", "requests")
    if not urls or len(urls) > ADDRESSES_MAX:
        raise OperatorError(
            f"apprise has {len(urls)} addresses; write 1 to {ADDRESSES_MAX}, one a line"
        )
    found: list[tuple[str, NotifyBase]] = []
    for number, url in enumerate(urls, start=1):
        service = Apprise.instantiate(url, suppress_exceptions=True)
        if service is None:
            raise OperatorError(
                f"line {number} of the Apprise addresses is none that Apprise knows; "
                "write e.g. mailto://user:password@example.net"
            )
        found.append((url.split("://", 1)[0][:20].lower(), service))
    return found
