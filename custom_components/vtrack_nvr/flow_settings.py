"""The forms with every setting of a camera and of an NVR, and what they begin with.

What people change often is in sight; the rest lies in sections that are closed while
everything in them is as it comes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import SelectOptionDict
import probatio

from .const import (
    CONF_BANDWIDTH,
    CONF_CHANNEL,
    CONF_CLIP_MINUTES,
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
    CONF_SECOND_AFTER,
    CONF_SECOND_STORAGE,
    CONF_SESSIONS,
    CONF_SETTLE,
    CONF_SOURCE,
    CONF_STREAM,
    CONF_TIME_CORRECTION,
    DEFAULT_INTERVAL,
    DEFAULT_MISSING_AFTER,
    DEFAULT_RETENTION_DAYS,
    DEFAULT_SECOND_AFTER,
    NO_SECOND,
)
from .flow_fields import GATE, choice, many, number, one

SECTION_CLOCK = "clock_section"
SECTION_COPYING = "copying_section"
SECTION_EVENTS = "events_section"
SECTION_LIMITS = "limits_section"
SECTION_SECOND = "second_section"
SECTION_SOURCE = "source_section"

MODE_EVENTS = "events"
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

type Fields = dict[probatio.Marker, Any]


def kept_fields(shown: Mapping[str, Any]) -> Fields:
    """Return the two settings that everybody is asked for."""
    return {
        probatio.Required(CONF_MODE, default=shown[CONF_MODE]): choice(MODES, "mode"),
        probatio.Required(
            CONF_RETENTION_DAYS, default=shown[CONF_RETENTION_DAYS]
        ): number(0, 3650, "days"),
    }


def camera_form(
    shown: Mapping[str, Any],
    recordings: Sequence[SelectOptionDict],
    second_storages: Sequence[SelectOptionDict],
) -> probatio.Schema:
    """Return the form with every setting of one camera, which is kept as `shown`."""
    source: Fields = {
        probatio.Required(CONF_SOURCE): choice(SOURCES, "source"),
        probatio.Required(CONF_STREAM): choice(STREAMS, "stream"),
        probatio.Optional(CONF_LIVE_GATE): GATE,
    }
    # What the device matched by itself is no reason to open the section.
    unusual = {CONF_LIVE_GATE, CONF_SOURCE, CONF_STREAM}
    if recordings:
        source[probatio.Optional(CONF_RECORDINGS)] = many(recordings)
    events: Fields = {
        probatio.Required(CONF_PRE_ROLL): number(0, 600, "seconds"),
        probatio.Required(CONF_POST_ROLL): number(0, 3600, "seconds"),
    }
    second: Fields = {
        probatio.Required(CONF_SECOND_STORAGE): one(second_storages),
        probatio.Required(CONF_SECOND_AFTER): number(1, 3650, "days"),
    }
    copying: Fields = {
        probatio.Optional(CONF_GATE): GATE,
        probatio.Required(CONF_ORDER): choice(ORDERS, "order"),
        probatio.Required(CONF_CLIP_MINUTES): number(1, 60, "minutes"),
        probatio.Required(CONF_SETTLE): number(5, 3600, "seconds"),
    }
    return probatio.Schema(
        {
            **kept_fields(shown),
            probatio.Required(CONF_RETENTION_GB): number(0, 1_000_000, "GB"),
            probatio.Required(SECTION_EVENTS): section(
                probatio.Schema(events), {"collapsed": shown[CONF_MODE] != MODE_EVENTS}
            ),
            probatio.Required(SECTION_SOURCE): section(
                probatio.Schema(source), {"collapsed": _is_usual(shown, unusual)}
            ),
            probatio.Required(SECTION_COPYING): section(
                probatio.Schema(copying),
                {"collapsed": _is_usual(shown, {str(key) for key in copying})},
            ),
            probatio.Required(SECTION_SECOND): section(
                probatio.Schema(second),
                {"collapsed": _is_usual(shown, {CONF_SECOND_STORAGE})},
            ),
        }
    )


def new_camera_form(
    shown: Mapping[str, Any], channels: Sequence[SelectOptionDict]
) -> probatio.Schema:
    """Return the form for one more camera, kept as `shown`."""
    return probatio.Schema(
        {
            probatio.Required(CONF_CHANNEL, default=channels[0]["value"]): one(
                channels
            ),
            **kept_fields(shown),
        }
    )


def nvr_form(shown: Mapping[str, Any]) -> probatio.Schema:
    """Return the form with every setting of an NVR, which is treated as `shown`."""
    limits: Fields = {
        probatio.Required(CONF_SESSIONS): number(1, 4),
        probatio.Required(CONF_BANDWIDTH): number(0, 10_000, "Mbit/s"),
    }
    clock: Fields = {
        probatio.Required(CONF_TIME_CORRECTION): number(-840, 840, "minutes")
    }
    return probatio.Schema(
        {
            probatio.Required(CONF_INTERVAL): number(1, 1440, "minutes"),
            probatio.Required(CONF_MISSING_AFTER): number(0, 10_080, "minutes"),
            probatio.Optional(CONF_GATE): GATE,
            probatio.Required(SECTION_LIMITS): section(
                probatio.Schema(limits),
                {"collapsed": _is_usual(shown, {str(key) for key in limits})},
            ),
            probatio.Required(SECTION_CLOCK): section(
                probatio.Schema(clock),
                {"collapsed": _is_usual(shown, {CONF_TIME_CORRECTION})},
            ),
        }
    )


def suggested(form: probatio.Schema, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return `shown` as `add_suggested_values_to_schema` wants it for a form."""
    values = {key: value for key, value in shown.items() if value is not None}
    sections = [str(key) for key, field in form.schema.items() if _is_section(field)]
    return {**values, **dict.fromkeys(sections, values)}


def flat(form: probatio.Schema, given: Mapping[str, Any]) -> dict[str, Any]:
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
