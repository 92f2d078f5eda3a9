"""From a report and a choice to the parts of a config entry."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from homeassistant.config_entries import ConfigSubentryData

from ..const import (
    CONF_CHANNEL,
    CONF_ENDPOINT_ID,
    CONF_IDENTITY,
    CONF_NUMBER,
    CONF_NVR_KEY,
    CONF_PROFILES,
    CONF_RECORDINGS,
    CONF_REPLAY,
    CONF_SEEN,
    CONF_STORAGE,
    SUBENTRY_CAMERA,
)
from ..core.device_report import DeviceReport
from ..core.models import CameraKey, Channel, NvrKey
from ..runtime.connect import Address, Login
from .forms import CAMERA_DEFAULTS


@dataclass(frozen=True, slots=True)
class EntryParts:
    """What `async_create_entry` is given."""

    title: str
    data: dict[str, Any]
    subentries: list[ConfigSubentryData]


def camera_key(nvr: NvrKey, channel: Channel) -> CameraKey:
    """Name a camera for ever, across all NVRs."""
    return CameraKey(f"{nvr}/{channel.token}")


def nvr_title(report: DeviceReport, address: Address) -> str:
    """Return the name an NVR starts with; users rename it as they like."""
    identity = report.identity
    maker_and_model = " ".join(
        part for part in (identity.manufacturer, identity.model) if part
    )
    return report.name or maker_and_model or address.shown


def camera_data(channel: Channel, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a camera's subentry keeps."""
    return {
        **CAMERA_DEFAULTS,
        **settings,
        CONF_CHANNEL: channel.token,
        CONF_NUMBER: channel.number,
        CONF_RECORDINGS: list(channel.recording_tokens),
        CONF_PROFILES: [asdict(profile) for profile in channel.profiles],
    }


def camera_title(channel: Channel, title: str, count: int) -> str:
    """Return a camera's first name: the channel's, or the device's where it is alone."""
    if count == 1:
        return title
    return channel.name or f"{title} {channel.number}"


def camera_subentry(
    nvr: NvrKey, channel: Channel, title: str, settings: Mapping[str, Any]
) -> ConfigSubentryData:
    """Return the subentry of a camera."""
    return ConfigSubentryData(
        data=camera_data(channel, settings),
        subentry_type=SUBENTRY_CAMERA,
        title=title,
        unique_id=camera_key(nvr, channel),
    )


def entry_of(
    report: DeviceReport,
    address: Address,
    login: Login,
    *,
    storage: str,
    cameras: Sequence[str],
    settings: Mapping[str, Any],
    apart: Mapping[str, Mapping[str, Any]] | None = None,
) -> EntryParts:
    """Return the entry for an NVR with the chosen cameras as subentries.

    `apart`: what of the settings is otherwise for a channel.
    """
    title = nvr_title(report, address)
    data = {
        **address.as_data(),
        **login.as_data(),
        CONF_NVR_KEY: report.key,
        CONF_IDENTITY: asdict(report.identity),
        CONF_STORAGE: storage,
        CONF_ENDPOINT_ID: report.endpoint_id or address.endpoint_id,
        CONF_REPLAY: str(report.replay),
        CONF_SEEN: [channel.token for channel in report.channels],
    }
    chosen = [channel for channel in report.channels if channel.token in cameras]
    return EntryParts(
        title,
        data,
        [
            camera_subentry(
                report.key,
                channel,
                camera_title(channel, title, len(report.channels)),
                {**settings, **(apart or {}).get(channel.token, {})},
            )
            for channel in chosen
        ],
    )
