"""Hands in Firefox and WebKitGTK: the browser's own input, asked for from a thread of scenes."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from .engines import ANSWER_S, Page


class EngineHands:
    """The hands of a walker over a page of `engines.py`; used outside its event loop."""

    def __init__(self, page: Page, loop: asyncio.AbstractEventLoop) -> None:
        self._page = page
        self._loop = loop

    def go(self, url: str) -> None:
        """Show an address."""
        self._wait(self._page.open(url))

    def run(self, script: str) -> Any:
        """Return what a script in the page returns."""
        return self._wait(self._page.run(script))

    def move(self, x: float, y: float) -> None:
        """Move the mouse there."""
        place = {"x": round(x), "y": round(y)}
        self._act({"type": "pointerMove", **place, "duration": 30})

    def down(self) -> None:
        """Press the left button."""
        self._act({"type": "pointerDown", "button": 0})

    def up(self) -> None:
        """Let it go."""
        self._act({"type": "pointerUp", "button": 0})

    def _act(self, action: dict[str, Any]) -> None:
        mouse = {"type": "pointer", "id": "mouse", "actions": [action]}
        self._wait(self._page.act([mouse]))

    def _wait(self, doing: Coroutine[Any, Any, Any]) -> Any:
        future = asyncio.run_coroutine_threadsafe(doing, self._loop)
        return future.result(ANSWER_S)
