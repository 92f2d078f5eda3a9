"""The preview of retention: worked out once for all who look, told by pages."""

import asyncio
from typing import Any

from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..core.library.upkeep_values import DayPlan
from ..runtime import VtrackHub
from .caller import Caller
from .command import command
from .errors import PLAN_EXPIRED, CommandError
from .fields import PAGE_AFTER, limit, pack_cursor, unpack_cursor

PREVIEW_MS = 60_000
"""How long a preview is told before it is worked out again."""


class Preview:
    """The last preview, and the next while it is worked out."""

    def __init__(self) -> None:
        """Know of none."""
        self.made_ms = 0
        self.days: tuple[DayPlan, ...] = ()
        self._making = asyncio.Lock()

    async def refresh(self, hub: VtrackHub) -> None:
        """Work it out again if it is old; whoever asks meanwhile waits for the same."""
        async with self._making:
            now_ms = hub.library.clock.now_ms()
            if not self.made_ms or now_ms - self.made_ms >= PREVIEW_MS:
                self.days = await hub.library.care.preview_retention()
                self.made_ms = now_ms


PREVIEW: HassKey[Preview] = HassKey(f"{DOMAIN}_preview")


@command("retention/preview", {**limit(100, 100), **PAGE_AFTER}, admin=True)
async def retention_preview(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return what retention would delete now, by camera and day."""
    place = unpack_cursor(msg.get("cursor"), int, int)
    preview = caller.hass.data.setdefault(PREVIEW, Preview())
    if place is None:
        await preview.refresh(caller.hub)
    elif place[0] != preview.made_ms or place[1] < 0:
        raise CommandError(PLAN_EXPIRED, "plan_expired")
    first = 0 if place is None else place[1]
    made_ms, days = preview.made_ms, preview.days
    page = days[first : first + msg["limit"]]
    end = first + len(page)
    return {
        "made_ms": made_ms,
        "rows": [
            {
                "camera": day.camera,
                "day": day.day.isoformat(),
                "clips": day.clips,
                "bytes": day.bytes,
                "held": day.held,
            }
            for day in page
        ],
        "totals": {
            "clips": sum(day.clips for day in days),
            "bytes": sum(day.bytes for day in days),
            "held": sum(day.held for day in days),
        },
        "next": pack_cursor(made_ms, end) if end < len(days) else None,
    }
