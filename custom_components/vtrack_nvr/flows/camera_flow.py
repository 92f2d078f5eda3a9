"""One camera of an NVR: add a channel, change how it is kept."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.helpers.selector import SelectOptionDict
import voluptuous as vol

from ..const import (
    CONF_CHANNEL,
    CONF_EVENT_CLASSES,
    CONF_MODE,
    CONF_RETENTION_DAYS,
    CONF_SECOND_AFTER,
    CONF_SECOND_STORAGE,
    CONF_STORAGE,
    NO_SECOND,
)
from ..core.errors import NvrError
from ..core.models import Channel, NvrKey
from ..phrases import Phrases
from ..placeholders import placeholders
from ..runtime.storage import async_storage_problem
from .entry_data import camera_data, camera_key, camera_title
from .forms import CAMERA_DEFAULTS, camera_form, flat, new_camera_form, suggested
from .report import channel_label
from .storage_choice import async_second_storages


class CameraSubentryFlow(ConfigSubentryFlow):
    """Add a camera that is not kept yet; change one that is."""

    def __init__(self) -> None:
        """Start knowing no channels."""
        self._channels: tuple[Channel, ...] = ()
        self._form = vol.Schema({})

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose one of the channels that are not kept yet."""
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        nvr = NvrKey(str(entry.unique_id))
        if user_input is not None:
            token = user_input[CONF_CHANNEL]
            channel = next(item for item in self._channels if item.token == token)
            settings = {
                key: user_input[key] for key in (CONF_MODE, CONF_RETENTION_DAYS)
            }
            return self.async_create_entry(
                title=camera_title(channel, entry.title, len(self._channels)),
                data=camera_data(channel, settings),
                unique_id=camera_key(nvr, channel),
            )
        try:
            self._channels = await entry.runtime_data.device.channels()
        except NvrError as error:
            return self.async_abort(reason=str(error.kind))
        known = {sub.unique_id for sub in entry.subentries.values()}
        new = [item for item in self._channels if camera_key(nvr, item) not in known]
        if not new:
            return self.async_abort(reason="no_new_cameras")
        phrases = await Phrases.async_load(self.hass)
        return self.async_show_form(
            step_id="user",
            data_schema=new_camera_form(
                self._as_its_neighbours(),
                [
                    SelectOptionDict(
                        value=item.token, label=channel_label(item, phrases)
                    )
                    for item in new
                ],
            ),
        )

    def _as_its_neighbours(self) -> Mapping[str, Any]:
        """Return how the other cameras of the device are kept, where there are any."""
        for subentry in self._get_entry().subentries.values():
            return {**CAMERA_DEFAULTS, **subentry.data}
        return CAMERA_DEFAULTS

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change how a camera is kept."""
        entry = self._get_entry()
        subentry = self._get_reconfigure_subentry()
        shown = {**CAMERA_DEFAULTS, **subentry.data}
        errors: dict[str, str] = {}
        if user_input is not None:
            # The form as it was shown: by now the device may list other recordings.
            given = flat(self._form, user_input)
            error = await self._async_second_error(given, shown[CONF_SECOND_STORAGE])
            if not given[CONF_EVENT_CLASSES]:
                error = "no_event_class"
            if error is None:
                return self.async_update_and_abort(
                    entry, subentry, data={**subentry.data, **given}
                )
            errors["base"] = error
            shown |= given
        else:
            self._form = camera_form(
                shown,
                await self._async_recordings(),
                await async_second_storages(
                    self.hass,
                    await Phrases.async_load(self.hass),
                    entry.data[CONF_STORAGE],
                    shown[CONF_SECOND_STORAGE],
                ),
            )
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                self._form, suggested(self._form, shown)
            ),
            errors=errors,
            description_placeholders=placeholders(name=subentry.title),
        )

    async def _async_second_error(
        self, given: Mapping[str, Any], before: str
    ) -> str | None:
        """Return why older clips cannot go where they should; one that is away may stay."""
        path, days = given[CONF_SECOND_STORAGE], given[CONF_RETENTION_DAYS]
        if path == NO_SECOND:
            return None
        if 0 < days <= given[CONF_SECOND_AFTER]:
            return "second_too_late"
        if path == before:
            return None
        problem = await async_storage_problem(self.hass, path)
        return None if problem is None else str(problem)

    async def _async_recordings(self) -> list[SelectOptionDict]:
        """List what the device recorded, for the user's own assignment; may be empty."""
        entry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return []
        try:
            recordings = await entry.runtime_data.device.recordings()
        except NvrError:
            return []
        return [
            SelectOptionDict(
                value=item.token,
                label=item.source_name or item.source_id or item.token,
            )
            for item in recordings
        ]
