"""Real browsers without a screen, driven by what each of them speaks itself.

Chromium by its DevTools protocol, Firefox by WebDriver BiDi, WebKitGTK (the nearest to
Safari that runs on Linux) by WebDriver. Each plays without a person's click.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
import json
import os
from pathlib import Path
import re
import shutil
import signal
import tempfile
from typing import Any, Protocol

import aiohttp

from scripts.demo_lib.ports import free_port
from scripts.demo_lib.processes import die_with_parent

START_S = 60.0
ANSWER_S = 600.0
"""A script may wait for a film to be played."""
_MINI_BROWSER = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"


class BrowserError(Exception):
    """A browser could not be started, or a script in it failed."""


class Page(Protocol):
    """One page of one browser."""

    async def open(self, url: str) -> None:
        """Show an address and wait until it is loaded."""
        ...

    async def run(self, script: str) -> Any:
        """Return what the body of an async function returns in the page, as JSON can hold it.

        Raises `BrowserError` with what the script threw.
        """
        ...

    async def act(self, sources: list[dict[str, Any]]) -> None:
        """Do what a hand does: input sources with their actions, as WebDriver has them."""
        ...


def chromium_binary() -> str | None:
    """Return the machine's Chromium, None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or _first(*names)


def firefox_binary() -> str | None:
    """Return the machine's Firefox, None where there is none."""
    return os.environ.get("FIREFOX") or _first("firefox-esr", "firefox")


def webkit_binary() -> str | None:
    """Return WebKitGTK's MiniBrowser, None where it, its driver or a screen is missing."""
    found = [os.environ.get("MINI_BROWSER", "")] if "MINI_BROWSER" in os.environ else []
    found += [str(path) for path in sorted(Path("/").glob(_MINI_BROWSER[1:]))]
    has_all = _first("WebKitWebDriver") and _first("Xvfb")
    return found[0] if found and has_all else None


def _first(*names: str) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


@asynccontextmanager
async def chromium() -> AsyncIterator[Page]:
    """Start Chromium with a fresh profile."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(_profile())
        line = await stack.enter_async_context(
            _program(
                chromium_binary() or "chromium",
                "--headless=new",
                "--remote-debugging-port=0",
                f"--user-data-dir={folder}",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--autoplay-policy=no-user-gesture-required",
                "about:blank",
                says=r"DevTools listening on (ws://\S+)",
            )
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        base = re.sub(r"^ws://([^/]+)/.*", r"http://\1", line)
        async with session.get(f"{base}/json/list") as answer:
            targets = await answer.json()
        target = next(item for item in targets if item["type"] == "page")
        line = target["webSocketDebuggerUrl"]
        yield _Chromium(await stack.enter_async_context(_talk(session, line)))


@asynccontextmanager
async def firefox() -> AsyncIterator[Page]:
    """Start Firefox with a fresh profile."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(_profile())
        preferences = {
            "media.autoplay.default": 0,
            "media.autoplay.blocking_policy": 0,
            "datareporting.policy.dataSubmissionEnabled": False,
            "app.update.enabled": False,
        }
        lines = (
            f"user_pref({json.dumps(k)}, {json.dumps(v)});"
            for k, v in preferences.items()
        )
        await asyncio.to_thread(Path(folder, "user.js").write_text, "\n".join(lines))
        line = await stack.enter_async_context(
            _program(
                firefox_binary() or "firefox-esr",
                *("--headless", "--remote-debugging-port", "0", "--profile", folder),
                says=r"WebDriver BiDi listening on (ws://\S+)",
            )
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        talk = await stack.enter_async_context(_talk(session, f"{line}/session"))
        await talk.ask("session.new", capabilities={})
        tree = await talk.ask("browsingContext.getTree")
        yield _Firefox(talk, tree["contexts"][0]["context"])


@asynccontextmanager
async def webkit() -> AsyncIterator[Page]:
    """Start WebKitGTK's MiniBrowser on a screen of its own."""
    binary = webkit_binary()
    if binary is None:
        raise BrowserError("WebKitGTK, its driver or Xvfb is missing")
    async with AsyncExitStack() as stack:
        display = await stack.enter_async_context(_screen())
        port = free_port()
        await stack.enter_async_context(
            _program(
                "WebKitWebDriver",
                f"--port={port}",
                says=None,
                env={"DISPLAY": display, "GDK_BACKEND": "x11"},
            )
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        page = _WebKit(session, f"http://127.0.0.1:{port}")
        await page.begin(binary)
        stack.push_async_callback(page.end)
        yield page


ENGINES = {"chromium": chromium, "firefox": firefox, "webkit": webkit}
BINARIES = {
    "chromium": chromium_binary,
    "firefox": firefox_binary,
    "webkit": webkit_binary,
}


class _Talk:
    """Questions and answers over one WebSocket, matched by their ids."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = count(1)
        self._open: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def listen(self) -> None:
        """Give out answers until the browser goes."""
        async for message in self._socket:
            told = message.json()
            if (future := self._open.pop(told.get("id", 0), None)) is not None:
                future.set_result(told)
        for future in self._open.values():
            future.set_exception(BrowserError("the browser has gone"))

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Return the result of a command; raises `BrowserError`."""
        number = next(self._ids)
        future = self._open[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(ANSWER_S):
            told = await future
        if "error" in told:
            raise BrowserError(f"{method}: {told.get('message') or told['error']}")
        result: dict[str, Any] = told["result"]
        return result


class _Chromium:
    def __init__(self, talk: _Talk) -> None:
        self._talk = talk
        self._at = (0.0, 0.0)

    async def open(self, url: str) -> None:
        await self._talk.ask("Page.navigate", url=url)
        loaded = "return document.readyState === 'complete' && location.href"
        async with asyncio.timeout(START_S):
            while True:
                with suppress(BrowserError):  # the page before went away meanwhile
                    if await self.run(loaded) not in {False, "about:blank"}:
                        return
                await asyncio.sleep(0.05)

    async def run(self, script: str) -> Any:
        told = await self._talk.ask(
            "Runtime.evaluate",
            expression=_function(script),
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in told:
            raise BrowserError(json.dumps(told["exceptionDetails"])[:2000])
        return json.loads(told["result"]["value"])

    async def act(self, sources: list[dict[str, Any]]) -> None:
        kinds = {"pointerMove": "mouseMoved", "pointerDown": "mousePressed"}
        for action in (each for source in sources for each in source["actions"]):
            self._at = (action.get("x", self._at[0]), action.get("y", self._at[1]))
            await self._talk.ask(
                "Input.dispatchMouseEvent",
                type=kinds.get(action["type"], "mouseReleased"),
                x=self._at[0],
                y=self._at[1],
                button="none" if action["type"] == "pointerMove" else "left",
                clickCount=1,
            )


class _Firefox:
    def __init__(self, talk: _Talk, context: str) -> None:
        self._talk, self._context = talk, context

    async def open(self, url: str) -> None:
        await self._talk.ask(
            "browsingContext.navigate", context=self._context, url=url, wait="complete"
        )

    async def run(self, script: str) -> Any:
        told = await self._talk.ask(
            "script.evaluate",
            expression=_function(script),
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if told["type"] != "success":
            raise BrowserError(json.dumps(told["exceptionDetails"])[:2000])
        return json.loads(told["result"]["value"])

    async def act(self, sources: list[dict[str, Any]]) -> None:
        await self._talk.ask(
            "input.performActions", context=self._context, actions=sources
        )


class _WebKit:
    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session, self._base = session, base
        self._id = ""

    async def begin(self, binary: str) -> None:
        """Let the driver start the browser; it may not listen yet."""
        options = {"binary": binary, "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        async with asyncio.timeout(START_S):
            while True:
                with suppress(aiohttp.ClientConnectionError):
                    told = await self._post("/session", {"capabilities": wanted})
                    break
                await asyncio.sleep(0.1)
        self._id = told["sessionId"]
        await self._post(
            f"/session/{self._id}/timeouts", {"script": int(ANSWER_S * 1000)}
        )

    async def end(self) -> None:
        """Close the browser."""
        with suppress(aiohttp.ClientError):
            async with self._session.delete(f"{self._base}/session/{self._id}"):
                pass

    async def open(self, url: str) -> None:
        await self._post(f"/session/{self._id}/url", {"url": url})

    async def run(self, script: str) -> Any:
        told = await self._post(
            f"/session/{self._id}/execute/async",
            {
                "script": f"const done = arguments[0]; ({_function(script)})"
                ".then(value => done({value}), error => done({error: String(error)}));",
                "args": [],
            },
        )
        if "error" in told:
            raise BrowserError(told["error"])
        return json.loads(told["value"])

    async def act(self, sources: list[dict[str, Any]]) -> None:
        await self._post(f"/session/{self._id}/actions", {"actions": sources})

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        async with self._session.post(
            f"{self._base}{path}", json=body, timeout=timeout
        ) as answer:
            told = (await answer.json())["value"]
            if answer.status >= 400:
                raise BrowserError(f"{told.get('error')}: {told.get('message')}")
            return told


def _function(script: str) -> str:
    """Return a script whose value is a promise of JSON."""
    return f"(async () => {{ {script} }})().then(v => JSON.stringify(v === undefined ? null : v))"


def _profile() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(
        prefix="vtrack-browser-", ignore_cleanup_errors=True
    )


@asynccontextmanager
async def _talk(session: aiohttp.ClientSession, url: str) -> AsyncIterator[_Talk]:
    async with session.ws_connect(url, max_msg_size=0) as socket:
        talk = _Talk(socket)
        listening = asyncio.create_task(talk.listen())
        try:
            yield talk
        finally:
            listening.cancel()


@asynccontextmanager
async def _screen() -> AsyncIterator[str]:
    """Start a screen that nobody sees; yields its name."""
    read, write = os.pipe()
    try:
        async with _program(
            *("Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1024x24"),
            *("-nolisten", "tcp"),
            says=None,
            pass_fds=(write,),
        ):
            number = await asyncio.wait_for(
                asyncio.to_thread(os.read, read, 16), START_S
            )
            yield f":{number.decode().strip()}"
    finally:
        os.close(read)
        os.close(write)


@asynccontextmanager
async def _program(
    *arguments: str,
    says: str | None,
    env: dict[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
) -> AsyncIterator[str]:
    """Run a program; yields what it says first that matches, and ends it with all it began."""
    child = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **(env or {})},
        pass_fds=pass_fds,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    assert child.stdout is not None
    said: list[str] = []
    reading = asyncio.create_task(_read(child.stdout, said, says))
    try:
        if says is None:
            yield ""
        else:
            yield await _first_match(reading, said, says, arguments[0])
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), 10)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
        reading.cancel()


async def _read(
    stream: asyncio.StreamReader, said: list[str], says: str | None
) -> None:
    """Take what a program says, so that it never waits for a reader."""
    async for line in stream:
        if says is not None and len(said) < 200:
            said.append(line.decode(errors="replace").strip())


async def _first_match(
    reading: asyncio.Task[None], said: list[str], says: str, name: str
) -> str:
    async with asyncio.timeout(START_S):
        while True:
            for line in said:
                if found := re.search(says, line):
                    return found.group(1)
            if reading.done():
                raise BrowserError(f"{name} ended: {' / '.join(said[-5:])}")
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    print(" ".join(name for name, binary in BINARIES.items() if binary()))
