"""Footage that ought to be kept and is not, as repair issues; gone when it is there."""

from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, SUBENTRY_CAMERA
from ..core.errors import ErrorKind
from ..core.models import CameraKey
from ..core.policy import Waits
from ..core.sync.missing import (
    MissingMemory,
    Observation,
    find_missing,
    patience_ms,
    remember,
)
from ..core.sync.settings import SyncMode
from ..core.sync.status import MissingCause, MissingFootage, SourceReason
from ..phrases import NO_TEXT, Phrases
from ..placeholders import placeholders
from ..runtime import HUB, VtrackConfigEntry, VtrackHub
from ..runtime.settings import camera_settings, nvr_settings

INTERVAL = timedelta(minutes=5)
PATIENT = timedelta(minutes=40)
"""So long after a start nothing new is told of devices that do not answer yet."""
FIXABLE = frozenset({MissingCause.GIVEN_UP, MissingCause.FILE_GONE})
"""What a person can decide to do without."""
LIVE_REASONS = frozenset(SourceReason) - {
    SourceReason.PROFILE_G,
    SourceReason.SWITCHED_OFF,
}
"""Why a camera is recorded live; each has a sentence in the translations."""
_REASON = f"component.{DOMAIN}.entity.binary_sensor.footage_missing.state_attributes"


def issue_id_of(subentry_id: str) -> str:
    """Return the id of a camera's issue."""
    return f"footage_missing_{subentry_id}"


def amount_text(seconds: float) -> str:
    """Return a length in hours and minutes; the signs are the same in all languages."""
    hours, minutes = divmod(max(round(seconds / 60), 1), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def since_text(utc_ms: int) -> str:
    """Return a moment in local time."""
    local = dt_util.as_local(dt_util.utc_from_timestamp(utc_ms / 1000))
    return f"{local:%Y-%m-%d %H:%M}"


async def async_reason_text(hass: HomeAssistant, reason: str) -> str:
    """Return a reason of the ledger in words."""
    texts = await async_get_translations(hass, hass.config.language, "entity", [DOMAIN])
    return texts.get(f"{_REASON}.reason.state.{reason}", NO_TEXT)


class FootageWatch:
    """Raises and withdraws the issues of one NVR's cameras."""

    def __init__(self, hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
        """Know of none."""
        self._hass = hass
        self._entry = entry
        self._told: dict[str, MissingFootage] = {}
        self._sources: dict[str, SourceReason] = {}

    @callback
    def async_look(self) -> None:
        """Bring the issues up to the last status."""
        runtime = self._entry.runtime_data
        cameras = runtime.coordinator.data.cameras
        found: dict[str, MissingFootage] = {}
        for camera in runtime.cameras.values():
            status = cameras.get(camera.key)
            if status is None:
                continue
            self._sources[camera.subentry_id] = status.source_reason
            if status.missing is not None:
                found[camera.subentry_id] = status.missing
        self.async_tell(found)

    @callback
    def async_tell(self, found: dict[str, MissingFootage]) -> None:
        """Raise what is new or other than before, withdraw what is over."""
        for gone in self._told.keys() - found.keys():
            ir.async_delete_issue(self._hass, DOMAIN, issue_id_of(gone))
        news = {
            key: missing
            for key, missing in found.items()
            if key not in self._told or is_news(self._told[key], missing)
        }
        self._told = found | {
            key: self._told[key] for key in found.keys() - news.keys()
        }
        for subentry_id, missing in news.items():
            self._hass.async_create_task(
                self._async_raise(subentry_id, missing), f"{DOMAIN} missing footage"
            )

    async def _async_raise(self, subentry_id: str, missing: MissingFootage) -> None:
        reason = await async_reason_text(self._hass, missing.reason)
        source = await self._async_source_text(subentry_id)
        subentry = self._entry.subentries.get(subentry_id)
        if subentry is None or self._told.get(subentry_id) is not missing:
            return  # over, or another by now
        texts: dict[str, str] = {
            "camera": subentry.title,
            "name": self._entry.title,
            "since": since_text(missing.since_ms),
            "amount": amount_text(missing.seconds),
            "reason": reason,
            "source": source,
        }
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id_of(subentry_id),
            data={
                "footage_of": self._entry.entry_id,
                "subentry_id": subentry_id,
                **texts,
            },
            is_fixable=missing.cause in FIXABLE,
            severity=ir.IssueSeverity.WARNING,
            translation_key=f"footage_missing_{missing.cause}",
            translation_placeholders=placeholders(**texts),
        )

    async def _async_source_text(self, subentry_id: str) -> str:
        """Return why the camera is recorded live; empty where it is not, or not known."""
        reason = self._sources.get(subentry_id)
        if reason not in LIVE_REASONS:
            return ""
        phrases = await Phrases.async_load(self._hass)
        return phrases.get(f"live_because_{reason}")

    @callback
    def async_withdraw(self) -> None:
        """Withdraw all: nobody looks any more."""
        for subentry_id in self._told:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id_of(subentry_id))
        self._told = {}


def is_news(before: MissingFootage, now: MissingFootage) -> bool:
    """Return whether a person would read something else; hours count, minutes do not."""
    return (before.cause, before.reason, before.since_ms, before.seconds // 3600) != (
        now.cause,
        now.reason,
        now.since_ms,
        now.seconds // 3600,
    )


@callback
def async_setup_footage_watch(hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
    """Follow the status of an NVR while its entry is loaded."""
    watch = FootageWatch(hass, entry)
    for subentry_id in entry.subentries:
        # told while the NVR had not answered yet
        ir.async_delete_issue(hass, DOMAIN, issue_id_of(subentry_id))
    watch.async_look()
    entry.async_on_unload(
        entry.runtime_data.coordinator.async_add_listener(watch.async_look)
    )
    entry.async_on_unload(watch.async_withdraw)


class UnstartedWatch:
    """Tells of cameras whose NVR has not answered since Home Assistant started."""

    def __init__(self, hass: HomeAssistant, begun: datetime | None = None) -> None:
        """Begin, now or as of a moment before."""
        self._hass = hass
        self._begun = begun or dt_util.utcnow()
        self._watches: dict[str, FootageWatch] = {}

    async def async_look(self, _now: datetime | None = None) -> None:
        """Look at all entries; one that has started looks after itself."""
        now = dt_util.utcnow()
        entries: list[VtrackConfigEntry] = self._hass.config_entries.async_entries(
            DOMAIN
        )
        for gone in self._watches.keys() - {entry.entry_id for entry in entries}:
            self._watches.pop(gone).async_withdraw()
        for entry in entries:
            found = await async_missing_unstarted(
                self._hass.data[HUB],
                entry,
                round(now.timestamp() * 1000),
                is_patient=now - self._begun < PATIENT,
            )
            if found:
                watch = self._watches.setdefault(
                    entry.entry_id, FootageWatch(self._hass, entry)
                )
                watch.async_tell(found)
            elif entry.state is not ConfigEntryState.SETUP_IN_PROGRESS:
                over = self._watches.pop(entry.entry_id, None)
                if over is not None and entry.state is not ConfigEntryState.LOADED:
                    over.async_withdraw()


@callback
def async_setup_unstarted_watch(hass: HomeAssistant) -> None:
    """Look from time to time, as long as Home Assistant runs."""
    watch = UnstartedWatch(hass)
    async_track_time_interval(
        hass,
        watch.async_look,
        INTERVAL,
        name=f"{DOMAIN} footage",
        cancel_on_shutdown=True,
    )


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
        text = await hub.library.ledger.lookout(CameraKey(str(subentry.unique_id)))
        memory = MissingMemory.of_text(text)
        if memory.looked_ms is None or (is_patient and memory.missing is None):
            continue
        is_expected = settings.is_enabled and settings.mode is not SyncMode.ON_DEMAND
        sight = Observation(now_ms, patience, is_expected, obstacle=str(reason))
        if (missing := find_missing(remember(memory, sight), sight)) is not None:
            found[subentry.subentry_id] = missing
    return found
