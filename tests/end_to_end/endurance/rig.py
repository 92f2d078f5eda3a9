"""One installation as the shell builds it, without Home Assistant: archive and NVRs."""

# Reads private members: clips are checked by their tables alone; what runs is asked before a kill.

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import json
from pathlib import Path
import shutil
from typing import Any

import aiohttp

from custom_components.vtrack_nvr.core.archive.archive import Archive
from custom_components.vtrack_nvr.core.archive.live_devices import (
    LiveCamera,
    LiveDevice,
)
from custom_components.vtrack_nvr.core.clock import Clock
from custom_components.vtrack_nvr.core.device_habits import DeviceHabits
from custom_components.vtrack_nvr.core.download.downloader import Verify
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.library.values import (
    LibraryBounds,
    Retention,
    RootConfig,
)
from custom_components.vtrack_nvr.core.live.live_values import LiveState
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    NvrKey,
    StreamProfile,
)
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.policy import Waits
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    CameraSpec,
    NvrSettings,
    NvrSpec,
    SourceChoice,
    SyncMode,
)
from custom_components.vtrack_nvr.core.sync.week import WeekBlock, WeekPlan
from tests.insides import workers_of

MEGABYTE = 1_000_000
FLOOR_BYTES = 3 * MEGABYTE
CLIP_MS = 300_000
WAITS = replace(
    Waits(),
    # A machine that does much else answers late, and nobody has time for ten minutes.
    connect=3.0,
    reply=3.0,
    first_packet=2.0,
    idle=1.5,
    soap_call=3.0,
    soap_optional=2.0,
    search_total=5.0,
    search_wait=1.0,
    teardown=0.5,
    retry=(0.05, 0.1, 0.25, 0.5, 1.0),
    live_start=4.0,
    live_stall=4.0,
    live_retry=(0.5, 1.0, 2.0),
    stop=8.0,
)
"""Waits for an answer are short, for time is not skipped while one is due. All pauses
between tries are the product's own: they are skipped."""
BOUNDS = LibraryBounds(
    clip_reserve_bytes=256_000,
    brake_slack_bytes=6 * MEGABYTE,
    proof_bytes=2 * MEGABYTE,
    open_wait=5.0,
    free_wait=1.0,
)
"""A disk of some megabytes has a reserve and a budget of its size."""


class FileHeartbeats:
    """When each camera was recorded last, in a file."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self._path = path

    async def load(self) -> dict[str, int]:
        """Return what was saved."""
        if not self._path.exists():
            return {}
        return dict(json.loads(await asyncio.to_thread(self._path.read_text)))

    async def save(self, moments: Mapping[str, int]) -> None:
        """Save it whole or not at all, as Home Assistant's storage does."""
        new = self._path.with_suffix(".new")
        await asyncio.to_thread(new.write_text, json.dumps(dict(moments)))
        await asyncio.to_thread(new.replace, self._path)


class OpenGate:
    """A gate that is always open."""

    def is_open(self, camera: CameraKey) -> bool:
        """Return that it is open."""
        return True


@dataclass
class Entry:
    """One NVR as its config entry knows it, and what works for it."""

    key: NvrKey
    about: dict[str, Any]
    channels: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """Cameras that were removed."""
    guard: LoginGuard = field(default_factory=LoginGuard)
    device: OnvifDevice | None = None
    is_attached: bool = False
    is_connecting: bool = False

    def camera(self, channel: dict[str, Any]) -> CameraKey:
        """Return the key of a channel's camera."""
        return CameraKey(f"{self.key}/{channel['token']}")

    def settings_of(self, camera: CameraKey) -> CameraSettings:
        """Return what was chosen for a camera."""
        chosen = self.settings.get(camera, {})
        week = None
        if (hours := chosen.get("hours")) is not None:
            first, last = hours
            week = WeekPlan(
                tuple(WeekBlock(n, first * 3600, last * 3600) for n in range(7)), "UTC"
            )
        return CameraSettings(
            mode=SyncMode(chosen.get("mode", SyncMode.EVERYTHING)),
            retention_days=chosen.get("days"),
            source=SourceChoice.REPLAY
            if self.about["profile_g"]
            else SourceChoice.LIVE,
            week=week,
            clip_ms=CLIP_MS,
        )

    def saved(self) -> dict[str, Any]:
        """Return what is kept of it across restarts."""
        return {
            "about": self.about,
            "channels": self.channels,
            "settings": self.settings,
            "gone": sorted(self.gone),
        }


class EnduranceRig:
    """All NVRs on one archive."""

    def __init__(
        self,
        folder: Path,
        roots: list[Path],
        clock: Clock,
        *,
        decodes: bool = True,
    ) -> None:
        """Build the core; nothing is opened yet.

        Without `decodes` only the tables of what was fetched are checked: decoding is a
        process for each clip.
        """
        self._file = folder / "entries.json"
        self.clock = clock
        self.waits = WAITS
        (folder / "cache").mkdir(exist_ok=True)
        self.index = folder / "index.db"
        self.archive = Archive(
            self.index,
            folder / "cache",
            [RootConfig(path, path.name, FLOOR_BYTES) for path in roots],
            clock=clock,
            time_zone="UTC",
            ffmpeg=shutil.which("ffmpeg") or "",
            heartbeats=FileHeartbeats(folder / "heartbeats.json"),
            waits=WAITS,
            bounds=BOUNDS,
        )
        if not decodes:
            self.archive._fetcher._verify = Verify.TABLES
        self.entries: dict[NvrKey, Entry] = {}
        self._starting: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Open the library, then set up what was set up before."""
        self.session = aiohttp.ClientSession()
        await self.archive.open()
        if self._file.exists():
            for key, saved in json.loads(self._file.read_text()).items():
                entry = Entry(
                    NvrKey(key),
                    saved["about"],
                    saved["channels"],
                    saved["settings"],
                    set(saved["gone"]),
                )
                self._start(entry)

    async def close(self) -> None:
        """End everything in the order of the shell."""
        for task in self._starting:
            task.cancel()
        await self.archive.close()
        for entry in self.entries.values():
            if entry.device is not None:
                await entry.device.close()
        await self.session.close()

    def save(self) -> None:
        """Keep the entries; whole or not at all."""
        saved = {key: entry.saved() for key, entry in self.entries.items()}
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(saved))
        new.replace(self._file)

    def add(self, about: dict[str, Any]) -> None:
        """Set up a device."""
        self._start(Entry(NvrKey(f"nvr-{about['serial']}"), about))
        self.save()

    def _start(self, entry: Entry) -> None:
        self.entries[entry.key] = entry
        about = entry.about
        habits = DeviceHabits()

        def endpoint(url: str) -> Endpoint:
            return Endpoint(url, about["user"], about["password"], habits=habits)

        entry.device = OnvifDevice(
            about["host"],
            about["port"],
            about["user"],
            about["password"],
            session=self.session,
            clock=self.clock,
            waits=self.waits,
            login_guard=entry.guard,
            endpoint_of=endpoint,
        )
        self._starting.append(
            asyncio.create_task(self._attach_when_it_answers(entry, endpoint))
        )

    async def _attach_when_it_answers(self, entry: Entry, endpoint: Any) -> None:
        """Do what Home Assistant does: try again until the device can be set up."""
        assert entry.device is not None
        while True:
            entry.is_connecting = True
            try:
                await entry.device.connect()
                if not entry.channels:
                    await self._look_at_channels(entry)
                break
            except NvrError:
                entry.is_connecting = False
                await self.clock.sleep(30)
        library = self.archive.library
        await library.register_nvr(entry.key, entry.about["name"])
        for channel in entry.channels:
            if entry.camera(channel) not in entry.gone:
                await self._register(entry, channel)
        self.archive.engine.attach_nvr(
            NvrSpec(
                entry.key,
                entry.device,
                {
                    entry.camera(channel): self._spec(entry, channel)
                    for channel in entry.channels
                    if entry.camera(channel) not in entry.gone
                },
                NvrSettings(),
            )
        )
        entry.is_attached = True
        self._live_device = LiveDevice(
            entry.key, entry.device.stream_uri, endpoint, entry.guard, OpenGate()
        )
        cameras = [
            LiveCamera(
                entry.camera(channel),
                StreamProfile(**channel["profile"]) if channel["profile"] else None,
                entry.settings_of(entry.camera(channel)),
                bool(channel["recordings"]),
            )
            for channel in entry.channels
            if entry.camera(channel) not in entry.gone
        ]
        await self.archive.live.update(self._live_device, cameras)
        entry.is_connecting = False

    async def _look_at_channels(self, entry: Entry) -> None:
        assert entry.device is not None
        has_replay = entry.about["profile_g"]
        entry.channels = [
            {
                "token": channel.token,
                "name": channel.name,
                "recordings": list(channel.recording_tokens) if has_replay else [],
                "profile": _plain(channel.profiles[0]) if channel.profiles else None,
            }
            for channel in await entry.device.channels()
        ]
        self.save()

    async def _register(self, entry: Entry, channel: dict[str, Any]) -> None:
        camera = entry.camera(channel)
        await self.archive.library.register_camera(entry.key, camera, channel["name"])
        await self.archive.library.set_retention(camera, self.retention(entry, camera))

    def retention(self, entry: Entry, camera: CameraKey) -> Retention:
        """Return the limits that were chosen for a camera."""
        chosen = entry.settings.get(camera, {})
        return Retention(
            days=chosen.get("days"),
            max_bytes=chosen.get("max_bytes"),
            move_after_days=chosen.get("move_after_days"),
            move_to_root=chosen.get("move_to_root"),
        )

    def _spec(self, entry: Entry, channel: dict[str, Any]) -> CameraSpec:
        return CameraSpec(
            settings=entry.settings_of(entry.camera(channel)),
            recording_tokens=tuple(channel["recordings"]),
            source_tokens=frozenset({channel["token"]}),
            can_live=channel["profile"] is not None,
            live=self.archive.live,
        )

    # What people do

    def find(self, name: str) -> tuple[Entry, dict[str, Any], CameraKey]:
        """Return entry, channel and key of a camera; raises KeyError."""
        for entry in self.entries.values():
            for channel in entry.channels:
                if channel["name"] == name:
                    return entry, channel, entry.camera(channel)
        raise KeyError(name)

    async def choose(self, name: str, **changes: Any) -> None:
        """Change a camera's settings."""
        entry, channel, camera = self.find(name)
        entry.settings.setdefault(camera, {}).update(changes)
        self.save()
        if not entry.is_attached or camera in entry.gone:
            return
        await self.archive.library.set_retention(camera, self.retention(entry, camera))
        self.archive.engine.update_camera(entry.key, camera, self._spec(entry, channel))

    async def remove_camera(self, name: str) -> None:
        """Remove a camera; its footage stays."""
        entry, _, camera = self.find(name)
        entry.gone.add(camera)
        self.save()
        if entry.is_attached:
            await self.archive.engine.remove_camera(entry.key, camera)
            await self.archive.library.retire_camera(camera)

    async def add_camera(self, name: str) -> None:
        """Add a camera that was removed."""
        entry, channel, camera = self.find(name)
        entry.gone.discard(camera)
        self.save()
        if entry.is_attached:
            await self._register(entry, channel)
            self.archive.engine.add_camera(
                entry.key, camera, self._spec(entry, channel)
            )

    async def relist(self) -> None:
        """Look at the devices' recordings anew, as after a disk was formatted."""
        for entry in self.entries.values():
            if not entry.is_attached or entry.device is None:
                continue
            known = {channel["token"]: channel for channel in entry.channels}
            for found in await entry.device.channels():
                channel = known.get(found.token)
                if channel is None or not found.recording_tokens:
                    continue
                tokens = list(found.recording_tokens)
                if tokens != channel["recordings"] and channel["recordings"]:
                    channel["recordings"] = tokens
                    camera = entry.camera(channel)
                    if camera not in entry.gone:
                        self.archive.engine.update_camera(
                            entry.key, camera, self._spec(entry, channel)
                        )
        self.save()

    def log_in_again(self) -> None:
        """Say that the logins are right, as a person does in the repair."""
        for entry in self.entries.values():
            if entry.guard.is_locked:
                entry.guard.reset()
                if entry.is_attached:
                    self.archive.engine.credentials_changed(entry.key)

    # What is under way

    def busy(self) -> str:
        """Return what is being asked of a device, or comes from it; empty if nothing."""
        live = self.archive.live
        for entry in self.entries.values():
            if entry.is_connecting:
                return f"{entry.key} is set up"
            for channel in entry.channels:
                if live.state(entry.camera(channel)) is LiveState.RECORDING:
                    return f"{channel['name']} is recorded live"
        for worker in workers_of(self.archive.engine).values():
            state = worker.state
            if state.fetches:
                return f"{state.key} is fetched from"
            if state.is_sweeping:
                return f"{state.key} is swept"
        return "an export" if self.archive.exports._running else ""


def _plain(profile: StreamProfile) -> dict[str, Any]:
    return {name: getattr(profile, name) for name in profile.__slots__}
