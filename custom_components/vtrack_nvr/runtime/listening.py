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


async def async_listen(device: OnvifDevice, engine: SyncEngine, nvr: NvrKey) -> None:
    """Hand events to the engine until cancelled; ends where the device has none.

    Events are a convenience: without them the regular look for news finds everything.
    """
    pause_s = FIRST_PAUSE_S
    while True:
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
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
