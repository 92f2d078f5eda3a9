"""Commands about NVRs: does it answer, and which entities say when there is work."""

import time
from typing import Any

from homeassistant.components.schedule import DOMAIN as SCHEDULE
from homeassistant.core import split_entity_id, valid_entity_id
import voluptuous as vol

from ..const import CONF_GATE, CONF_LIVE_GATE, CONF_SCHEDULE
from ..core.errors import NvrError
from ..core.models import CameraKey, NvrKey
from ..core.texts import clean
from ..runtime import VtrackRuntime
from ..runtime.gates import is_open_state
from .caller import Caller
from .command import command
from .errors import NOT_FOUND, CommandError
from .fields import KEY, bounded_text
from .rows import error_row

WANTED = "wanted"
GATES = {"sync": CONF_GATE, "live": CONF_LIVE_GATE, WANTED: CONF_SCHEDULE}


@command("nvr/test", {vol.Required("nvr"): KEY}, admin=True)
async def nvr_test(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Ask a device who it is, now; that it does not answer is an answer as well."""
    runtime = caller.runtime(NvrKey(msg["nvr"]))
    began = time.monotonic()
    problem: NvrError | None = None
    identity = runtime.identity
    try:
        identity = await runtime.device.identity()
    except NvrError as error:
        problem = error
    status = caller.hub.engine.status().nvrs.get(runtime.key)
    now_ms = caller.hub.library.clock.now_ms()
    return {
        "is_ok": problem is None,
        "took_ms": round((time.monotonic() - began) * 1000),
        "manufacturer": clean(identity.manufacturer),
        "model": clean(identity.model),
        "firmware": clean(identity.firmware),
        "clock_offset_ms": status.clock_offset_ms if status else None,
        "problem": error_row(problem, now_ms, runtime.entry.entry_id),
    }


@command("schedules/list")
async def schedules_list(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return the entities that hold back work, and those that say what is wanted."""
    del msg
    gates: list[dict[str, Any]] = []
    for runtime in caller.runtimes():
        entity_id = runtime.entry.options.get(CONF_GATE)
        if entity_id and caller.is_admin:
            gates.append(_gate(caller, runtime, None, "sync", entity_id))
        for camera in runtime.cameras.values():
            if not caller.may(camera.key):
                continue
            gates += [
                _gate(caller, runtime, camera.key, kind, camera.data[field])
                for kind, field in GATES.items()
                if camera.data.get(field)
            ]
    return {"gates": gates}


def _gate(
    caller: Caller,
    runtime: VtrackRuntime,
    camera: CameraKey | None,
    kind: str,
    entity_id: str,
) -> dict[str, Any]:
    state = caller.hass.states.get(entity_id)
    return {
        "nvr": runtime.key,
        "camera": camera,
        "kind": kind,
        "entity_id": entity_id,
        "name": clean(state.name) if state else entity_id,
        "state": state.state if state else None,
        "is_open": state is None or is_open_state(state.state),
    }


@command(
    "schedules/set",
    {
        vol.Exclusive("nvr", "of"): KEY,
        vol.Exclusive("camera", "of"): KEY,
        vol.Required("kind"): vol.In([*GATES]),
        vol.Required("entity_id"): vol.Any(None, bounded_text(255, least=3)),
    },
    admin=True,
)
async def schedules_set(caller: Caller, msg: dict[str, Any]) -> None:
    """Let an entity hold back work or say what is wanted, or (null) no longer."""
    entity_id = msg["entity_id"]
    if entity_id is not None and (
        not valid_entity_id(entity_id) or caller.hass.states.get(entity_id) is None
    ):
        raise CommandError(NOT_FOUND, "entity_not_found", entity=entity_id[:255])
    if (
        msg["kind"] == WANTED
        and entity_id is not None
        and split_entity_id(entity_id)[0] != SCHEDULE
    ):
        # What is wanted is read ahead, as a week: other entities have none.
        raise vol.Invalid("expected a schedule", path=["entity_id"])
    entries = caller.hass.config_entries
    if "camera" in msg:
        (key,) = await caller.seen([msg["camera"]])
        runtime, camera = caller.attached(key)
        subentry = runtime.entry.subentries[camera.subentry_id]
        entries.async_update_subentry(
            runtime.entry,
            subentry,
            data=_changed(subentry.data, GATES[msg["kind"]], entity_id),
        )
        return
    if "nvr" not in msg or msg["kind"] != "sync":
        raise vol.Invalid("expected a camera, or an NVR and the kind sync")
    runtime = caller.runtime(NvrKey(msg["nvr"]))
    entries.async_update_entry(
        runtime.entry,
        options=_changed(runtime.entry.options, CONF_GATE, entity_id),
    )


def _changed(data: Any, field: str, entity_id: str | None) -> dict[str, Any]:
    rest = {name: value for name, value in data.items() if name != field}
    return rest if entity_id is None else {**rest, field: entity_id}
