"""Repair flows: let retention go on after it asked, add cameras, do without footage."""

from types import MappingProxyType
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectOptionDict
import probatio

from .camera_watch import mark_seen, new_cameras
from .core.errors import NvrError
from .core.models import NvrKey
from .flow_entry import camera_subentry, camera_title
from .flow_forms import CONF_CAMERAS, new_cameras_form
from .flow_report import Phrases, channel_label
from .placeholders import placeholders
from .repairs_storage import ReplaceStorageFlow, TakeOverFlow
from .runtime import HUB, VtrackConfigEntry

GIGABYTE = 1_000_000_000


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
    return BrakeFlow()


class BrakeFlow(RepairsFlow):
    """Shows what retention would delete and lets a person decide."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Delete exactly what was shown, on confirmation."""
        care = self.hass.data[HUB].library.care
        plan = care.braked
        if plan is None:
            return self.async_abort(reason="nothing_to_do")
        if user_input is not None:
            await care.run_retention(plan.token)
            return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=probatio.Schema({}),
            description_placeholders=placeholders(
                clips=plan.clips,
                gigabytes=f"{plan.bytes / GIGABYTE:.1f}",
                cameras=len(plan.braked),
            ),
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


class LeaveOutFlow(RepairsFlow):
    """Lets a person do without footage that cannot be had."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Be about one camera; `data` also holds the words for the question."""
        self._about = data

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

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
                data_schema=probatio.Schema({}),
                description_placeholders=placeholders(
                    **{
                        key: self._about[key]
                        for key in ("camera", "name", "since", "amount", "reason")
                    }
                ),
            )
        try:
            await runtime.hub.engine.leave_out(camera.key)
        except NvrError:
            return self.async_abort(reason="not_loaded")
        await runtime.coordinator.async_request_refresh()
        return self.async_create_entry(data={})
