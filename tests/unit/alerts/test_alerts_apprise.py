"""Email through Apprise to a local mail server, and addresses that are none."""

import logging
import sys

import pytest

from kalshi_assistant.alerts.apprise import AppriseChannel, addresses
from kalshi_assistant.domain.errors import OperatorError, PassingError
from kalshi_assistant.domain.secrets import Secret
from tests.support.alert_servers import Mailbox
from tests.support.alerting import message

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


def address(mailbox):
    return f"mailto://127.0.0.1:{mailbox.port}?from=me@example.net&to=you@example.net&mode=insecure"


def test_addresses_stand_one_a_line():
    text = "# mine\nmailto://a\n\n  json://b  \n"
    assert addresses(Secret(text)) == ["mailto://a", "json://b"]


async def test_a_mail_arrives():
    async with Mailbox().serving() as mailbox:
        channel = AppriseChannel(Secret(address(mailbox)))
        said = await channel.send(message(1, "severe", title="Breaker open", text="lost money"))
    assert said == "delivered to 1 addresses"
    (mail,) = mailbox.mails
    assert "[severe] Breaker open" in mail
    assert "lost money" in mail


async def test_a_server_that_refuses_is_tried_again_and_said_without_the_address(caplog):
    caplog.set_level(logging.DEBUG)
    async with Mailbox(refuses=True).serving() as mailbox:
        channel = AppriseChannel(Secret(address(mailbox) + "&user=u&pass=hunter2"))
        with pytest.raises(PassingError, match=r"1 of 1 addresses failed \(mailto\)") as caught:
            await channel.send(message())
    assert "hunter2" not in str(caught.value)
    assert not [line for line in caplog.messages if "hunter2" in line]


async def test_trying_again_delivers_only_where_it_failed():
    async with Mailbox().serving() as good, Mailbox(refuses=True).serving() as bad:
        channel = AppriseChannel(Secret(f"{address(good)}\n{address(bad)}"))
        with pytest.raises(PassingError, match="1 of 2"):
            await channel.send(message(1))
        bad.refuses = False
        assert await channel.send(message(1)) == "delivered to 2 addresses"
        assert (len(good.mails), len(bad.mails)) == (1, 1)
        await channel.send(message(2))
        assert (len(good.mails), len(bad.mails)) == (2, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# nothing\n", "has 0 addresses"),
        ("mailto://you@example.net\nfoo://hunter2", "line 2 .* is none that Apprise knows"),
        ("hunter2", "line 1"),
        ("\n".join(["json://x"] * 21), "has 21 addresses"),
    ],
)
async def test_what_is_no_address_is_said_by_its_line(text, words):
    with pytest.raises(OperatorError, match=words) as caught:
        await AppriseChannel(Secret(text)).check()
    assert "hunter2" not in str(caught.value)


async def test_without_apprise_the_extra_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(OperatorError, match=r"pip install 'kalshi-assistant\[alerts\]'"):
        await AppriseChannel(Secret("json://x")).check()
