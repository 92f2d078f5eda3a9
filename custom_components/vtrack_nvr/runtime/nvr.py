"""One NVR while its entry is loaded: device, cameras, and what entities ask of them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
import logging
from urllib.parse import quote, urlsplit, urlunsplit

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event

from ..const import (
    CONF_GATE,
    CONF_IDENTITY,
    CONF_LIVE_GATE,
    CONF_RECORDINGS,
    CONF_REPLAY,
    CONF_SCHEDULE,
    CONF_STORAGE,
    CONF_SYNC,
    DOMAIN,
    SUBENTRY_CAMERA,
)
from ..coordinator import VtrackCoordinator
from ..core.archive.live_devices import LiveCamera, LiveDevice
from ..core.device_habits import DeviceHabits
from ..core.device_report import ReplaySupport
from ..core.endpoint import Endpoint
from ..core.errors import ErrorKind, NvrError
from ..core.login_guard import LoginGuard
from ..core.models import (
    CameraKey,
    Channel,
    DeviceIdentity,
    NvrKey,
)
from ..core.onvif.identity import Likeness, Marks, compare_marks
from ..core.sync.settings import CameraSpec, NvrSpec
from ..placeholders import placeholders
from .camera_runtime import CameraRuntime
from .connect import Address, Login, Way, build_device, marks_of_entry
from .device_news import DeviceNews
from .gates import EntityGate
from .hub import VtrackHub
from .listening import async_listen
from .rtsp import LoginScout, WantedLogin, rtsp_endpoint
from .schedules import WeekWatch
from .settings import camera_settings, nvr_settings, only_camera
from .viewers import LiveViewers

_LOGGER = logging.getLogger(__name__)


def _nothing() -> None:
    """Do nothing."""


class VtrackRuntime:
    """What an entry holds while it is loaded; entities and flows talk to this."""

    coordinator: VtrackCoordinator
    device_id: str

    def __init__(
        self, hass: HomeAssistant, entry: VtrackConfigEntry, hub: VtrackHub
    ) -> None:
        """Build the device; nothing is sent yet."""
        self.hass = hass
        self.entry = entry
        self.hub = hub
        self.key = NvrKey(str(entry.unique_id))
        self.name = entry.title
        self.address = Address.of_entry(entry.data)
        self.login = Login.of_entry(entry.data)
        self.identity = DeviceIdentity.of_data(entry.data[CONF_IDENTITY])
        self.guard = LoginGuard(self._on_locked)
        self.habits = DeviceHabits(self._on_habit)
        self.device = build_device(
            hass, self.address, self.login, self.guard, endpoint_of=self.endpoint
        )
        self.only_camera = only_camera(entry)
        self.news = DeviceNews(hass, self.key, self.device, self._recordings_by_camera)
        self._scout = LoginScout(hass)
        self.cameras: dict[str, CameraRuntime] = {}
        self._applying = asyncio.Lock()
        self._gate = EntityGate(hass, {}, self.on_gate_missing)
        self._live_gate = EntityGate(hass, {}, self.on_gate_missing)
        self._unwatch: Callable[[], None] = _nothing
        self.viewers = LiveViewers(lambda: hub.engine.look_at_viewers(self.key))
        self._missing_gates: Counter[str] = Counter()
        self._weeks = WeekWatch(hass, self._weeks_changed, self.on_gate_missing)
        self._camera_listeners: list[Callable[[CameraRuntime], None]] = []
        self._snapshots: dict[CameraKey, bool] = {}
        self.is_attached = False
        """Library and engine work for it: from start to stop."""
        self.present: tuple[Channel, ...] = ()
        self.vanished: frozenset[CameraKey] = frozenset()

    @property
    def storage(self) -> str:
        """Return the folder the NVR's clips are kept in."""
        return str(self.entry.data[CONF_STORAGE])

    def endpoint(self, url: str) -> Endpoint:
        """Return address, login and TLS for a replay or stream URI of the device."""
        endpoint = rtsp_endpoint(url, self.address, self.login)
        return replace(endpoint, habits=self.habits)

    # Life

    async def async_start(self) -> None:
        """Prove the login, then hand the NVR to library and engine; raises `NvrError`.

        OTHER_DEVICE where the marks of what answers contradict those that are known: its
        footage would be filed under this NVR.
        """
        await self._async_recognise()
        self.cameras = self._read_cameras()
        if Way.RTSP in self.login.cleartext:
            await self._async_ask_rtsp()
        await self._async_register()
        self.habits.know(await self.hub.library.ledger.policy(self.key))
        self._gate.follow(self._gate_entities())
        await self._weeks.async_follow(self._schedules())
        self.hub.engine.attach_nvr(
            NvrSpec(
                self.key,
                self.device,
                {
                    camera.key: self._camera_spec(camera)
                    for camera in self.cameras.values()
                },
                nvr_settings(self.entry.options),
                self._gate,
                self.viewers,
            )
        )
        self.is_attached = True
        self.news.start(self.hub.engine)
        await self._async_follow_live()
        self.entry.async_create_background_task(
            self.hass, self.news.async_watch_jobs(), f"{DOMAIN} jobs of {self.name}"
        )
        self.entry.async_create_background_task(
            self.hass,
            async_listen(self.device, self.hub.engine, self.key),
            f"{DOMAIN} events of {self.name}",
        )

    async def async_stop(self) -> None:
        """End the work for the NVR, also half begun; what is kept stays."""
        self.news.stop()
        self.is_attached = False
        self._unwatch()
        self._live_gate.close()
        await self.hub.live.detach(self.key)
        await self.hub.engine.detach_nvr(self.key)
        self._gate.close()
        self._weeks.close()
        await self.device.close()

    async def _async_recognise(self) -> None:
        """Connect; raises OTHER_DEVICE where the marks are not those of this NVR."""
        if self._is_other(await self.device.connect()):
            raise NvrError(ErrorKind.OTHER_DEVICE, where=self.address.shown)
        if self.device.takes_digest:
            self._took_digest(Way.ONVIF)

    def _is_other(self, seen: DeviceIdentity) -> bool:
        known = marks_of_entry(self.entry.data)
        return compare_marks(known, Marks(seen)) is Likeness.OTHER

    async def async_recognise_again(self) -> None:
        """Begin anew if another device answers where this one was silent for a while."""
        with suppress(NvrError):
            if self._is_other(await self.device.identity()):
                self.hass.config_entries.async_schedule_reload(self.entry.entry_id)

    async def _async_ask_rtsp(self) -> None:
        """Look whether RTSP still takes nothing better than the password as it is."""
        profiles = [
            each for camera in self.cameras.values() for each in camera.profiles
        ]
        with suppress(NvrError, IndexError):
            uri = await self.device.stream_uri(profiles[0])
            wanted = await self._scout.async_wanted(self.endpoint(uri))
            if wanted is WantedLogin.DIGEST:
                self._took_digest(Way.RTSP)

    @callback
    def _took_digest(self, way: Way) -> None:
        """Never send the password as it is to what has ever taken a digest of it."""
        login = self.login.with_digest(way)
        if login == self.login:
            return
        self.login = login
        self.hass.config_entries.async_update_entry(
            self.entry, data={**self.entry.data, **login.as_data()}
        )

    def _read_cameras(self) -> dict[str, CameraRuntime]:
        return {
            subentry.subentry_id: CameraRuntime.of_subentry(subentry)
            for subentry in self.entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_CAMERA
        }

    def _camera_spec(self, camera: CameraRuntime) -> CameraSpec:
        return CameraSpec(
            settings=camera_settings(
                camera.data, self._weeks.plan(camera.data.get(CONF_SCHEDULE))
            ),
            recording_tokens=self._recordings_of(camera),
            source_tokens=frozenset({camera.channel}),
            can_live=bool(camera.profiles),
            live=self.hub.live,
        )

    def _recordings_of(self, camera: CameraRuntime) -> tuple[str, ...]:
        has_replay = self.entry.data.get(CONF_REPLAY) == ReplaySupport.FULL
        return tuple(camera.data.get(CONF_RECORDINGS) or ()) if has_replay else ()

    def has_recordings(self, camera: CameraRuntime) -> bool:
        """Return whether the device itself records the camera and can replay that."""
        return bool(self._recordings_of(camera))

    async def _async_register(self) -> None:
        await self.hub.async_register(
            self.key, self.name, self.storage, self.cameras.values()
        )

    async def _async_follow_live(self) -> None:
        """Let the live recordings know the cameras and their gates as they are now."""
        gates = {
            camera.key: tuple(
                entity_id
                for key in (CONF_LIVE_GATE, CONF_SCHEDULE)
                if (entity_id := camera.data.get(key))
            )
            for camera in self.cameras.values()
        }
        self._live_gate.follow(gates)
        self._unwatch()
        entities = sorted({gate for each in gates.values() for gate in each})
        self._unwatch = (
            async_track_state_change_event(self.hass, entities, self._on_live_gate)
            if entities
            else _nothing
        )
        device = LiveDevice(
            self.key, self.device.stream_uri, self.endpoint, self.guard, self._live_gate
        )
        await self.hub.live.update(
            device, [self._live_camera(camera) for camera in self.cameras.values()]
        )

    @callback
    def _on_live_gate(self, _event: Event[EventStateChangedData]) -> None:
        self.hub.live.look()

    def _live_camera(self, camera: CameraRuntime) -> LiveCamera:
        return LiveCamera(
            camera.key,
            camera.recorded_profile if camera.profiles else None,
            camera_settings(camera.data),
            self.has_recordings(camera),
        )

    def _recordings_by_camera(self) -> dict[CameraKey, tuple[str, ...]]:
        return {
            camera.key: tuple(camera.data.get(CONF_RECORDINGS) or ())
            for camera in self.cameras.values()
        }

    def _schedules(self) -> set[str]:
        """Return the schedule helpers that say when footage is wanted."""
        chosen = (camera.data.get(CONF_SCHEDULE) for camera in self.cameras.values())
        return {entity_id for entity_id in chosen if entity_id}

    @callback
    def _weeks_changed(self) -> None:
        """Let the engine look anew at what is wanted of cameras with a schedule."""
        if not self.is_attached:
            return
        for camera in self.cameras.values():
            if camera.data.get(CONF_SCHEDULE):
                self.hub.engine.update_camera(
                    self.key, camera.key, self._camera_spec(camera)
                )

    def _gate_entities(self) -> dict[CameraKey, tuple[str, ...]]:
        own = self.entry.options.get(CONF_GATE)
        shared = (own,) if own else ()
        return {camera.key: shared + camera.gates for camera in self.cameras.values()}

    @callback
    def on_gate_missing(self, entity_id: str, is_missing: bool) -> None:
        """Say that an entity which allows or holds back work is gone, or back."""
        issue_id = f"gate_missing_{self.entry.entry_id}_{entity_id}"
        self._missing_gates[entity_id] += 1 if is_missing else -1
        if self._missing_gates[entity_id] <= 0:  # nobody misses it any more
            ir.async_delete_issue(self.hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="gate_missing",
            translation_placeholders=placeholders(entity=entity_id, name=self.name),
        )

    def _on_locked(self) -> None:
        self.hass.loop.call_soon_threadsafe(self.entry.async_start_reauth, self.hass)

    def _on_habit(self) -> None:
        self.hass.loop.call_soon_threadsafe(self._keep_habit)

    @callback
    def _keep_habit(self) -> None:
        """Remember what a session learned beyond the next restart."""
        if self.is_attached:
            self.entry.async_create_background_task(
                self.hass, self._async_teach(), f"{DOMAIN} habits of {self.name}"
            )

    async def _async_teach(self) -> None:
        try:
            await self.hub.engine.teach(self.key, self.habits.taught)
        except NvrError as error:
            _LOGGER.debug("What %s wants is not remembered: %s", self.name, error)

    # Changes while loaded

    async def async_on_camera(
        self, listener: Callable[[CameraRuntime], None]
    ) -> Callable[[], None]:
        """Call back for each camera now and for each that is added later.

        The loop has its turn after each: a large recorder has hundreds of entities.
        """
        self._camera_listeners.append(listener)
        for key in [*self.cameras]:
            if camera := self.cameras.get(key):
                listener(camera)
                await asyncio.sleep(0)
        return lambda: self._camera_listeners.remove(listener)

    def needs_reload(self) -> bool:
        """Return whether address, login or the kind of device have changed."""
        return (
            Address.of_entry(self.entry.data) != self.address
            or Login.of_entry(self.entry.data) != self.login
            or only_camera(self.entry) != self.only_camera
        )

    async def async_apply_changes(self) -> None:
        """Add, change and remove cameras as the entry now says; others notice nothing.

        Raises `NvrError` where the index fails; a new start then applies everything.
        """
        async with self._applying:
            await self._async_apply_changes()

    async def _async_apply_changes(self) -> None:
        before, now = self.cameras, self._read_cameras()
        self.cameras = now
        self.name = self.entry.title
        await self._async_register()
        if not self.is_attached:
            return  # unloaded meanwhile; the next start reads the entry anew
        self._gate.follow(self._gate_entities())
        await self._weeks.async_follow(self._schedules())
        self.hub.engine.update_nvr(self.key, nvr_settings(self.entry.options))
        for gone in before.keys() - now.keys():
            await self.hub.engine.remove_camera(self.key, before[gone].key)
            await self.hub.library.retire_camera(before[gone].key)
        for subentry_id, camera in now.items():
            old = before.get(subentry_id)
            if old is None:
                self.hub.engine.add_camera(
                    self.key, camera.key, self._camera_spec(camera)
                )
                for listener in self._camera_listeners:
                    listener(camera)
            elif old != camera:
                self.hub.engine.update_camera(
                    self.key, camera.key, self._camera_spec(camera)
                )
        await self._async_follow_live()

    # What entities, flows and actions ask

    def _current(self, camera: CameraRuntime) -> CameraRuntime:
        """Return a camera as its subentry is now; entities know it as it was."""
        return self.cameras.get(camera.subentry_id, camera)

    async def async_stream_url(self, camera: CameraRuntime, *, sub: bool) -> str:
        """Return the live address, for Home Assistant's own player; raises `NvrError`.

        The player fetches any address and answers any challenge. So it gets addresses of
        RTSP at the device itself only, and a login only if the device asks for a digest
        of it, or may be sent the password as it is.
        """
        uri = await self.device.stream_uri(self._current(camera).profile(sub=sub))
        parts = urlsplit(uri)
        if parts.scheme not in {"rtsp", "rtsps"}:
            raise NvrError(ErrorKind.NOT_RTSP, parts.scheme, where=camera.channel)
        user, password = self.login.for_rtsp
        if not user:
            return uri
        endpoint = self.endpoint(uri)
        wanted = await self._scout.async_wanted(endpoint)
        if wanted is WantedLogin.NONE:
            return uri
        if wanted is WantedLogin.BASIC and not endpoint.allow_basic:
            raise NvrError(ErrorKind.CLEARTEXT_LOGIN, where=camera.channel)
        if wanted is WantedLogin.DIGEST:
            self._took_digest(Way.RTSP)
        netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"
        return urlunsplit(parts._replace(netloc=netloc))

    async def async_snapshot(self, camera: CameraRuntime, *, sub: bool) -> bytes | None:
        """Return a still from the device, None where it has none; raises `NvrError`."""
        try:
            profile = self._current(camera).profile(sub=sub)
            return (await self.device.snapshot(profile)).data
        except NvrError as error:
            if error.kind is ErrorKind.UNSUPPORTED:
                self._snapshots[camera.key] = False
                return None
            raise

    def has_snapshot(self, camera: CameraRuntime) -> bool:
        """Return whether the device is not known to lack stills."""
        return self._snapshots.get(camera.key, True)

    async def async_start_sync(
        self, cameras: Iterable[CameraRuntime] | None = None
    ) -> None:
        """Look for news now and return at once."""
        chosen = self.cameras.values() if cameras is None else cameras
        await self.hub.engine.sync_now([item.key for item in chosen], wait=False)

    async def async_set_sync(self, camera: CameraRuntime, *, is_enabled: bool) -> None:
        """Switch background sync of a camera; remembered across restarts."""
        subentry = self.entry.subentries[camera.subentry_id]
        self.hass.config_entries.async_update_subentry(
            self.entry, subentry, data={**subentry.data, CONF_SYNC: is_enabled}
        )
        self.hub.engine.set_enabled(camera.key, is_enabled)
        await self.coordinator.async_request_refresh()


type VtrackConfigEntry = ConfigEntry[VtrackRuntime]
