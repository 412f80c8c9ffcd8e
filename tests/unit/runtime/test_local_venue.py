"""The local exchange's server on real loopback sockets, with clocks moved by hand."""

import json
import stat
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.runtime.local_client import (
    ClientFile,
    make_credentials,
    read_client_file,
    write_client_file,
)
from kalshi_assistant.runtime.local_venue import (
    HOST,
    REST_PREFIX,
    WS_PATH,
    Account,
    LocalVenue,
    LocalVenueSettings,
)
from kalshi_assistant.venues.kalshi.signing import Signer
from tests.support.build import TICKER, delta, ns
from tests.support.scripted_exchange import NOW, ScriptedExchange, trade

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

BALANCE = f"{REST_PREFIX}/portfolio/balance"
MARKETS = f"{REST_PREFIX}/markets"


class HandClock:
    """Moved by the test only."""

    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


class Stand:
    """A venue, its exchange and clocks, and one client with the key."""

    def __init__(self, directory, kind, **settings):
        self.exchange = ScriptedExchange()
        self.wall, self.time = HandClock(NOW), HandClock(NOW)
        credentials = make_credentials(directory, kind)
        pem = credentials.private_key_path.read_bytes()
        self.signer = Signer(credentials.key_id, load_pem_private_key(pem, None))
        self.venue = LocalVenue(
            self.exchange,
            Account(credentials, self.wall),
            self.time,
            LocalVenueSettings(**settings),
        )

    def headers(self, path, method="GET", at=None):
        stamp = (self.wall.at if at is None else at) // MILLISECOND
        return self.signer.sign(stamp, method, path)

    async def get(self, path, headers=None, **query):
        address = f"{self.base}{path}"
        async with self.client.get(
            address, headers=headers, params=query, allow_redirects=False
        ) as got:
            return got.status, await got.text(), got.headers

    async def signed(self, path, **query):
        return await self.get(path, self.headers(path), **query)

    def connect(self, **options):
        return self.client.ws_connect(
            f"{self.base}{WS_PATH}", headers=self.headers(WS_PATH), **options
        )

    def later(self, seconds):
        """Move venue time on and let the exchange live it."""
        self.time.at += int(seconds * SECOND)
        self.venue.step()


@pytest.fixture
def stand(tmp_path):
    @asynccontextmanager
    async def build(kind="ed25519", **settings):
        made = Stand(tmp_path, kind, **settings)
        made.base = f"http://{HOST}:{await made.venue.listen(0)}"
        async with ClientSession() as made.client:
            yield made
            await made.venue.close()

    return build


async def subscribe(socket, *channels, **params):
    command = {"id": 1, "cmd": "subscribe", "params": {"channels": list(channels), **params}}
    await socket.send_str(json.dumps(command))
    return [(await socket.receive_json())["msg"]["sid"] for _ in channels]


class TestRest:
    async def test_market_data_needs_no_signature(self, stand):
        async with stand() as venue:
            status, body, headers = await venue.get(f"{MARKETS}/{TICKER}")
            assert (status, headers["Content-Type"]) == (200, "application/json")
            assert json.loads(body)["market"]["ticker"] == TICKER

    @pytest.mark.parametrize("kind", ["ed25519", "rsa"])
    async def test_the_account_needs_one_of_either_kind(self, stand, kind):
        async with stand(kind) as venue:
            assert (await venue.get(BALANCE))[0] == 401
            assert (await venue.signed(BALANCE))[0] == 200

    async def test_the_query_is_not_signed(self, stand):
        async with stand() as venue:
            path = f"{REST_PREFIX}/cfbenchmarks/values"
            assert (await venue.signed(path, id="BRTI"))[0] == 200

    @pytest.mark.parametrize(("seconds", "status"), [(-31, 401), (-29, 200), (29, 200), (31, 401)])
    async def test_signatures_hold_for_thirty_seconds_of_wall_time(self, stand, seconds, status):
        async with stand() as venue:
            venue.time.at += 10**15  # venue time does not matter
            headers = venue.headers(BALANCE, at=NOW + seconds * SECOND)
            assert (await venue.get(BALANCE, headers))[0] == status

    async def test_a_signature_over_something_else_is_refused(self, stand):
        async with stand() as venue:
            wrong = [
                venue.headers(MARKETS),
                venue.headers(BALANCE, method="POST"),
                venue.headers(BALANCE) | {"KALSHI-ACCESS-KEY": "another"},
                venue.headers(BALANCE) | {"KALSHI-ACCESS-SIGNATURE": "no base64"},
                venue.headers(BALANCE) | {"KALSHI-ACCESS-TIMESTAMP": "soon"},
            ]
            assert [(await venue.get(BALANCE, each))[0] for each in wrong] == [401] * len(wrong)
            body = json.loads((await venue.get(BALANCE, wrong[0]))[1])
            assert body["code"] == "authentication_error"

    async def test_a_bad_signature_is_refused_where_none_is_needed(self, stand):
        async with stand() as venue:
            assert (await venue.get(MARKETS, venue.headers(BALANCE)))[0] == 401

    async def test_spent_tokens_give_429_and_come_back_with_wall_time(self, stand):
        async with stand() as venue:
            path = f"{REST_PREFIX}/cfbenchmarks/values"
            answers = [await venue.signed(path, id="BRTI") for _ in range(13)]
            assert [status for status, *_ in answers] == [200] * 12 + [429]
            assert answers[-1][1] == '{"error": "too many requests"}'
            assert (await venue.get(MARKETS))[0] == 200
            venue.wall.at += SECOND
            assert (await venue.signed(path, id="BRTI"))[0] == 200

    async def test_a_trailing_slash_is_moved_permanently(self, stand):
        async with stand() as venue:
            status, _, headers = await venue.get(f"{MARKETS}/", limit="1")
            assert (status, headers["Location"]) == (301, f"{MARKETS}?limit=1")

    @pytest.mark.parametrize("path", ["/", "/other", f"{REST_PREFIX}/other", REST_PREFIX])
    async def test_unknown_paths_are_404_in_the_venues_shape(self, stand, path):
        async with stand() as venue:
            status, body, _ = await venue.get(path)
            assert (status, json.loads(body)["code"]) == (404, "not_found")

    async def test_a_taken_port_is_said_in_words(self, stand):
        async with stand() as venue:
            other = LocalVenue(venue.exchange, venue.venue._account, venue.time)
            with pytest.raises(OperatorError, match="cannot listen on port"):
                await other.listen(int(venue.base.rpartition(":")[2]))
            await other.close()


class TestStream:
    async def test_the_upgrade_needs_a_signature(self, stand):
        async with stand() as venue:
            with pytest.raises(WSServerHandshakeError) as refused:
                await venue.client.ws_connect(f"{venue.base}{WS_PATH}")
            assert refused.value.status == 401

    async def test_a_step_of_the_exchange_reaches_every_subscriber(self, stand):
        async with stand() as venue, venue.connect() as one, venue.connect() as two:
            await subscribe(one, "trade", "orderbook_delta", market_tickers=[TICKER])
            assert (await one.receive_json())["type"] == "orderbook_snapshot"
            await subscribe(two, "trade")
            venue.exchange.coming = [trade(61), delta(1_795_280_462, 0, 5_500, 100)]
            venue.later(2)
            assert [(await one.receive_json())["type"] for _ in range(2)] == [
                "trade",
                "orderbook_delta",
            ]
            assert (await two.receive_json())["msg"]["trade_id"] == "trade-61"

    async def test_frames_are_stamped_in_venue_time(self, stand):
        async with stand() as venue, venue.connect() as socket:
            await subscribe(socket, "trade")
            venue.exchange.coming = [trade(61)]
            venue.wall.at += 3_600 * SECOND
            venue.later(2)
            frame = await socket.receive_json()
            assert frame["sending_ts_ms"] == (NOW + 2 * SECOND) // MILLISECOND

    async def test_the_server_pings_with_its_word(self, stand):
        async with stand(ping_seconds=0.001) as venue, venue.connect(autoping=False) as socket:
            message = await socket.receive()
            assert (message.type, message.data) == (WSMsgType.PING, b"heartbeat")

    async def test_pings_of_the_client_are_answered(self, stand):
        async with stand() as venue, venue.connect(autoping=False) as socket:
            await socket.ping(b"there?")
            message = await socket.receive()
            assert (message.type, bytes(message.data)) == (WSMsgType.PONG, b"there?")

    async def test_a_reader_too_far_behind_is_told_and_cut_off(self, stand):
        async with stand(outbound_bytes_max=1_000) as venue, venue.connect() as socket:
            await subscribe(socket, "trade")
            venue.exchange.coming = [trade(61 + number) for number in range(10)]
            venue.later(20)
            venue.later(20)
            venue.later(20)
            frame = await socket.receive_json()
            assert (frame["type"], frame["msg"]["code"]) == ("error", 25)
            assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)

    async def test_compression_is_used_when_offered(self, stand):
        async with stand() as venue, venue.connect(compress=15) as socket:
            assert socket.compress
            assert await subscribe(socket, "trade") == [1]

    async def test_an_unsigned_word_is_answered_and_the_connection_stays(self, stand):
        async with stand() as venue, venue.connect() as socket:
            await socket.send_str("hello")
            assert (await socket.receive_json())["msg"]["code"] == 1
            assert await subscribe(socket, "trade") == [1]

    async def test_closing_ends_the_connections_in_order(self, stand):
        async with stand() as venue, venue.connect() as socket:
            await subscribe(socket, "trade")
            await venue.venue.close()
            message = await socket.receive()
            assert (message.type, message.data) == (WSMsgType.CLOSE, 1001)


class TestPace:
    async def test_a_long_absence_is_lived_in_slices(self, stand):
        async with stand(slice_seconds=5) as venue:
            reached = []
            venue.time.at += 12 * SECOND
            for _ in range(4):
                venue.venue.step()
                reached.append((venue.exchange.reached - NOW) // SECOND)
            assert reached == [5, 10, 12, 12]

    async def test_running_lives_until_cancelled(self, stand):
        import asyncio

        async with stand(step_ms=1) as venue, venue.connect() as socket:
            await subscribe(socket, "trade")
            venue.exchange.coming = [trade(61)]
            venue.time.at = ns(1_795_280_400 + 61)
            running = asyncio.create_task(venue.venue.run())
            assert (await socket.receive_json())["msg"]["trade_id"] == "trade-61"
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running


class TestClientFile:
    REST, WS = "http://127.0.0.1:8001/trade-api/v2", "ws://localhost:8001/ws"
    CLIENT = ClientFile(REST, WS, "id", "/key", 4.0, NOW, 1_000, {}, {"lmax": "http://[::1]:9/b"})

    def test_it_reads_back_as_written_and_only_for_its_owner(self, tmp_path):
        path = write_client_file(tmp_path / "new", self.CLIENT)
        assert read_client_file(path) == self.CLIENT
        assert json.loads(path.read_text())["rest_url"] == self.REST
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert [each.name for each in path.parent.iterdir()] == ["client.json"]

    def test_its_clock_runs_at_the_speed_of_the_venue(self):
        wall = HandClock(1_000)
        clock = self.CLIENT.clock(wall)
        assert clock.now() == NOW
        wall.at += 100
        assert clock.now() == NOW + 400

    @pytest.mark.parametrize("content", ["", "{}", '{"rest_url": 1}'])
    def test_a_broken_one_is_refused_by_name(self, tmp_path, content):
        path = tmp_path / "client.json"
        path.write_text(content)
        with pytest.raises(OperatorError, match="is not a client file"):
            read_client_file(path)

    @pytest.mark.parametrize(
        "other",
        [
            {"rest_url": "https://external-api.kalshi.com/trade-api/v2"},
            {"rest_url": "https://127.0.0.1/trade-api/v2"},
            {"rest_url": "http://127.0.0.1.example.com/trade-api/v2"},
            {"rest_url": "http://127.0.0.1@example.com/trade-api/v2"},
            {"rest_url": "http://10.0.0.7:8001/trade-api/v2"},
            {"rest_url": "http://[::1/trade-api/v2"},
            {"rest_url": ""},
            {"ws_url": "wss://external-api-ws.kalshi.com/trade-api/ws/v2"},
            {"spot_urls": {"gemini": "wss://api.gemini.com"}},
            {"spot_documents": {"bitstamp": "http://example.com/"}},
        ],
    )
    def test_one_that_leads_away_from_this_machine_is_refused(self, tmp_path, other):
        path = write_client_file(tmp_path, msgspec.structs.replace(self.CLIENT, **other))
        with pytest.raises(OperatorError, match="not on this machine"):
            read_client_file(path)

    def test_a_missing_one_is_said_in_words(self, tmp_path):
        with pytest.raises(OperatorError, match="cannot read"):
            read_client_file(tmp_path / "client.json")

    @pytest.mark.parametrize("kind", ["ed25519", "rsa"])
    def test_the_private_key_is_for_its_owner_and_new_every_time(self, tmp_path, kind):
        first = make_credentials(tmp_path, kind)
        before = first.private_key_path.read_bytes()
        second = make_credentials(tmp_path, kind)
        assert stat.S_IMODE(second.private_key_path.stat().st_mode) == 0o600
        assert second.private_key_path.read_bytes() != before
        assert first.key_id != second.key_id

    def test_a_folder_that_cannot_be_made_is_said_in_words(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(OperatorError, match="cannot write"):
            make_credentials(tmp_path / "file", "ed25519")


class TestWrites:
    ORDERS = f"{REST_PREFIX}/portfolio/events/orders"

    async def send(self, venue, method, path, data=b"", signed=True, **query):
        headers = venue.headers(path, method) if signed else {}
        address = f"{venue.base}{path}"
        async with venue.client.request(
            method, address, headers=headers, params=query, data=data
        ) as got:
            return got.status, await got.text()

    async def test_they_need_a_signature_of_their_own_method(self, stand):
        async with stand() as venue:
            assert (await self.send(venue, "POST", self.ORDERS, b"{}", signed=False))[0] == 401
            assert (await self.send(venue, "POST", self.ORDERS, b"{}"))[0] == 400
            assert (await self.send(venue, "DELETE", self.ORDERS)) == (204, "")

    async def test_a_body_too_large_is_not_taken(self, stand):
        async with stand() as venue:
            assert (await self.send(venue, "POST", self.ORDERS, b" " * 300_000))[0] == 413

    async def test_each_bucket_pays_for_itself_and_fills_in_wall_time(self, stand):
        async with stand() as venue:

            async def cancels(number, **query):
                path = f"{self.ORDERS}/none"
                sent = [await self.send(venue, "DELETE", path, **query) for _ in range(number)]
                return [status for status, _ in sent], sent[-1][1]

            crypto = {"exchange_index": "2"}
            assert (await cancels(51, **crypto))[0] == [404] * 50 + [429]
            assert (await cancels(51))[0] == [404] * 50 + [429]
            statuses, body = await cancels(1, market_ticker=TICKER)
            assert (statuses, body) == ([429], '{"error": "too many requests"}')
            assert (await cancels(1, exchange_index="3"))[0] == [404]
            venue.time.at += 10**12
            assert (await cancels(1, **crypto))[0] == [429]
            venue.wall.at += 20 * MILLISECOND
            assert (await cancels(2, **crypto))[0] == [404, 429]

    async def test_a_batch_has_to_fit_whole(self, stand):
        async with stand() as venue:
            items = json.dumps({"orders": [{}] * 11}).encode()
            assert (await self.send(venue, "POST", f"{self.ORDERS}/batched", items))[0] == 429
            items = json.dumps({"orders": [{}] * 10}).encode()
            assert (await self.send(venue, "POST", f"{self.ORDERS}/batched", items))[0] == 201

    async def test_what_a_write_says_reaches_the_sockets_at_once(self, stand):
        async with stand() as venue, venue.connect() as socket:
            await subscribe(socket, "order_group_updates")
            body = b'{"contracts_limit": 5, "exchange_index": 2}'
            path = f"{REST_PREFIX}/portfolio/order_groups/create"
            assert (await self.send(venue, "POST", path, body))[0] == 201
            told = await socket.receive_json()
            assert (told["type"], told["msg"]["event_type"]) == ("order_group_updates", "created")
