"""Who is let in."""

import socket

import pytest
from aiohttp.test_utils import make_mocked_request

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.metrics.door import (
    Door,
    bearer,
    checked_token,
    equal,
    is_loopback,
    listen,
    name_of,
    url_of,
)


def judged(host, origin=None, names=()):
    headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
    request = make_mocked_request("GET", "/", headers=headers)
    return Door("127.0.0.1", names, "http.names").judge(request)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:9464", "localhost"),
        ("127.0.0.1:9464", "127.0.0.1"),
        ("[::1]:9464", "::1"),
        ("[::1]", "::1"),
        ("", None),
        ("a b", None),
        ("localhost:http", None),
        ("localhost:", "localhost"),
        ("[::1", None),
        ("[::1]x", None),
        ("evil.example/localhost", None),
        ("localhost@evil", None),
    ],
)
def test_the_name_in_a_host_header(host, name):
    assert name_of(host) == name


@pytest.mark.parametrize("host", ["localhost:9464", "127.0.0.1:9464", "[::1]:9464", "192.0.2.7"])
def test_names_of_ours_and_plain_addresses_come_in(host):
    assert judged(host) is None


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:9464", ""])
def test_a_name_that_a_stranger_lets_point_here_stays_out(host):
    assert "does not go by that name; see http.names" in judged(host)


def test_a_further_name_comes_in_where_it_was_set():
    assert judged("trader.lan:9464", names=["Trader.lan"]) is None


@pytest.mark.parametrize(
    ("origin", "comes_in"),
    [
        (None, True),
        ("http://localhost:9464", True),
        ("https://localhost:9464", True),
        ("http://localhost:9465", False),
        ("http://evil.example", False),
        ("null", False),
    ],
)
def test_a_page_asks_only_from_the_same_place(origin, comes_in):
    assert (judged("localhost:9464", origin) is None) is comes_in


def test_who_was_turned_away_is_counted():
    door = Door("127.0.0.1", (), "http.names")
    door.judge(make_mocked_request("GET", "/", headers={"Host": "evil.example"}))
    assert door.refused == {"host": 1}


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc", "abc"), ("Basic abc", ""), ("", ""), ("abc", "")],
)
def test_the_token_of_a_request(header, token):
    assert bearer(make_mocked_request("GET", "/", headers={"Authorization": header})) == token


def test_tokens_are_compared_whatever_they_hold():
    assert equal("ä", "ä")
    assert not equal("\udcff", "ä")
    assert not equal("", "ä")


@pytest.mark.parametrize("token", ["", "short", "with a space in it but long", "x" * 300])
def test_a_token_of_no_use_is_refused_without_being_shown(token):
    with pytest.raises(OperatorError) as refused:
        checked_token(Secret(token), "the file")
    assert "the token of the file is of no use" in str(refused.value)
    assert not token or token not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "near"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],
)
def test_loopback_is_known(host, near):
    assert is_loopback(host) is near


@pytest.mark.loopback
@pytest.mark.enable_socket
def test_a_taken_port_is_named_with_its_remedy():
    with listen("127.0.0.1", 0, "http.port") as taken:
        port = taken.getsockname()[1]
        assert url_of(taken) == f"http://127.0.0.1:{port}"
        with pytest.raises(OperatorError, match=f"port {port} of 127.0.0.1 is taken") as refused:
            listen("127.0.0.1", port, "http.port")
    assert "give another with --port, or set http.port" in str(refused.value)
    assert refused.value.exit_code == 2


def test_an_address_that_is_none_is_refused(monkeypatch):
    def unknown(*_args, **_kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OperatorError, match=r"there is no address 'nowhere.invalid'"):
        listen("nowhere.invalid", 80, "http.port")
