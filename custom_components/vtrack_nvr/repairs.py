"""Repair flows: let retention go on after it asked, add cameras, do without footage."""

from collections.abc import Awaitable
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectOptionDict
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import NAME
from .core.errors import ErrorKind, NvrError
from .core.library.values import GIGABYTE, SearchOrder
from .core.models import NvrKey
from .exceptions import as_home_assistant_error
from .flows.entry_data import camera_subentry, camera_title
from .flows.forms import CONF_CAMERAS, new_cameras_form, number_field
from .flows.report import channel_label
from .issues.cameras import mark_seen, new_cameras
from .issues.library import PROTECTED_ISSUE
from .phrases import Phrases
from .placeholders import placeholders
from .runtime import HUB, VtrackConfigEntry
from .runtime.house import House

CONF_GIGABYTES = "gigabytes"

_SETTLED: Final = frozenset({ErrorKind.GONE, ErrorKind.STORAGE_FAILED})
"""What the library says of a storage whose problem ended while a person read."""


async def _finish(
    flow: RepairsFlow,
    doing: Awaitable[object],
    name: str,
    settled: frozenset[ErrorKind] = frozenset(),
) -> RepairsFlowResult:
    """Do what a person decided, and end; a failure is told in its own words."""
    try:
        await doing
    except NvrError as error:
        if error.kind in settled:
            return flow.async_abort(reason="nothing_to_do")
        problem = str(as_home_assistant_error(error, name))
        return flow.async_abort(
            reason="not_done", description_placeholders=placeholders(problem=problem)
        )
    return flow.async_create_entry(data={})


class ReplaceStorageFlow(ConfirmRepairFlow):
    """Asks whether the old storage is gone for good; an empty folder alone says nothing."""

    def __init__(self, root_id: int, path: str) -> None:
        """Be about one storage root."""
        self._root_id = root_id
        self._path = path

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin anew at the folder, on confirmation."""
        library = self.hass.data[HUB].library
        clips = {root.id: root.clips for root in await library.roots()}
        problem = library.root_problem(self._root_id)
        is_missing = problem and problem.kind is ErrorKind.STORAGE_MISSING
        if self._root_id not in clips or not is_missing:
            return self.async_abort(reason="nothing_to_do")
        if user_input is not None:
            replacing = library.replace_storage(self._root_id)
            return await _finish(self, replacing, self._path, _SETTLED)
        return self.async_show_form(
            step_id="confirm",
            description_placeholders=placeholders(
                path=self._path, clips=clips[self._root_id]
            ),
        )


class TakeOverFlow(ConfirmRepairFlow):
    """Asks whether this Home Assistant is to use a storage that another one uses."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Be about one storage root; `data` also names its path and the other host."""
        self._about = data

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Take the storage over, on confirmation."""
        library = self.hass.data[HUB].library
        root_id = int(self._about["root_id"])
        problem = library.root_problem(root_id)
        if problem is None or problem.kind is not ErrorKind.STORAGE_IN_USE:
            return self.async_abort(reason="nothing_to_do")
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                description_placeholders=placeholders(
                    path=self._about["path"], host=self._about["host"]
                ),
            )
        taking = library.take_over(root_id)
        return await _finish(self, taking, self._about["path"], _SETTLED)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    if data and data.get("host"):
        return TakeOverFlow(data)
    if data and "root_id" in data:
        return ReplaceStorageFlow(int(data["root_id"]), str(data["path"]))
    if data and "footage_of" in data:
        return LeaveOutFlow(data)
    if data and "entry_id" in data:
        return NewCamerasFlow(data["entry_id"])
    if issue_id == PROTECTED_ISSUE:
        return ProtectedFlow()
    return BrakeFlow()


class BrakeFlow(ConfirmRepairFlow):
    """Shows what retention would delete and lets a person decide."""

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Delete exactly what was shown, on confirmation."""
        care = self.hass.data[HUB].library.care
        plan = care.braked
        if plan is None:
            return self.async_abort(reason="nothing_to_do")
        if user_input is not None:
            return await _finish(self, care.run_retention(plan.token), NAME)
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders=placeholders(
                clips=plan.clips,
                gigabytes=f"{plan.bytes / GIGABYTE:.1f}",
                cameras=len(plan.braked),
                now=f"{dt_util.now():%Y-%m-%d %H:%M}",
            ),
        )


class ProtectedFlow(RepairsFlow):
    """Lets a person choose what gives way on a storage that is full of protected clips."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Choose: some protection ends, or less has to stay free."""
        library = self.hass.data[HUB].library
        if not (await library.health()).full_of_protected:
            return self.async_abort(reason="nothing_to_do")
        return self.async_show_menu(
            step_id="init", menu_options=["unprotect", "lower_floor"]
        )

    async def async_step_unprotect(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """End the protection of the oldest clips; the limits decide when they go."""
        library = self.hass.data[HUB].library
        if user_input is not None:
            full = set((await library.health()).full_of_protected)
            wanted, found = user_input[CONF_GIGABYTES] * GIGABYTE, 0
            ids: list[int] = []
            after: int | None = None
            while found < wanted:
                page = await library.browse.search(
                    is_protected=True, order=SearchOrder.OLDEST, after=after
                )
                for clip in page.clips:
                    if clip.root_id in full and found < wanted:
                        ids.append(clip.id)
                        found += clip.facts.size_bytes
                after = page.next_after
                if after is None:
                    break
            return await _finish(self, library.care.unprotect(ids), NAME)
        return self.async_show_form(
            step_id="unprotect",
            data_schema=vol.Schema(
                {vol.Required(CONF_GIGABYTES, default=10): number_field(1, 100_000)}
            ),
        )

    async def async_step_lower_floor(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Let less stay free on the storages that are full."""
        hub = self.hass.data[HUB]
        full = set((await hub.library.health()).full_of_protected)
        paths = [str(r.path) for r in await hub.library.roots() if r.id in full]
        if user_input is not None:
            floors = dict.fromkeys(paths, user_input[CONF_GIGABYTES])
            house = House(hub.house.sessions, {**hub.house.floors_gb, **floors})
            return await _finish(self, hub.async_set_house(house), NAME)
        now = min((hub.house.floor_bytes(path) for path in paths), default=GIGABYTE)
        return self.async_show_form(
            step_id="lower_floor",
            data_schema=vol.Schema(
                {
                    vol.Required(
                        CONF_GIGABYTES, default=max(1, now // GIGABYTE // 2)
                    ): number_field(1, 100_000)
                }
            ),
            description_placeholders=placeholders(storages=", ".join(paths)),
        )


def _loaded(hass: HomeAssistant, entry_id: str) -> VtrackConfigEntry | None:
    """Return an NVR's entry; None where it is gone or not set up now."""
    entry: VtrackConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
    return entry if entry and entry.state is ConfigEntryState.LOADED else None


class NewCamerasFlow(RepairsFlow):
    """Lets a person add cameras that a device got; those left out are not asked again."""

    def __init__(self, entry_id: str) -> None:
        """Be about one NVR."""
        self._entry_id = entry_id

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin with the choice."""
        return await self.async_step_cameras()

    async def async_step_cameras(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Add what is chosen; all are preselected."""
        entry = _loaded(self.hass, self._entry_id)
        if entry is None:
            return self.async_abort(reason="not_loaded")
        new = new_cameras(entry)
        if not new:
            return self.async_abort(reason="no_new_cameras")
        if user_input is not None:
            self._add(entry, user_input[CONF_CAMERAS])
            mark_seen(self.hass, entry, [channel.token for channel in new])
            return self.async_create_entry(data={})
        phrases = await Phrases.async_load(self.hass)
        return self.async_show_form(
            step_id="cameras",
            data_schema=new_cameras_form(
                [
                    SelectOptionDict(
                        value=channel.token, label=channel_label(channel, phrases)
                    )
                    for channel in new
                ]
            ),
            description_placeholders=placeholders(name=entry.title),
        )

    def _add(self, entry: VtrackConfigEntry, chosen: list[str]) -> None:
        nvr = NvrKey(str(entry.unique_id))
        present = entry.runtime_data.present
        for channel in present:
            if channel.token not in chosen:
                continue
            parts = camera_subentry(
                nvr, channel, camera_title(channel, entry.title, len(present)), {}
            )
            self.hass.config_entries.async_add_subentry(
                entry,
                ConfigSubentry(
                    data=MappingProxyType(parts["data"]),
                    subentry_type=parts["subentry_type"],
                    title=parts["title"],
                    unique_id=parts["unique_id"],
                ),
            )


class LeaveOutFlow(ConfirmRepairFlow):
    """Lets a person do without footage that cannot be had."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Be about one camera; `data` also holds the words for the question."""
        self._about = data

    @override
    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Count the footage as removed, on confirmation."""
        entry = _loaded(self.hass, self._about["footage_of"])
        if entry is None:
            return self.async_abort(reason="not_loaded")
        runtime = entry.runtime_data
        camera = runtime.cameras.get(self._about["subentry_id"])
        if camera is None:
            return self.async_abort(reason="not_loaded")
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=placeholders(
                    **{
                        key: self._about[key]
                        for key in ("camera", "name", "since", "amount", "reason")
                    }
                ),
            )
        leaving_out = runtime.hub.engine.leave_out(camera.key)
        result = await _finish(self, leaving_out, self._about["camera"])
        await runtime.coordinator.async_request_refresh()
        return result
