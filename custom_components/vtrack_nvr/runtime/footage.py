"""What footage was missing of an NVR that is not being worked for right now."""

from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntryState

from ..const import SUBENTRY_CAMERA
from ..core.errors import ErrorKind
from ..core.models import CameraKey
from ..core.policy import Waits
from ..core.sync.expected import Memory, Sight, judge, patience_ms, remember
from ..core.sync.settings import SyncMode
from ..core.sync.status import MissingFootage
from .settings import camera_settings, nvr_settings

if TYPE_CHECKING:
    from . import VtrackConfigEntry
    from .hub import VtrackHub

NOT_STARTED = frozenset({ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR})


async def async_missing_unstarted(
    hub: VtrackHub, entry: VtrackConfigEntry, now_ms: int, *, is_patient: bool
) -> dict[str, MissingFootage]:
    """Return what is missing of each camera of an entry that cannot start, by subentry.

    A device that does not answer when Home Assistant starts is worked for by nobody; how
    long that is so already follows from what was remembered. `is_patient`: only what was
    missing before is told.
    """
    if entry.state not in NOT_STARTED:
        return {}
    found: dict[str, MissingFootage] = {}
    is_refused = entry.state is ConfigEntryState.SETUP_ERROR
    reason = ErrorKind.AUTH_REFUSED if is_refused else ErrorKind.UNREACHABLE
    for subentry in entry.subentries.values():
        if subentry.subentry_type != SUBENTRY_CAMERA:
            continue
        settings = camera_settings(subentry.data)
        settle_s = Waits().settle if settings.settle_s is None else settings.settle_s
        patience = patience_ms(nvr_settings(entry.options), settings, settle_s)
        if patience is None:
            continue
        text = await hub.library.lookout(CameraKey(str(subentry.unique_id)))
        memory = Memory.of_text(text)
        if memory.looked_ms is None or (is_patient and memory.missing is None):
            continue
        is_expected = settings.is_enabled and settings.mode is not SyncMode.ON_DEMAND
        sight = Sight(now_ms, patience, is_expected, obstacle=str(reason))
        if (missing := judge(remember(memory, sight), sight)) is not None:
            found[subentry.subentry_id] = missing
    return found
