"""The forms of all flows: schemas and defaults, no decisions."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .const import (
    CONF_BANDWIDTH,
    CONF_CLIP_MINUTES,
    CONF_GATE,
    CONF_INTERVAL,
    CONF_LIVE_GATE,
    CONF_MODE,
    CONF_ORDER,
    CONF_POST_ROLL,
    CONF_PRE_ROLL,
    CONF_RECORDINGS,
    CONF_RETENTION_DAYS,
    CONF_RETENTION_GB,
    CONF_RTSP_PASSWORD,
    CONF_RTSP_PORT,
    CONF_RTSP_USERNAME,
    CONF_SESSIONS,
    CONF_SETTLE,
    CONF_SOURCE,
    CONF_STORAGE,
    CONF_STREAM,
    CONF_TIME_CORRECTION,
    CONF_TLS,
    DEFAULT_INTERVAL,
    DEFAULT_RETENTION_DAYS,
)

CONF_CAMERAS = "cameras"
CONF_DEVICE = "device"
CONF_OTHERS = "others"
SECTION_ADVANCED = "advanced"
SECTION_STORAGE = "storage_section"

MODES = ["everything", "events", "on_demand"]
SOURCES = ["auto", "replay", "live"]
STREAMS = ["main", "sub"]
ORDERS = ["newest_first", "oldest_first"]

GATE_DOMAINS = [
    "binary_sensor",
    "schedule",
    "input_boolean",
    "switch",
    "alarm_control_panel",
    "person",
    "device_tracker",
]

CAMERA_DEFAULTS: Mapping[str, Any] = {
    CONF_MODE: "everything",
    CONF_SOURCE: "auto",
    CONF_STREAM: "main",
    CONF_ORDER: "newest_first",
    CONF_CLIP_MINUTES: 5,
    CONF_PRE_ROLL: 10,
    CONF_POST_ROLL: 20,
    CONF_SETTLE: 75,
    CONF_RETENTION_DAYS: DEFAULT_RETENTION_DAYS,
    CONF_RETENTION_GB: 0,
}

_PASSWORD = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
_TEXT = TextSelector(TextSelectorConfig(autocomplete="off"))
_GATE = EntitySelector(EntitySelectorConfig(domain=GATE_DOMAINS))
_PORT = NumberSelector(
    NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)
)


def _number(low: float, high: float, unit: str | None = None) -> Any:
    config = NumberSelectorConfig(
        min=low, max=high, step=1, mode=NumberSelectorMode.BOX
    )
    if unit:
        config["unit_of_measurement"] = unit
    return vol.All(NumberSelector(config), vol.Coerce(int))


def _choice(options: list[str], key: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=options, translation_key=key, mode=SelectSelectorMode.DROPDOWN
        )
    )


def _many(options: Sequence[SelectOptionDict]) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options), multiple=True, mode=SelectSelectorMode.LIST
        )
    )


def pick_form(found: Sequence[SelectOptionDict]) -> vol.Schema:
    """Return the form for one of the found devices, or an address of one's own."""
    fields: dict[vol.Marker, Any] = {}
    if found:
        fields[vol.Optional(CONF_DEVICE)] = SelectSelector(
            SelectSelectorConfig(options=list(found), mode=SelectSelectorMode.LIST)
        )
    fields[vol.Optional(CONF_HOST)] = _TEXT
    fields[vol.Optional(CONF_PORT)] = _TEXT
    return vol.Schema(fields)


def _rtsp_section(is_open: bool = False) -> section:
    return section(
        vol.Schema(
            {
                vol.Optional(CONF_RTSP_PORT): vol.All(_PORT, vol.Coerce(int)),
                vol.Optional(CONF_RTSP_USERNAME): _TEXT,
                vol.Optional(CONF_RTSP_PASSWORD): _PASSWORD,
            }
        ),
        {"collapsed": not is_open},
    )


def login_form(others: int, *, rtsp_open: bool = False) -> vol.Schema:
    """Return the form for user and password, for this device and `others` more."""
    fields: dict[vol.Marker, Any] = {
        vol.Optional(CONF_USERNAME, default=""): _TEXT,
        vol.Optional(CONF_PASSWORD, default=""): _PASSWORD,
    }
    if others:
        fields[vol.Required(CONF_OTHERS, default=False)] = BooleanSelector()
    fields[vol.Required(SECTION_ADVANCED)] = _rtsp_section(rtsp_open)
    return vol.Schema(fields)


def reauth_form(*, rtsp_open: bool = False) -> vol.Schema:
    """Return the form for a new user and password."""
    return login_form(0, rtsp_open=rtsp_open)


def reconfigure_form(*, rtsp_open: bool = False) -> vol.Schema:
    """Return the form for another address or login of the same device."""
    return vol.Schema(
        {
            vol.Required(CONF_HOST): _TEXT,
            vol.Required(CONF_PORT): vol.All(_PORT, vol.Coerce(int)),
            vol.Required(CONF_TLS): _choice(["off", "verify", "fingerprint"], "tls"),
            vol.Optional(CONF_USERNAME, default=""): _TEXT,
            vol.Optional(CONF_PASSWORD, default=""): _PASSWORD,
            vol.Required(SECTION_ADVANCED): _rtsp_section(rtsp_open),
        }
    )


def cameras_form(
    cameras: Sequence[SelectOptionDict],
    storages: Sequence[SelectOptionDict],
    modes: Sequence[str] = MODES,
) -> vol.Schema:
    """Return the one form of onboarding: which cameras, how, for how long, where."""
    return vol.Schema(
        {
            vol.Required(
                CONF_CAMERAS, default=[camera["value"] for camera in cameras]
            ): _many(cameras),
            vol.Required(CONF_MODE, default=modes[0]): _choice(list(modes), "mode"),
            vol.Required(CONF_RETENTION_DAYS, default=DEFAULT_RETENTION_DAYS): _number(
                0, 3650, "d"
            ),
            vol.Required(SECTION_STORAGE): section(
                vol.Schema(
                    {
                        vol.Required(
                            CONF_STORAGE, default=storages[0]["value"]
                        ): SelectSelector(
                            SelectSelectorConfig(
                                options=list(storages), mode=SelectSelectorMode.LIST
                            )
                        )
                    }
                ),
                {"collapsed": True},
            ),
        }
    )


def new_cameras_form(cameras: Sequence[SelectOptionDict]) -> vol.Schema:
    """Return the form for cameras that a device got, all preselected."""
    every = [camera["value"] for camera in cameras]
    return vol.Schema({vol.Required(CONF_CAMERAS, default=every): _many(cameras)})


def camera_form(recordings: Sequence[SelectOptionDict]) -> vol.Schema:
    """Return the form with every setting of one camera."""
    fields: dict[vol.Marker, Any] = {
        vol.Required(CONF_MODE): _choice(MODES, "mode"),
        vol.Required(CONF_SOURCE): _choice(SOURCES, "source"),
        vol.Required(CONF_STREAM): _choice(STREAMS, "stream"),
        vol.Required(CONF_RETENTION_DAYS): _number(0, 3650, "d"),
        vol.Required(CONF_RETENTION_GB): _number(0, 1_000_000, "GB"),
        vol.Required(CONF_ORDER): _choice(ORDERS, "order"),
        vol.Required(CONF_CLIP_MINUTES): _number(1, 60, "min"),
        vol.Required(CONF_PRE_ROLL): _number(0, 600, "s"),
        vol.Required(CONF_POST_ROLL): _number(0, 3600, "s"),
        vol.Required(CONF_SETTLE): _number(5, 3600, "s"),
        vol.Optional(CONF_GATE): _GATE,
        vol.Optional(CONF_LIVE_GATE): _GATE,
    }
    if recordings:
        fields[vol.Optional(CONF_RECORDINGS)] = _many(recordings)
    return vol.Schema(fields)


def nvr_form() -> vol.Schema:
    """Return the form with every setting of an NVR."""
    return vol.Schema(
        {
            vol.Required(CONF_INTERVAL, default=DEFAULT_INTERVAL): _number(
                1, 1440, "min"
            ),
            vol.Required(CONF_SESSIONS, default=1): _number(1, 4),
            vol.Required(CONF_BANDWIDTH, default=0): _number(0, 10_000, "Mbit/s"),
            vol.Required(CONF_TIME_CORRECTION, default=0): _number(-840, 840, "min"),
            vol.Optional(CONF_GATE): _GATE,
        }
    )
