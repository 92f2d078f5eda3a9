"""Calls of our actions as automations, scripts and people make them.

Every call has its fields read by the action's own schema, and its moments and ranges as
its handler reads them. Those that the library alone carries out are carried out, on a
real one with some clips. Whatever is refused must say so in words that are translated.
"""

# Reads private members: a range is read without what the action does with it.

from copy import deepcopy
import json
from types import SimpleNamespace
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.json import json_loads
import voluptuous as vol

from custom_components.vtrack_nvr.actions import answers, saving
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.runtime import HUB
from custom_components.vtrack_nvr.services import ACTIONS
from tests.core.library.rig import CAMERA

from .commands import CommandRig
from .fuzzer import Target

CARRIED_OUT = ("protect", "unprotect", "delete", "restore", "purge")
_TARGETED = ("device_id", "area_id", "floor_id", "label_id")


class _ActionRig(CommandRig):
    """A library, and as much of Home Assistant as its actions look at."""

    def __init__(self) -> None:
        super().__init__()
        camera = SimpleNamespace(key=CAMERA, name="Garden", subentry_id="garden")
        runtime = SimpleNamespace(cameras={"garden": camera}, device_id="recorder")
        entry = SimpleNamespace(runtime_data=runtime)
        engine = SimpleNamespace(notify_kept=lambda *_: None)
        self.hass = SimpleNamespace(
            data={
                HUB: SimpleNamespace(library=self.library_rig.library, engine=engine)
            },
            config_entries=SimpleNamespace(async_loaded_entries=lambda _: [entry]),
        )

    def call(self, name: str, data: dict[str, Any]) -> None:
        """Do what an action is asked for, as Home Assistant itself."""
        call: Any = SimpleNamespace(hass=self.hass, data=data, context=Context())
        if name == "save_clip":
            _show(saving._wanted(call))
        elif "start" in data and "end" in data:
            _show(answers.as_range(data["start"], data["end"]))
        is_named = data.get("entity_id") == "all" or (
            "entity_id" not in data and "clip_id" in data
        )
        if name in CARRIED_OUT and is_named and not any(t in data for t in _TARGETED):
            answer = self.loop.run_until_complete(ACTIONS[name].handler(call))
            json.dumps(answer)


def _show(wanted: TimeRange) -> None:
    """Tell a range as each answer tells the one that was asked for."""
    answers.iso(wanted.start_ms)
    answers.iso(wanted.end_ms)


_house: _ActionRig | None = None


def read_call(data: bytes) -> None:
    """Read a call, and carry it out as far as the library can."""
    global _house  # noqa: PLW0603 - one library for all inputs
    if _house is None:
        _house = _ActionRig()
    try:
        # Refuses lone surrogates, as Home Assistant does: parsing a time from one ends
        # the process (ciso8601).
        message = json_loads(data) if data[:1] == b"{" else _made(data)
    except ValueError as error:
        raise NvrError(ErrorKind.PROTOCOL) from error
    if not isinstance(message, dict) or message.get("action") not in ACTIONS:
        raise NvrError(ErrorKind.PROTOCOL)
    if not isinstance(message.get("entity_id", ""), str | list):
        # Home Assistant's own validator of targets fails here, with a TypeError.
        raise NvrError(ErrorKind.PROTOCOL)
    name = str(message.pop("action"))
    try:
        _house.call(name, ACTIONS[name].schema(message))
    except vol.Invalid as error:
        raise NvrError(ErrorKind.PROTOCOL) from error
    except HomeAssistantError as error:
        if not error.translation_key:
            raise
        raise NvrError(ErrorKind.PROTOCOL) from error


def end() -> None:
    """Close the library; the next input opens another."""
    global _house  # noqa: PLW0603 - as above
    if _house is not None:
        _house.close()
        _house = None


RANGE = {"start": "2027-01-01T10:00:00+01:00", "end": "2027-01-02 10:00:00"}
ALL = {"entity_id": "all"}
SEEDS: tuple[dict[str, Any], ...] = (
    *({"action": name} for name in ACTIONS),
    {"action": "sync", **ALL, **RANGE, "full": True, "wait": False},
    {"action": "pause", "entity_id": ["camera.garden"], "duration": 60},
    {"action": "list_recordings", **ALL, **RANGE},
    {"action": "save_clip", **ALL, "at": "2027-01-01T10:00:00", "before": 1.5},
    {"action": "save_clip", **ALL, **RANGE, "note": "why", "keep_days": 3},
    {"action": "record", "device_id": "recorder", "duration": 9},
    {"action": "protect", "clip_id": [1, 2], "note": "x"},
    {"action": "protect", **ALL, **RANGE},
    {"action": "unprotect", "clip_id": 1},
    {"action": "delete", "clip_id": 3, "include_protected": True},
    {"action": "restore", **ALL},
    {"action": "purge", **ALL, "before": "2020-01-01 00:00:00"},
    {"action": "purge", **ALL, "plan": "1-ab"},
    {"action": "verify", **ALL, **RANGE},
    {"action": "export", **ALL, **RANGE, "keep_gaps": "yes", "keep_days": 1},
    {"action": "share", "clip_id": 1, "hours": 24},
    {"action": "revoke_share", "share_id": 1},
)
FIELDS = sorted({key for seed in SEEDS for key in seed} - {"action"})
VALUES: tuple[Any, ...] = (
    *(value for seed in SEEDS for key, value in seed.items() if key != "action"),
    None, True, 0, -1, 1.5, 2**53, 2**64, 10**30, 1e300, float("inf"), float("nan"),
    "", "x" * 3_000, "\0\ud7ff", "1e9", "1e999", "inf", "٣", "on", [], [[]], {}, [None],
    "2026-13-41", "0001-01-01T00:00:00+14:00", "0001-01-01 00:00:00",
    "9999-12-31T23:59:59-12:00", "9999-12-31 23:59:59", "2026-03-29 02:30:00",
    "none", ["all"], [1] * 1_001,
)  # fmt: skip
"""`inf` and `nan` come from YAML, where they are `.inf` and `.nan`."""


def _made(data: bytes) -> dict[str, Any]:
    """Return a call that is nearly right: bytes choose which, and what is put where."""
    message = deepcopy(SEEDS[data[0] % len(SEEDS)]) if data else {}
    for what, where, value in zip(data[1::3], data[2::3], data[3:25:3], strict=False):
        field = FIELDS[where % len(FIELDS)]
        if what % 4 == 0:
            message.pop(field, None)
        else:
            message[field] = VALUES[value % len(VALUES)]
    return message


def action_target() -> Target:
    """Return the target `actions`."""
    words = {
        json.dumps(word).encode()
        for seed in SEEDS
        for pair in seed.items()
        for word in pair
    }
    words |= {b"null", b"true", b"-1", b"1e999", b'"\\u0000"', b'"\\ud800"', b"[]"}
    made = (bytes([n, *range(n, n + 12)]) for n in range(len(SEEDS)))
    return Target(
        read_call,
        (*(json.dumps(seed).encode() for seed in SEEDS), *made),
        tuple(sorted(words)),
        end,
    )
