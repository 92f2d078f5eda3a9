"""The forms of setting up: schemas and defaults, no decisions."""

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

from ..const import (
    CONF_BANDWIDTH,
    CONF_CHANNEL,
    CONF_CLEARTEXT,
    CONF_CLIP_MINUTES,
    CONF_EVENT_CLASSES,
    CONF_GATE,
    CONF_INTERVAL,
    CONF_LIVE_GATE,
    CONF_MISSING_AFTER,
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
    CONF_SCHEDULE,
    CONF_SECOND_AFTER,
    CONF_SECOND_STORAGE,
    CONF_SESSIONS,
    CONF_SETTLE,
    CONF_SOURCE,
    CONF_STORAGE,
    CONF_STREAM,
    CONF_TIME_CORRECTION,
    CONF_TLS,
    DEFAULT_INTERVAL,
    DEFAULT_MISSING_AFTER,
    DEFAULT_RETENTION_DAYS,
    DEFAULT_SECOND_AFTER,
    NO_SECOND,
)
from .row_fields import CONF_ROWS, camera_rows

SECTION_CLOCK = "clock_section"
SECTION_COPYING = "copying_section"
SECTION_EVENTS = "events_section"
SECTION_LIMITS = "limits_section"
SECTION_SECOND = "second_section"
SECTION_SOURCE = "source_section"

MODE_EVENTS = "events"
EVENT_CLASSES = (
    "motion",
    "person",
    "vehicle",
    "animal",
    "doorbell",
    "line",
    "other",
)
MODES = ("everything", MODE_EVENTS, "on_demand")
SOURCES = ("auto", "replay", "live")
STREAMS = ("main", "sub")
ORDERS = ("newest_first", "oldest_first")

CAMERA_DEFAULTS: Mapping[str, Any] = {
    CONF_MODE: "everything",
    CONF_SOURCE: "auto",
    CONF_STREAM: "main",
    CONF_ORDER: "newest_first",
    CONF_CLIP_MINUTES: 5,
    CONF_PRE_ROLL: 10,
    CONF_POST_ROLL: 20,
    CONF_EVENT_CLASSES: [*EVENT_CLASSES],
    CONF_SETTLE: 75,
    CONF_RETENTION_DAYS: DEFAULT_RETENTION_DAYS,
    CONF_RETENTION_GB: 0,
    CONF_SECOND_STORAGE: NO_SECOND,
    CONF_SECOND_AFTER: DEFAULT_SECOND_AFTER,
}

NVR_DEFAULTS: Mapping[str, Any] = {
    CONF_INTERVAL: DEFAULT_INTERVAL,
    CONF_SESSIONS: 1,
    CONF_BANDWIDTH: 0,
    CONF_MISSING_AFTER: DEFAULT_MISSING_AFTER,
    CONF_TIME_CORRECTION: 0,
}

type Fields = dict[vol.Marker, Any]


def kept_fields(shown: Mapping[str, Any]) -> Fields:
    """Return the two settings that everybody is asked for."""
    return {
        vol.Required(CONF_MODE, default=shown[CONF_MODE]): choice_field(MODES, "mode"),
        vol.Required(
            CONF_RETENTION_DAYS, default=shown[CONF_RETENTION_DAYS]
        ): number_field(0, 3650, "days"),
    }


def camera_form(
    shown: Mapping[str, Any],
    recordings: Sequence[SelectOptionDict],
    second_storages: Sequence[SelectOptionDict],
) -> vol.Schema:
    """Return the form with every setting of one camera, which is kept as `shown`."""
    source: Fields = {
        vol.Required(CONF_SOURCE): choice_field(SOURCES, "source"),
        vol.Required(CONF_STREAM): choice_field(STREAMS, "stream"),
        vol.Optional(CONF_LIVE_GATE): GATE,
    }
    # What the device matched by itself is no reason to open the section.
    unusual = {CONF_LIVE_GATE, CONF_SOURCE, CONF_STREAM}
    if recordings:
        source[vol.Optional(CONF_RECORDINGS)] = offers_field(recordings)
    events: Fields = {
        vol.Optional(CONF_EVENT_CLASSES, default=[*EVENT_CLASSES]): choices_field(
            EVENT_CLASSES, "event_class"
        ),
        vol.Required(CONF_PRE_ROLL): number_field(0, 600, "seconds"),
        vol.Required(CONF_POST_ROLL): number_field(0, 3600, "seconds"),
    }
    second: Fields = {
        vol.Required(CONF_SECOND_STORAGE): offered_field(second_storages),
        vol.Required(CONF_SECOND_AFTER): number_field(1, 3650, "days"),
    }
    copying: Fields = {
        vol.Optional(CONF_SCHEDULE): SCHEDULE,
        vol.Optional(CONF_GATE): GATE,
        vol.Required(CONF_ORDER): choice_field(ORDERS, "order"),
        vol.Required(CONF_CLIP_MINUTES): number_field(1, 60, "minutes"),
        vol.Required(CONF_SETTLE): number_field(5, 3600, "seconds"),
    }
    return vol.Schema(
        {
            **kept_fields(shown),
            vol.Required(CONF_RETENTION_GB): number_field(0, 1_000_000, "GB"),
            vol.Required(SECTION_EVENTS): section(
                vol.Schema(events), {"collapsed": shown[CONF_MODE] != MODE_EVENTS}
            ),
            vol.Required(SECTION_SOURCE): section(
                vol.Schema(source), {"collapsed": _is_usual(shown, unusual)}
            ),
            vol.Required(SECTION_COPYING): section(
                vol.Schema(copying),
                {"collapsed": _is_usual(shown, {str(key) for key in copying})},
            ),
            vol.Required(SECTION_SECOND): section(
                vol.Schema(second),
                {"collapsed": _is_usual(shown, {CONF_SECOND_STORAGE})},
            ),
        }
    )


def new_camera_form(
    shown: Mapping[str, Any], channels: Sequence[SelectOptionDict]
) -> vol.Schema:
    """Return the form for one more camera, kept as `shown`."""
    return vol.Schema(
        {
            vol.Required(CONF_CHANNEL, default=channels[0]["value"]): offered_field(
                channels
            ),
            **kept_fields(shown),
        }
    )


def nvr_form(shown: Mapping[str, Any]) -> vol.Schema:
    """Return the form with every setting of an NVR, which is treated as `shown`."""
    limits: Fields = {
        vol.Required(CONF_SESSIONS): number_field(1, 4),
        vol.Required(CONF_BANDWIDTH): number_field(0, 10_000, "Mbit/s"),
    }
    clock: Fields = {
        vol.Required(CONF_TIME_CORRECTION): number_field(-840, 840, "minutes")
    }
    return vol.Schema(
        {
            vol.Required(CONF_INTERVAL): number_field(1, 1440, "minutes"),
            vol.Required(CONF_MISSING_AFTER): number_field(0, 10_080, "minutes"),
            vol.Optional(CONF_GATE): GATE,
            vol.Required(SECTION_LIMITS): section(
                vol.Schema(limits),
                {"collapsed": _is_usual(shown, {str(key) for key in limits})},
            ),
            vol.Required(SECTION_CLOCK): section(
                vol.Schema(clock),
                {"collapsed": _is_usual(shown, {CONF_TIME_CORRECTION})},
            ),
        }
    )


def suggested(form: vol.Schema, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return `shown` as `add_suggested_values_to_schema` wants it for a form."""
    values = {key: value for key, value in shown.items() if value is not None}
    sections = [str(key) for key, field in form.schema.items() if _is_section(field)]
    return {**values, **dict.fromkeys(sections, values)}


def flat(form: vol.Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form was given without its sections; what was emptied is None."""
    values: dict[str, Any] = {}
    for key, field in form.schema.items():
        if _is_section(field):
            values |= flat(field.schema, given.get(str(key), {}))
        else:
            values[str(key)] = given.get(str(key))
    return values


def _is_section(field: Any) -> bool:
    return isinstance(field, section)


def _is_usual(shown: Mapping[str, Any], keys: set[str]) -> bool:
    usual = {**NVR_DEFAULTS, **CAMERA_DEFAULTS}
    return all(shown.get(key) in (None, usual.get(key)) for key in keys)


GATE_DOMAINS = [
    "binary_sensor",
    "schedule",
    "input_boolean",
    "switch",
    "alarm_control_panel",
    "person",
    "device_tracker",
]

PASSWORD = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
TEXT = TextSelector(TextSelectorConfig(autocomplete="off"))
GATE = EntitySelector(EntitySelectorConfig(domain=GATE_DOMAINS))
SCHEDULE = EntitySelector(EntitySelectorConfig(domain="schedule"))
"""Home Assistant's own field offers to create a schedule helper as well."""


def number_field(low: float, high: float, unit: str | None = None) -> Any:
    """Return a field for whole numbers; the unit is a key of `selector.unit`."""
    config = NumberSelectorConfig(
        min=low, max=high, step=1, mode=NumberSelectorMode.BOX
    )
    if unit:
        config["unit_of_measurement"] = unit
        config["translation_key"] = "unit"
    return vol.All(NumberSelector(config), vol.Coerce(int))


PORT = number_field(1, 65_535)


def choice_field(options: Sequence[str], key: str) -> SelectSelector:
    """Return a field for one of a few words, translated below `selector.<key>`."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options), translation_key=key, mode=SelectSelectorMode.DROPDOWN
        )
    )


def choices_field(options: Sequence[str], key: str) -> SelectSelector:
    """Return a field for some of a few words, translated below `selector.<key>`."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options),
            translation_key=key,
            multiple=True,
            mode=SelectSelectorMode.LIST,
        )
    )


def offered_field(options: Sequence[SelectOptionDict]) -> SelectSelector:
    """Return a field for one of what a device or a disk offers."""
    return SelectSelector(
        SelectSelectorConfig(options=list(options), mode=SelectSelectorMode.LIST)
    )


def offers_field(options: Sequence[SelectOptionDict]) -> SelectSelector:
    """Return a field for some of what a device offers."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options), multiple=True, mode=SelectSelectorMode.LIST
        )
    )


CONF_CAMERAS = "cameras"
CONF_DEVICE = "device"
CONF_OTHERS = "others"
SECTION_ADVANCED = "advanced"
SECTION_ROWS = "rows_section"
SECTION_STORAGE = "storage_section"


def pick_form(found: Sequence[SelectOptionDict], *, preselect: bool) -> vol.Schema:
    """Return the form for one of the found devices, or an address of one's own."""
    fields: dict[vol.Marker, Any] = {}
    if found:
        chosen = {"default": found[0]["value"]} if preselect and len(found) == 1 else {}
        fields[vol.Optional(CONF_DEVICE, **chosen)] = offered_field(found)
    fields[vol.Optional(CONF_HOST)] = TEXT
    fields[vol.Optional(CONF_PORT)] = TEXT
    return vol.Schema(fields)


def _rtsp_section(is_open: bool = False) -> section:
    return section(
        vol.Schema(
            {
                vol.Optional(CONF_RTSP_PORT): PORT,
                vol.Optional(CONF_RTSP_USERNAME): TEXT,
                vol.Optional(CONF_RTSP_PASSWORD): PASSWORD,
            }
        ),
        {"collapsed": not is_open},
    )


def _choice_of_cleartext(cleartext: bool | None) -> dict[vol.Marker, Any]:
    """Return the field for a password that anybody can read, if there is a choice."""
    if cleartext is None:
        return {}
    return {vol.Required(CONF_CLEARTEXT, default=cleartext): BooleanSelector()}


def login_form(
    others: int, *, rtsp_open: bool = False, cleartext: bool | None = None
) -> vol.Schema:
    """Return the form for user and password, for this device and `others` more."""
    fields: dict[vol.Marker, Any] = {
        vol.Optional(CONF_USERNAME, default=""): TEXT,
        vol.Optional(CONF_PASSWORD, default=""): PASSWORD,
    }
    fields.update(_choice_of_cleartext(cleartext))
    if others:
        fields[vol.Required(CONF_OTHERS, default=False)] = BooleanSelector()
    fields[vol.Required(SECTION_ADVANCED)] = _rtsp_section(rtsp_open)
    return vol.Schema(fields)


def reauth_form(
    *, rtsp_open: bool = False, cleartext: bool | None = None
) -> vol.Schema:
    """Return the form for a new user and password."""
    return login_form(0, rtsp_open=rtsp_open, cleartext=cleartext)


def reconfigure_form(
    *, rtsp_open: bool = False, cleartext: bool | None = None
) -> vol.Schema:
    """Return the form for another address or login of the same device."""
    return vol.Schema(
        {
            vol.Required(CONF_HOST): TEXT,
            vol.Required(CONF_PORT): PORT,
            vol.Required(CONF_TLS): choice_field(
                ["off", "verify", "fingerprint"], "tls"
            ),
            vol.Optional(CONF_USERNAME, default=""): TEXT,
            vol.Optional(CONF_PASSWORD, default=""): PASSWORD,
            **_choice_of_cleartext(cleartext),
            vol.Required(SECTION_ADVANCED): _rtsp_section(rtsp_open),
        }
    )


def cameras_form(
    cameras: Sequence[SelectOptionDict],
    storages: Sequence[SelectOptionDict],
    *,
    storage_open: bool,
    rows: Sequence[Mapping[str, Any]] = (),
) -> vol.Schema:
    """Return the one form of onboarding: how, for how long, where, which cameras.

    `rows` are cameras that are kept otherwise than the rest, as proposed.
    """
    folder = vol.Required(CONF_STORAGE, default=storages[0]["value"])
    every = [camera["value"] for camera in cameras]
    apart: Fields = {}
    if len(cameras) > 1:
        apart[vol.Optional(SECTION_ROWS)] = section(
            vol.Schema(
                {
                    vol.Optional(CONF_ROWS, default=[*rows]): camera_rows(
                        cameras, MODES, STREAMS
                    )
                }
            ),
            {"collapsed": not rows},
        )
    return vol.Schema(
        {
            **kept_fields(CAMERA_DEFAULTS),
            vol.Required(SECTION_STORAGE): section(
                vol.Schema({folder: offered_field(storages)}),
                {"collapsed": not storage_open},
            ),
            **apart,
            # The list may be long: it comes last, and all of it is chosen.
            vol.Required(CONF_CAMERAS, default=every): offers_field(cameras),
        }
    )


def new_cameras_form(cameras: Sequence[SelectOptionDict]) -> vol.Schema:
    """Return the form for cameras that a device got, all preselected."""
    every = [camera["value"] for camera in cameras]
    return vol.Schema(
        {vol.Required(CONF_CAMERAS, default=every): offers_field(cameras)}
    )
