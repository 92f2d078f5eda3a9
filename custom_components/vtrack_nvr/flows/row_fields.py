"""Fields with a row for each camera, or for each storage."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeassistant.helpers.selector import (
    ObjectSelector,
    ObjectSelectorConfig,
    ObjectSelectorField,
    SelectOptionDict,
)

from ..const import (
    CONF_CHANNEL,
    CONF_FLOOR,
    CONF_FLOORS,
    CONF_MODE,
    CONF_RETENTION_DAYS,
    CONF_STORAGE,
    CONF_STREAM,
)

CONF_ROWS = "rows"


def camera_rows(
    cameras: Sequence[SelectOptionDict], modes: Sequence[str], streams: Sequence[str]
) -> ObjectSelector:
    """Return a field with a row for each camera that is kept otherwise than the rest.

    A row names its camera by the words of the list, for they are what its line shows.
    """
    names = [camera["label"] for camera in cameras]
    return ObjectSelector(
        ObjectSelectorConfig(
            multiple=True,
            label_field=CONF_CHANNEL,
            description_field=CONF_MODE,
            translation_key=CONF_ROWS,
            fields={
                CONF_CHANNEL: ObjectSelectorField(
                    required=True,
                    selector={"select": {"options": names, "mode": "dropdown"}},
                ),
                CONF_MODE: ObjectSelectorField(
                    selector={
                        "select": {
                            "options": [*modes],
                            "translation_key": "mode",
                            "mode": "dropdown",
                        }
                    },
                ),
                CONF_RETENTION_DAYS: ObjectSelectorField(
                    selector={
                        "number": {"min": 0, "max": 3650, "step": 1, "mode": "box"}
                    },
                ),
                CONF_STREAM: ObjectSelectorField(
                    selector={
                        "select": {
                            "options": [*streams],
                            "translation_key": "stream",
                            "mode": "dropdown",
                        }
                    },
                ),
            },
        )
    )


def settings_of_rows(
    rows: Sequence[Mapping[str, Any]], cameras: Sequence[SelectOptionDict]
) -> dict[str, dict[str, Any]]:
    """Return what rows say of each camera, by channel; the last row of a camera counts."""
    tokens = {camera["label"]: camera["value"] for camera in cameras}
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        token = tokens.get(row.get(CONF_CHANNEL, ""))
        if token is None:
            continue
        said = {
            key: row[key]
            for key in (CONF_MODE, CONF_RETENTION_DAYS, CONF_STREAM)
            if row.get(key) is not None
        }
        if CONF_RETENTION_DAYS in said:
            said[CONF_RETENTION_DAYS] = int(said[CONF_RETENTION_DAYS])
        found[token] = said
    return found


def floor_rows(storages: Sequence[str]) -> ObjectSelector:
    """Return a field with a row for each storage: how much of it is to stay free."""
    return ObjectSelector(
        ObjectSelectorConfig(
            multiple=True,
            label_field=CONF_STORAGE,
            description_field=CONF_FLOOR,
            translation_key=CONF_FLOORS,
            fields={
                CONF_STORAGE: ObjectSelectorField(
                    required=True,
                    selector={"select": {"options": [*storages], "mode": "dropdown"}},
                ),
                CONF_FLOOR: ObjectSelectorField(
                    required=True,
                    selector={
                        "number": {"min": 1, "max": 100_000, "step": 1, "mode": "box"}
                    },
                ),
            },
        )
    )
