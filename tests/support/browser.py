"""A headless Chromium, driven over its own protocol: open a page, type, read what it shows."""

import asyncio
import base64
import shutil
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FOUND = next((path for name in NAMES if (path := shutil.which(name)) is not None), None)
WHY_NOT = "no Chromium or Chrome is installed (Debian: apt-get install chromium)"
PATIENCE_SECONDS = 60
LOOK_SECONDS = 0.1

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0",
)  # fmt: skip

# The terminal is drawn on a canvas. What it says to a screen reader is text in the page, once its
# option for that is on: it is put into the script on its way into the browser.
SCRIPT = "textual.js"
OPTION, READABLE = b"scrollback:0", b"scrollback:0,screenReaderMode:!0"

LINES = """[...document.querySelectorAll('.xterm-accessibility-tree, .told, #told')]
  .filter((each) => each.offsetParent !== null).map((each) => each.innerText).join('\\n')"""


class Page:
    """One tab."""

    def __init__(self, browser, session):
        self._browser, self._session = browser, session
        self.asked = []
        """Addresses the page asked for."""
        self.complaints = []
        """What it wrote to the console as an error, and exceptions of its scripts."""

    async def send(self, method, **params):
        return await self._browser.send(method, params, self._session)

    def heard(self, method, params):
        match method:
            case "Fetch.requestPaused":
                self._passing = asyncio.ensure_future(self._pass_on(params["requestId"]))
            case "Network.requestWillBeSent":
                self.asked.append(params["request"]["url"])
            case "Network.webSocketCreated":
                self.asked.append(params["url"])
            case "Runtime.exceptionThrown":
                thrown = params["exceptionDetails"].get("exception", {})
                self.complaints.append(thrown.get("description", "an exception"))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.complaints.append(params["entry"]["text"])

    async def _pass_on(self, request):
        """Let the script in, with the option on."""
        answer = await self.send("Fetch.getResponseBody", requestId=request)
        body = base64.b64decode(answer["body"])
        assert OPTION in body, "the terminal's options are written otherwise"
        body = base64.b64encode(body.replace(OPTION, READABLE)).decode()
        await self.send("Fetch.fulfillRequest", requestId=request, responseCode=200, body=body)

    async def open(self, url):
        await self.send("Page.navigate", url=url)

    async def value(self, script):
        """What a script comes to."""
        answer = await self.send("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    async def text(self):
        """What can be read now: the terminal's lines, and what is told in its place."""
        return (await self.value(LINES)).replace("\xa0", " ")

    async def until(self, *wanted, gone=()):
        """Wait until all of ``wanted`` can be read and nothing of ``gone``."""
        text = ""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    text = await self.text()
                    if all(each in text for each in wanted) and not any(x in text for x in gone):
                        return text
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise AssertionError(f"never read {wanted}; the page says:\n{text}") from None

    async def press(self, *keys):
        """Type single letters, as a keyboard would."""
        for key in keys:
            await self.send("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
            await self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def picture(self):
        """A screenshot, as PNG."""
        shot = await self.send("Page.captureScreenshot", format="png")
        return base64.b64decode(shot["data"])


class Browser:
    """The line to a running browser."""

    def __init__(self, line):
        self._line, self._numbers = line, count(1)
        self._waiting, self._pages = {}, {}
        self._listening = asyncio.create_task(self._listen())

    async def send(self, method, params, session=None):
        number = next(self._numbers)
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": params}
        await self._line.send_json(message | ({} if session is None else {"sessionId": session}))
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await answer

    async def page(self, width=1200, height=720):
        target = await self.send("Target.createTarget", {"url": "about:blank"})
        ask = {"targetId": target["targetId"], "flatten": True}
        session = (await self.send("Target.attachToTarget", ask))["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Network", "Runtime", "Log"):
            await page.send(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await page.send("Emulation.setDeviceMetricsOverride", **size)
        pattern = {"urlPattern": f"*{SCRIPT}", "requestStage": "Response"}
        await page.send("Fetch.enable", patterns=[pattern])
        return page

    async def _listen(self):
        async for message in self._line:
            said = message.json()
            if "id" in said:
                answer = self._waiting.pop(said["id"])
                if answer.done():
                    continue
                if "error" in said:
                    answer.set_exception(AssertionError(str(said["error"])))
                else:
                    answer.set_result(said["result"])
            elif said.get("sessionId") in self._pages:
                self._pages[said["sessionId"]].heard(said["method"], said["params"])

    async def close(self):
        self._listening.cancel()
        await self._line.close()


@asynccontextmanager
async def browsing(folder):
    """A browser with an empty profile in ``folder``."""
    profile = Path(folder) / "profile"
    command = [FOUND, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=nowhere, stderr=nowhere)
    try:
        port, path = await _address(profile / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as session:
            url = f"ws://127.0.0.1:{port}{path}"
            async with session.ws_connect(url, max_msg_size=64 * 2**20) as line:
                browser = Browser(line)
                try:
                    yield browser
                finally:
                    await browser.close()
    finally:
        process.kill()
        await process.wait()


async def _address(file, process):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not file.exists() or file.read_text().count("\n") < 1:
            assert process.returncode is None, "the browser ended at once"
            await asyncio.sleep(LOOK_SECONDS)
    return file.read_text().split("\n")[:2]
