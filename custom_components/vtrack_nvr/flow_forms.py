"""The forms of setting up: schemas and defaults, no decisions."""

from collections.abc import Sequence
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import BooleanSelector, SelectOptionDict
import probatio

from .const import (
    CONF_CLEARTEXT,
    CONF_RTSP_PASSWORD,
    CONF_RTSP_PORT,
    CONF_RTSP_USERNAME,
    CONF_STORAGE,
    CONF_TLS,
)
from .flow_fields import PASSWORD, PORT, TEXT, choice, many, one
from .flow_settings import CAMERA_DEFAULTS, kept_fields

CONF_CAMERAS = "cameras"
CONF_DEVICE = "device"
CONF_OTHERS = "others"
SECTION_ADVANCED = "advanced"
SECTION_STORAGE = "storage_section"


def pick_form(found: Sequence[SelectOptionDict], *, preselect: bool) -> probatio.Schema:
    """Return the form for one of the found devices, or an address of one's own."""
    fields: dict[probatio.Marker, Any] = {}
    if found:
        chosen = {"default": found[0]["value"]} if preselect and len(found) == 1 else {}
        fields[probatio.Optional(CONF_DEVICE, **chosen)] = one(found)
    fields[probatio.Optional(CONF_HOST)] = TEXT
    fields[probatio.Optional(CONF_PORT)] = TEXT
    return probatio.Schema(fields)


def _rtsp_section(is_open: bool = False) -> section:
    return section(
        probatio.Schema(
            {
                probatio.Optional(CONF_RTSP_PORT): PORT,
                probatio.Optional(CONF_RTSP_USERNAME): TEXT,
                probatio.Optional(CONF_RTSP_PASSWORD): PASSWORD,
            }
        ),
        {"collapsed": not is_open},
    )


def _choice_of_cleartext(cleartext: bool | None) -> dict[probatio.Marker, Any]:
    """Return the field for a password that anybody can read, if there is a choice."""
    if cleartext is None:
        return {}
    return {probatio.Required(CONF_CLEARTEXT, default=cleartext): BooleanSelector()}


def login_form(
    others: int, *, rtsp_open: bool = False, cleartext: bool | None = None
) -> probatio.Schema:
    """Return the form for user and password, for this device and `others` more."""
    fields: dict[probatio.Marker, Any] = {
        probatio.Optional(CONF_USERNAME, default=""): TEXT,
        probatio.Optional(CONF_PASSWORD, default=""): PASSWORD,
    }
    fields.update(_choice_of_cleartext(cleartext))
    if others:
        fields[probatio.Required(CONF_OTHERS, default=False)] = BooleanSelector()
    fields[probatio.Required(SECTION_ADVANCED)] = _rtsp_section(rtsp_open)
    return probatio.Schema(fields)


def reauth_form(
    *, rtsp_open: bool = False, cleartext: bool | None = None
) -> probatio.Schema:
    """Return the form for a new user and password."""
    return login_form(0, rtsp_open=rtsp_open, cleartext=cleartext)


def reconfigure_form(
    *, rtsp_open: bool = False, cleartext: bool | None = None
) -> probatio.Schema:
    """Return the form for another address or login of the same device."""
    return probatio.Schema(
        {
            probatio.Required(CONF_HOST): TEXT,
            probatio.Required(CONF_PORT): PORT,
            probatio.Required(CONF_TLS): choice(
                ["off", "verify", "fingerprint"], "tls"
            ),
            probatio.Optional(CONF_USERNAME, default=""): TEXT,
            probatio.Optional(CONF_PASSWORD, default=""): PASSWORD,
            **_choice_of_cleartext(cleartext),
            probatio.Required(SECTION_ADVANCED): _rtsp_section(rtsp_open),
        }
    )


def cameras_form(
    cameras: Sequence[SelectOptionDict],
    storages: Sequence[SelectOptionDict],
    *,
    storage_open: bool,
) -> probatio.Schema:
    """Return the one form of onboarding: how, for how long, where, which cameras."""
    folder = probatio.Required(CONF_STORAGE, default=storages[0]["value"])
    every = [camera["value"] for camera in cameras]
    return probatio.Schema(
        {
            **kept_fields(CAMERA_DEFAULTS),
            probatio.Required(SECTION_STORAGE): section(
                probatio.Schema({folder: one(storages)}),
                {"collapsed": not storage_open},
            ),
            # The list may be long: it comes last, and all of it is chosen.
            probatio.Required(CONF_CAMERAS, default=every): many(cameras),
        }
    )


def new_cameras_form(cameras: Sequence[SelectOptionDict]) -> probatio.Schema:
    """Return the form for cameras that a device got, all preselected."""
    every = [camera["value"] for camera in cameras]
    return probatio.Schema(
        {probatio.Required(CONF_CAMERAS, default=every): many(cameras)}
    )
