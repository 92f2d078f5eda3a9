"""Somebody who walks through the dashboard, whatever the browser.

What a hand does is done by the browser itself; what an eye sees is asked of the page
(`walk_page.js`). Knows nothing of Playwright, so that Firefox and WebKitGTK can be driven too.
"""

from collections.abc import Callable
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

_HERE = Path(__file__).parent
_MISSING = "walk is not here"
_PATIENCE_S = 180


class WalkError(Exception):
    """What should be seen is not."""


class Hands(Protocol):
    """What a person does in a page, by the browser's own input; places are CSS pixels."""

    def go(self, url: str) -> None:
        """Show an address and wait until it is loaded."""

    def run(self, script: str) -> Any:
        """Return what the body of an async function returns, as JSON can hold it."""

    def move(self, x: float, y: float) -> None:
        """Move the mouse there."""

    def down(self) -> None:
        """Press the left button."""

    def up(self) -> None:
        """Let it go."""


class Walker:
    """Hands, what was told of the house, and what was found.

    `tell` is called with a line for each thing that was measured; `late_ms` is how far behind
    the time it tells a browser's picture may be.
    """

    def __init__(
        self,
        hands: Hands,
        told: dict[str, Any],
        tell: Callable[[str], None],
        late_ms: int = 200,
    ) -> None:
        self.hands = hands
        self.late_ms = late_ms
        self.told = told
        self.tell = tell
        self.url: str = told["url"]
        names = ("read_picture.js", "walk_page.js")
        texts = [(_HERE / name).read_text(encoding="utf-8") for name in names]
        self._source = "\n".join(texts)

    def run(self, script: str, **values: Any) -> Any:
        """Run a script in the page; `values` are constants of it. Raises `WalkError`."""
        constants = "".join(
            f"const {name} = {json.dumps(value)};\n" for name, value in values.items()
        )
        guard = f"if (!globalThis.walk) return {json.dumps(_MISSING)};\n"
        found = self._try(guard + constants + script)
        if found == _MISSING:
            self._try(self._source)
            found = self._try(guard + constants + script)
        return found

    def _try(self, script: str) -> Any:
        try:
            return self.hands.run(script)
        except Exception as err:
            lines = str(err).splitlines() or [repr(err)]
            raise WalkError(lines[0][:1500]) from err

    def open(self, page: str, query: str = "") -> None:
        """Go to a page of the panel, and wait until nothing of it is being loaded."""
        path = "" if page == "overview" else page
        self.hands.go(f"{self.url}/vtrack-nvr/{path}{query}")
        self.run(
            "await walk.until(() => { const shown = walk.deep(name);"
            " return shown?.renderRoot && !shown.renderRoot.querySelector('[aria-busy=true]'); },"
            " patience, name);",
            name=f"vtrack-page-{page}",
            patience=_PATIENCE_S,
        )

    def open_timeline(self, cameras: list[str], at_ms: int, seconds: float) -> None:
        """Stand still at a moment of these cameras, so much of the timeline in sight."""
        when = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()
        keys = quote(",".join(cameras), safe="")
        query = f"?c={keys}&t={quote(when)}&z={seconds:.0f}"
        self.open("timeline", query)
        self.run(
            "await walk.until(() => walk.timeline()?.isReady && walk.timeline().stage.width, 120, 'a timeline');"
            "await walk.rest();"
        )

    def ask(self, kind: str, **fields: Any) -> Any:
        """Return the answer to a command of ours over the page's own WebSocket."""
        message = {"type": f"vtrack_nvr/{kind}", **fields}
        return self.run("return await walk.ask(message);", message=message)

    def key_of(self, camera: str) -> str:
        """Return a camera's key by its name."""
        return next(
            str(each["key"])
            for each in self.ask("info")["cameras"]
            if each["name"] == camera
        )

    def click(self, place: dict[str, float]) -> None:
        """Click somewhere."""
        self.hands.move(place["x"], place["y"])
        self.hands.down()
        self.hands.up()

    def pictures_at_rest(self) -> list[dict[str, Any]]:
        """Return what the player shows, when it stands still."""
        found: list[dict[str, Any]] = self.run("return await walk.rest();")
        return found


def expect(holds: bool, otherwise: str) -> None:
    """Raise `WalkError` unless something holds."""
    if not holds:
        raise WalkError(otherwise)
