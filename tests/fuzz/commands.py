"""Commands of the WebSocket API as anybody who is signed in may send them.

Every command has its fields read; those that the library alone answers are answered, by a
real one with some clips, as if an administrator had asked.
"""

# Reads private members: Home Assistant keeps the schema of a command there.

import asyncio
from copy import deepcopy
import json
from pathlib import Path
import tempfile
from types import SimpleNamespace
from typing import Any

from homeassistant.util.json import json_loads
import voluptuous as vol

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import (
    CoverageState,
    EventClass,
    EventMark,
)
from custom_components.vtrack_nvr.websocket import COMMANDS
from custom_components.vtrack_nvr.websocket.caller import Caller
from custom_components.vtrack_nvr.websocket.command import WORKS
from custom_components.vtrack_nvr.websocket.errors import CommandError
from tests.core.library.rig import (
    CAMERA,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    ManualClock,
    make_library,
)

from .fuzzer import Target

MOST_BYTES = 256 * 1024
ANSWERED = (
    "coverage/tiles",
    "coverage/at",
    "coverage/spans",
    "coverage/edge",
    "coverage/month",
    "events/list",
    "events/page",
    "clips/list",
    "clips/get",
    "clips/spans",
    "clips/count",
    "ledger",
    "export/list",
)


class CommandRig:
    """A library with footage, and a loop to ask it on."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        folder = Path(tempfile.mkdtemp(prefix="vtrack-fuzz-"))
        self.library_rig = make_library(folder, ManualClock())
        self.loop.run_until_complete(self._fill())
        user = SimpleNamespace(id="user", is_admin=True, permissions=None)
        hub = SimpleNamespace(library=self.library_rig.library)
        self.caller = Caller(
            SimpleNamespace(  # as much as they look at
                data={"vtrack_nvr": hub},
                config=SimpleNamespace(time_zone="Europe/Berlin"),
            ),
            SimpleNamespace(user=user),  # as above
        )

    async def _fill(self) -> None:
        library = self.library_rig.library
        await library.open()
        await library.register_nvr(NVR, "Recorder")
        await library.register_camera(NVR, CAMERA, "Garden")
        await asyncio.to_thread(
            lambda: [
                self.library_rig.keep(NOW - HOUR + n * 5 * MINUTE) for n in range(12)
            ]
        )
        for n, state in enumerate(CoverageState):
            if state is not CoverageState.KEPT:
                span = TimeRange(NOW - DAY + n * HOUR, NOW - DAY + (n + 1) * HOUR)
                await library.ledger.mark(CAMERA, [span], state, "timeout")
        marks = [
            EventMark(EventClass.PERSON, TimeRange(at, at + 5000), "door")
            for at in range(NOW - DAY, NOW, HOUR)
        ]
        await library.ledger.add_marks(CAMERA, marks)

    def close(self) -> None:
        self.loop.run_until_complete(self.library_rig.library.close())
        self.loop.close()

    def ask(self, name: str, message: dict[str, Any]) -> None:
        answer = self.loop.run_until_complete(WORKS[name](self.caller, message))
        assert len(json.dumps(answer)) <= MOST_BYTES


_house: CommandRig | None = None


def read_command(data: bytes) -> None:
    """Read a command, and answer it."""
    global _house  # noqa: PLW0603 - one library for all inputs
    if _house is None:
        _house = CommandRig()
    try:
        message = json_loads(data) if data[:1] == b"{" else _made(data)
    except ValueError as error:
        raise NvrError(ErrorKind.PROTOCOL) from error
    if not isinstance(message, dict):
        raise NvrError(ErrorKind.PROTOCOL)
    name = str(message.get("type")).removeprefix("vtrack_nvr/")
    if name not in COMMANDS:
        raise NvrError(ErrorKind.PROTOCOL)
    try:
        checked = {"id": 1, **message}
        if (schema := COMMANDS[name]._ws_schema) is not False:
            checked = schema(checked)
        if name in ANSWERED:
            _house.ask(name, checked)
    except (CommandError, vol.Invalid) as error:
        raise NvrError(ErrorKind.PROTOCOL) from error


def end() -> None:
    """Close the library; the next input opens another."""
    global _house  # noqa: PLW0603 - as above
    if _house is not None:
        _house.close()
        _house = None


WINDOW = {"from_ms": NOW - DAY, "to_ms": NOW}
SEEDS: tuple[dict[str, Any], ...] = (
    {"type": "coverage/tiles", "level": 3, "tiles": [[CAMERA, NOW // 65_536_000]]},
    {"type": "coverage/at", "camera": CAMERA, "t_ms": NOW - HOUR},
    {"type": "coverage/spans", "camera": CAMERA, **WINDOW, "limit": 3},
    {
        "type": "coverage/edge",
        "camera": CAMERA,
        "t_ms": NOW - HOUR,
        "direction": "next",
        "want": "event",
        "classes": ["person"],
    },
    {"type": "coverage/month", "cameras": [CAMERA], "month": "2027-01"},
    {"type": "events/list", "cameras": [CAMERA], **WINDOW},
    {"type": "events/page", "cursor": f'[{NOW},"{CAMERA}","person","door"]'},
    {
        "type": "clips/list",
        "filter": {
            "cameras": [CAMERA],
            **WINDOW,
            "is_inside": True,
            "event_class": "person",
            "sources": ["replay"],
            "is_protected": False,
            "state": "kept",
            "text": "Garden",
        },
        "order": "oldest",
        "limit": 2,
        "cursor": f"[{NOW - HOUR},1]",
    },
    {"type": "clips/list", "filter": {"state": "trashed"}},
    {"type": "clips/get", "clip": 1},
    {"type": "clips/spans", "camera": CAMERA, **WINDOW},
    {"type": "clips/count", "ids": [1, 2]},
    {"type": "ledger", "state": "lost", "cursor": f'[{NOW},"{CAMERA}"]'},
    {"type": "export/list", "cursor": "[9]"},
    {"type": "clips/protect", "plan_id": "x", "is_protected": True, "note": "a"},
    {"type": "fetch", "camera": CAMERA, **WINDOW, "note": "why"},
    {"type": "pause", "nvr": NVR, "minutes": 5},
    {"type": "schedules/set", "camera": CAMERA, "kind": "sync", "entity_id": "a.b"},
    {"type": "subscribe", "topics": ["status", "coverage"]},
)


FIELDS = sorted({key for seed in SEEDS for key in seed} - {"type"})
INSIDE = sorted({key for seed in SEEDS for key in seed.get("filter", {})})
VALUES: tuple[Any, ...] = (
    *(value for seed in SEEDS for value in seed.values() if value != seed["type"]),
    None,
    True,
    0,
    -1,
    1.5,
    2**53,
    253_402_300_799_999,
    NOW,
    NOW - HOUR,
    CAMERA,
    "",
    "x" * 3_000,
    "\0\ud7ff",
    [],
    [[]],
    {},
    {"cameras": [CAMERA] * 64},
    [CAMERA] * 65,
    [[CAMERA, n] for n in range(129)],
    "[1,2]",
    "9999-12",
    "event",
    "problem",
    "missing",
    ["motion", "animal"],
)


def _made(data: bytes) -> dict[str, Any]:
    """Return a command that is nearly right: bytes choose which, and what is put where."""
    message = deepcopy(SEEDS[data[0] % len(SEEDS)]) if data else {}
    for what, where, value in zip(data[1::3], data[2::3], data[3:25:3], strict=False):
        chosen = VALUES[value % len(VALUES)]
        if what % 4 == 0:
            message.pop(FIELDS[where % len(FIELDS)], None)
        elif what % 4 == 1 and isinstance(message.get("filter"), dict):
            message["filter"][INSIDE[where % len(INSIDE)]] = chosen
        else:
            message[FIELDS[where % len(FIELDS)]] = chosen
    return {**message, "type": f"vtrack_nvr/{message.get('type')}"}


def command_target() -> Target:
    """Return the target `websocket`."""
    seeds = [{**seed, "type": f"vtrack_nvr/{seed['type']}"} for seed in SEEDS]
    words = {
        json.dumps(word).encode()
        for seed in seeds
        for pair in seed.items()
        for word in pair
    }
    words |= {b"null", b"true", b"-1", b"9007199254740993", b"1e9", b'"\\u0000"', b"[]"}
    made = (bytes([n, *range(n, n + 12)]) for n in range(len(SEEDS)))
    return Target(
        read_command,
        (*(json.dumps(seed).encode() for seed in seeds), *made),
        tuple(sorted(words)),
        end,
    )
