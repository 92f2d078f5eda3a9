"""Listens to an NVR's events, so that new footage is looked for as soon as it is there."""

import asyncio
from contextlib import aclosing
import logging

from ..core.errors import ErrorKind, NvrError, Treatment
from ..core.models import NvrKey
from ..core.onvif.client import OnvifDevice
from ..core.sync.engine import SyncEngine

_LOGGER = logging.getLogger(__name__)

FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 600.0
"""While the device does not answer, so that its events are heard soon afterwards."""
LONGEST_PAUSE_REFUSED_S = 4 * 3600.0
"""Where it answers and refuses: that seldom changes, and it costs a login each time."""
STEADY_S = 60.0

_SILENT = frozenset({ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT, ErrorKind.BUSY})


async def async_listen(device: OnvifDevice, engine: SyncEngine, nvr: NvrKey) -> None:
    """Hand events to the engine until cancelled; ends if the device has none.

    A device that has ever made a subscription has events: whatever it answers later means
    that the subscription is gone, and it is asked for another after a pause.

    Events are a convenience: without them the regular look for news finds everything.
    """
    loop = asyncio.get_running_loop()
    pause_s = FIRST_PAUSE_S
    while True:
        started = loop.time()
        longest_s = LONGEST_PAUSE_S
        try:
            async with aclosing(device.events()) as events:
                async for event in events:
                    engine.notify_event(nvr, event)
                    pause_s = FIRST_PAUSE_S
        except NvrError as error:
            if error.kind is ErrorKind.UNSUPPORTED or error.treatment is Treatment.STOP:
                _LOGGER.debug("No events from %s: %s", nvr, error)
                return
            _LOGGER.debug("Events of %s ended: %s", nvr, error)
            if error.kind not in _SILENT:
                longest_s = LONGEST_PAUSE_REFUSED_S
        engine.news.lost(nvr)
        if loop.time() - started > STEADY_S:
            pause_s = FIRST_PAUSE_S
        await asyncio.sleep(min(pause_s, longest_s))
        pause_s = min(pause_s * 2, LONGEST_PAUSE_REFUSED_S)
