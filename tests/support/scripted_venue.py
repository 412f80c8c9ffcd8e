"""A venue's REST side on loopback that answers from a script and remembers what reached it."""

import asyncio
import json
from contextlib import asynccontextmanager

from aiohttp import web

HANG, RESET = "hang", "reset"
HOST = "127.0.0.1"
ROOT = "/trade-api/v2"


class ScriptedVenue:
    """Answers by (method, path below the root), in turn, the last one again and again.

    An answer is ``(status, body)``, ``HANG``, ``RESET``, or a function of the request's JSON that
    gives one of these.
    """

    def __init__(self):
        self.script = {("GET", "/exchange/status"): [(200, {})]}
        self.seen = []
        self.arrivals = asyncio.Queue()
        self.url = ""
        self._free = asyncio.Event()

    def on(self, method, path, *answers):
        self.script[method, path] = list(answers)

    def reached(self, method, path=None):
        """The requests with this method that reached the venue."""
        return [each for each in self.seen if each[0] == method and path in (None, each[1])]

    @asynccontextmanager
    async def open(self):
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        self.url = f"http://{HOST}:{runner.addresses[0][1]}{ROOT}"
        try:
            yield self
        finally:
            self._free.set()
            await runner.cleanup()

    async def _answer(self, request):
        raw = await request.read()
        path = request.path.removeprefix(ROOT)
        self.seen.append((request.method, path, dict(request.query), raw, dict(request.headers)))
        self.arrivals.put_nowait(path)
        waiting = self.script[request.method, path]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if callable(answer):
            answer = answer(json.loads(raw or b"null"))
        if answer == HANG:
            await self._free.wait()
            return web.Response(status=500)
        if answer == RESET:
            request.transport.abort()
            return web.Response(status=500)
        status, body = answer
        text = body if isinstance(body, str) else json.dumps(body)
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else None
        return web.Response(status=status, text=text, headers=headers)
