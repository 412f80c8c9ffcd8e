"""Every route, on loopback, before an engine turned by hand."""

import asyncio
import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kalshi_assistant.control.protocol import CommandReply
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.metrics.reading import EngineReader
from kalshi_assistant.metrics.serving import HttpApi
from kalshi_assistant.metrics.settings import HttpSettings
from tests.support.control import until
from tests.support.served_http import OURS, TOKEN, Shown, engine_at, over_http, shown

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

START, STOP = "/api/v1/trading/start", "/api/v1/trading/stop"


async def metrics_of(client):
    text = await (await client.get("/metrics")).text()
    return {
        (sample.name.removeprefix("kalshi_assistant_"), *sorted(sample.labels.values())): sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_the_newest_state_is_told(tmp_path):
    async with engine_at(tmp_path), over_http(tmp_path) as (client, _, reader):
        await shown(reader)
        answer = await client.get("/api/v1/state")
        told = await answer.json()
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert told["up"] is True
        assert told["engine"]["mode"] == "paper"
        assert told["state"]["sequence"] == 1


async def test_metrics_are_scraped_with_the_engine_and_the_server_in_them(tmp_path):
    async with engine_at(tmp_path), over_http(tmp_path) as (client, _, reader):
        await shown(reader)
        await client.get("/api/v1/state")
        told = await metrics_of(client)
        assert told[("up",)].value == 1
        assert told[("http_requests_total", "/api/v1/state", "200")].value == 1
        assert ("engine_info", "0.1.0", "local", "paper") in told


async def test_without_an_engine_every_answer_says_so(tmp_path):
    async with over_http(tmp_path) as (client, _, reader):
        await until(lambda: "no engine runs" in (reader.down_because or ""))
        answer = await client.get("/api/v1/state")
        told = await answer.json()
        assert answer.status == 503
        assert told["up"] is False
        assert "start one with `kalshi-assistant run`" in told["reason"]
        assert (await metrics_of(client))[("up",)].value == 0
        assert (await client.post(START, headers=OURS)).status == 503


async def test_an_engine_that_ends_and_comes_again_is_attached_to_again(tmp_path):
    async with over_http(tmp_path) as (client, _, reader):
        async with engine_at(tmp_path):
            await shown(reader)
        await until(lambda: reader.snapshot is None)
        told = await (await client.get("/api/v1/state")).json()
        assert told["reason"] is not None
        assert told["last_at"] == "2026-11-21T17:12:13.250Z"
        assert told["state"] is None
        async with engine_at(tmp_path):
            await shown(reader)
            told = await (await client.get("/api/v1/state")).json()
            assert (told["up"], told["attached"]) == (True, 2)


async def test_a_stream_tells_each_new_state(tmp_path):
    engine = Shown()
    async with engine_at(tmp_path, engine) as server, over_http(tmp_path) as (client, api, reader):
        await shown(reader)
        async with client.get("/api/v1/stream") as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
            assert (await event(answer))["state"]["sequence"] == 1
            engine.sequence = 2
            server.broadcast()
            assert (await event(answer))["state"]["sequence"] == 2
            assert api.streams.clients == 1


async def test_a_stream_tells_that_the_engine_went(tmp_path):
    async with over_http(tmp_path) as (client, _, reader):
        async with engine_at(tmp_path):
            await shown(reader)
            answer = await client.get("/api/v1/stream")
            assert (await event(answer))["up"] is True
        assert (await event(answer))["up"] is False
        answer.close()


async def event(answer):
    """The next event of a stream."""
    async with asyncio.timeout(20):
        while True:
            line = await answer.content.readline()
            assert line, "the stream ended"
            if line.startswith(b"data: "):
                return json.loads(line.removeprefix(b"data: "))


async def test_no_more_streams_than_agreed(tmp_path):
    async with engine_at(tmp_path), over_http(tmp_path, streams_max=1) as (client, api, reader):
        await shown(reader)
        async with client.get("/api/v1/stream") as first:
            await event(first)
            second = await client.get("/api/v1/stream")
            assert second.status == 503
            assert "too many streams" in (await second.json())["error"]
            assert api.door.refused == {"streams": 1}


@pytest.mark.parametrize(
    ("route", "command"), [(START, ("resume", "")), (STOP, ("pause", "over HTTP"))]
)
async def test_with_the_token_signals_start_and_stop(tmp_path, route, command):
    engine = Shown()
    async with engine_at(tmp_path, engine), over_http(tmp_path) as (client, _, reader):
        await shown(reader)
        answer = await client.post(route, headers=OURS)
        assert answer.status == 200
        assert (await answer.json())["text"] == f"{command[0]} done"
        assert [(each.name, each.argument) for each in engine.commands] == [command]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer"},
    ],
)
async def test_without_the_token_nothing_moves(tmp_path, headers):
    engine = Shown()
    async with engine_at(tmp_path, engine), over_http(tmp_path) as (client, api, reader):
        await shown(reader)
        answer = await client.post(START, headers=headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert TOKEN not in await answer.text()
        assert engine.commands == []
        assert api.door.refused == {"token": 1}


async def test_where_no_token_is_set_nothing_can_be_asked_for(tmp_path):
    async with engine_at(tmp_path), over_http(tmp_path, token=None) as (client, _, reader):
        await shown(reader)
        answer = await client.post(STOP, headers={"Authorization": "Bearer "})
        assert answer.status == 403
        assert "no token is set" in (await answer.json())["error"]


async def test_an_engine_that_trades_real_money_is_left_alone(tmp_path):
    engine = Shown()
    async with engine_at(tmp_path, engine, "live"), over_http(tmp_path) as (client, _, reader):
        await shown(reader)
        for route in (START, STOP):
            answer = await client.post(route, headers=OURS)
            assert answer.status == 403
            assert "watch and paper only" in (await answer.json())["error"]
        assert engine.commands == []


async def test_a_refusal_of_the_engine_is_told_as_one(tmp_path):
    def refuse(request):
        return CommandReply(request.id, ok=False, text="not now")

    serving = engine_at(tmp_path, answer=refuse)
    async with serving, over_http(tmp_path) as (client, _, reader):
        await shown(reader)
        answer = await client.post(START, headers=OURS)
        assert answer.status == 409
        assert (await answer.json())["text"] == "not now"


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/nowhere", 404, "there is nothing here"),
        ("POST", "/api/v1/trading/kill", 404, "there is nothing here"),
        ("POST", "/metrics", 405, "POST is not done here; GET, HEAD is"),
        ("DELETE", "/api/v1/state", 405, "DELETE is not done here"),
        ("GET", START, 405, "GET is not done here; POST is"),
    ],
)
async def test_what_is_not_there_is_refused_as_json(tmp_path, method, path, status, said):
    async with over_http(tmp_path) as (client, _, _):
        answer = await client.request(method, path)
        told = await answer.json()
        assert (answer.status, told["type"], told["status"]) == (status, "error", status)
        assert said in told["error"]


async def test_a_large_body_is_refused(tmp_path):
    async with engine_at(tmp_path), over_http(tmp_path) as (client, _, reader):
        await shown(reader)
        answer = await client.post(STOP, headers=OURS, data=b"x" * 10_000)
        assert answer.status == 413


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
)
async def test_strangers_names_and_pages_stay_out_of_every_route(tmp_path, headers):
    async with engine_at(tmp_path), over_http(tmp_path) as (client, _, reader):
        await shown(reader)
        for path in ("/metrics", "/api/v1/state", "/api/v1/stream", "/nowhere"):
            assert (await client.get(path, headers=headers)).status == 403
        assert (await client.post(STOP, headers=OURS | headers)).status == 403


async def test_beyond_this_machine_reading_wants_the_token_too(tmp_path):
    """As it would be served there; here it is asked on loopback."""
    open_to_all = {"host": "0.0.0.0"}
    async with engine_at(tmp_path), over_http(tmp_path, **open_to_all) as (client, _, reader):
        await shown(reader)
        for path in ("/metrics", "/api/v1/state", "/api/v1/stream", "/nowhere"):
            assert (await client.get(path)).status == 401
        assert (await client.get("/metrics", headers=OURS)).status == 200


def test_beyond_this_machine_a_token_must_be_set(tmp_path):
    with pytest.raises(OperatorError, match="can be reached from other machines: set a token"):
        HttpApi(EngineReader(tmp_path), HttpSettings(host="0.0.0.0"), None)
