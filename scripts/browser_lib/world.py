"""What the browser's person may do to the simulated devices and to the disk."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
from typing import Any
import urllib.request


class World:
    """The devices and folders around Home Assistant."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.nvrs: list[dict[str, Any]] = told["nvrs"]
        self.tls: dict[str, Any] = told.get("tls", {})
        self.media = Path(told.get("media", ""))
        self._control: str = told.get("control", "")

    def control(self, nvr: str, action: str, **values: Any) -> None:
        """Do something to a device through the simulator's control port."""
        self._ask("POST", nvr, action, values)

    @contextmanager
    def faults(self, nvr: str, **faults: Any) -> Iterator[None]:
        """Let a device behave badly for a while."""
        self._ask("POST", nvr, "faults", faults)
        try:
            yield
        finally:
            self._ask("DELETE", nvr, "faults", {})

    def _ask(self, method: str, nvr: str, action: str, values: Any) -> None:
        request = urllib.request.Request(
            f"{self._control}/nvrs/{nvr}/{action}",
            data=json.dumps(values).encode(),
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
