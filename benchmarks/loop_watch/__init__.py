"""Watches from within how late Home Assistant's event loop is, and its memory.

The action `loop_watch.read` returns what was seen since it was called last,
`loop_watch.count` what there is of tasks now.
"""

import asyncio
from collections import Counter
import gc
from pathlib import Path
import sys
import threading
import time
import traceback
from typing import Any

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
)
from homeassistant.helpers.typing import ConfigType

DOMAIN = "loop_watch"
_SLEEP_S = 0.005
_LONG_S = 0.04
_PROC = Path("/proc/self")


class LoopWatch:
    """Sleeps again and again; what a sleep takes longer is what the loop was late.

    Of that, `held` is the processor time of the loop's own thread: the rest it waited for
    the interpreter or the machine. What the collector of garbage took is left out of
    `held`: it is every object's of the process.
    """

    def __init__(self) -> None:
        self._late: Counter[int] = Counter()
        """Of each tenth of a millisecond how many: hours take no more room than minutes."""
        self._held = 0.0
        self._began = time.perf_counter()
        self._places: Counter[str] = Counter()
        self._loop_thread = threading.get_ident()
        self._collected = self._collecting = self._longest_collection = 0.0

    async def run(self) -> None:
        """Watch until cancelled."""
        gc.callbacks.append(self._on_collection)
        threading.Thread(target=self._look, daemon=True).start()
        while True:
            self._began = began = time.perf_counter()
            burnt = time.thread_time()
            collected = self._collected
            await asyncio.sleep(_SLEEP_S)
            late = max(0.0, time.perf_counter() - began - _SLEEP_S)
            self._late[round(late * 10_000)] += 1
            held = time.thread_time() - burnt - (self._collected - collected)
            self._held = max(self._held, held)

    def _look(self) -> None:
        """Note where the loop is whenever a turn is long; in a thread of its own."""
        while True:
            time.sleep(_SLEEP_S)
            if time.perf_counter() - self._began < _LONG_S:
                continue
            frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - the only way to see another thread
            stack = traceback.extract_stack(frame)[-14:]
            place = " < ".join(
                f"{Path(each.filename).stem}.{each.name}:{each.lineno}"
                for each in reversed(stack)
            )
            self._places[place] += 1

    def _on_collection(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.thread_time()
            return
        took = time.thread_time() - self._collecting
        self._collected += took
        self._longest_collection = max(self._longest_collection, took)

    def read(self) -> dict[str, Any]:
        """Return what was seen, in ms and MB, and begin anew."""
        seen = {
            "late_p99_ms": self._late_at(0.99),
            "late_max_ms": self._late_at(1),
            "held_max_ms": self._held * 1000,
            "collection_max_ms": self._longest_collection * 1000,
            "memory_mb": _memory_mb("VmRSS"),
            "peak_mb": _memory_mb("VmHWM"),
            "places": self._places.most_common(8),
        }
        self._places.clear()
        self._late.clear()
        self._held = self._longest_collection = 0.0
        # The highest memory is counted anew: proc(5).
        (_PROC / "clear_refs").write_text("5", encoding="ascii")
        return seen

    def _late_at(self, share: float) -> float:
        """Return the lateness in ms that a share of all looks did not exceed."""
        left = self._late.total() * share
        for tenths in sorted(self._late):
            left -= self._late[tenths]
            if left <= 0:
                return tenths / 10
        return 0.0


def _memory_mb(line: str) -> float:
    for text in (_PROC / "status").read_text(encoding="ascii").splitlines():
        if text.startswith(f"{line}:"):
            return int(text.split()[1]) / 1024
    return 0.0


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Begin to watch."""
    watch = LoopWatch()
    hass.async_create_background_task(watch.run(), DOMAIN)

    async def read(_call: ServiceCall) -> ServiceResponse:
        return watch.read()

    async def count(_call: ServiceCall) -> ServiceResponse:
        return {"tasks": len(asyncio.all_tasks())}

    hass.services.async_register(
        DOMAIN, "count", count, supports_response=SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN, "read", read, supports_response=SupportsResponse.ONLY
    )
    return True
