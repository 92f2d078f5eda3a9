"""Every command, tried by everybody: who may not see a camera does not learn of it."""

from collections.abc import Callable
import json
from typing import Any

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.permissions import live_entity
from custom_components.vtrack_nvr.websocket import COMMANDS
from tests.shell.asking import MINUTE, Socket, Stock, code_of, connect, stock
from tests.shell.rig import MakeWhole

ADMIN = "admin"
"""What only administrators may do."""
NOTHING = "nothing"
"""What everybody may do, who sees there what they may see."""

type Fields = Callable[[str, Stock], dict[str, Any]]


def _window(stock: Stock) -> dict[str, int]:
    return {"from_ms": stock.start_ms, "to_ms": stock.start_ms + MINUTE}


def _clip(camera: str, stock: Stock) -> int:
    return (stock.clips if camera == stock.first else stock.others)[0]


OF_A_CAMERA: dict[str, tuple[str, Fields]] = {
    "coverage/at": (POLICY_READ, lambda c, s: {"camera": c, "t_ms": s.start_ms}),
    "coverage/spans": (POLICY_READ, lambda c, s: {"camera": c, **_window(s)}),
    "coverage/edge": (
        POLICY_READ,
        lambda c, s: {"camera": c, "t_ms": 0, "direction": "next", "want": "kept"},
    ),
    "coverage/month": (POLICY_READ, lambda c, s: {"cameras": [c], "month": "2026-01"}),
    "events/list": (POLICY_READ, lambda c, s: {"cameras": [c], **_window(s)}),
    "events/page": (POLICY_READ, lambda c, s: {"cameras": [c]}),
    "clips/list": (POLICY_READ, lambda c, s: {"filter": {"cameras": [c]}}),
    "clips/get": (POLICY_READ, lambda c, s: {"clip": _clip(c, s)}),
    "clips/spans": (POLICY_READ, lambda c, s: {"camera": c, **_window(s)}),
    "clips/count": (POLICY_READ, lambda c, s: {"filter": {"cameras": [c]}}),
    "clips/protect": (
        POLICY_CONTROL,
        lambda c, s: {"ids": [_clip(c, s)], "is_protected": False},
    ),
    "clips/delete": (ADMIN, lambda c, s: {"ids": [_clip(c, s)]}),
    "clips/undo": (ADMIN, lambda c, s: {"ids": [_clip(c, s)]}),
    "fetch": (POLICY_CONTROL, lambda c, s: {"camera": c, **_window(s)}),
    "fetch/stop": (POLICY_CONTROL, lambda c, s: {"camera": c}),
    "sync": (POLICY_CONTROL, lambda c, s: {"cameras": [c]}),
    "export/start": (POLICY_CONTROL, lambda c, s: {"cameras": [c], **_window(s)}),
    "queue": (POLICY_READ, lambda c, s: {"cameras": [c]}),
    "ledger": (POLICY_READ, lambda c, s: {"cameras": [c], "state": "failed"}),
    "schedules/set": (
        ADMIN,
        lambda c, s: {"camera": c, "kind": "sync", "entity_id": None},
    ),
}
OF_NO_CAMERA: dict[str, tuple[str, dict[str, Any]]] = {
    "info": (NOTHING, {}),
    "subscribe": (NOTHING, {}),
    "jobs/list": (NOTHING, {}),
    "events/page": (NOTHING, {}),
    "clips/list": (NOTHING, {}),
    "clips/count": (NOTHING, {}),
    "queue": (NOTHING, {}),
    "ledger": (NOTHING, {"state": "failed"}),
    "runs": (NOTHING, {}),
    "export/list": (NOTHING, {}),
    "schedules/list": (NOTHING, {}),
    "sync": (NOTHING, {}),
    "retention/preview": (ADMIN, {}),
    "pause": (ADMIN, {"minutes": 1}),
    "resume": (ADMIN, {}),
}
ELSEWHERE = {
    "coverage/tiles",  # tiles of what may not be seen are empty
    "jobs/cancel",  # one's own, and requests of cameras one may act on
    "export/delete",  # one's own
    "nvr/test",  # of an NVR
    "playback/open",
    "playback/close",
    "share/create",
    "share/list",
    "share/revoke",
}
"""Commands whose rights are tried in tests of their own."""

PEOPLE = ("owner", "administrator", "one camera", "reader", "stranger")
IS_ADMIN = {"owner", "administrator"}


@pytest.fixture
async def stocked(hass: HomeAssistant, whole: MakeWhole) -> Stock:
    await whole("mapping-video-source", mode="on_demand")
    return await stock(hass)


@pytest.fixture
async def people(
    hass: HomeAssistant, stocked: Stock, hass_ws_client: WebSocketGenerator
) -> dict[str, Socket]:
    """Return a connection for each person; some may use the first camera only."""
    entity_id = live_entity(hass, stocked.first)
    sockets: dict[str, Socket] = {}
    for name in PEOPLE:
        groups = [await hass.auth.async_get_group("system-admin")]
        user = MockUser(
            name=name,
            is_owner=name == "owner",
            groups=groups if name in IS_ADMIN else [],
        ).add_to_hass(hass)
        rights = {"one camera": ("read", "control"), "reader": ("read",)}.get(name, ())
        if name not in IS_ADMIN:
            policies = dict.fromkeys(rights, True)
            user.mock_policy({"entities": {"entity_ids": {entity_id: policies}}})
        refresh = await hass.auth.async_create_refresh_token(user, "http://localhost")
        token = hass.auth.async_create_access_token(refresh)
        sockets[name] = await connect(hass, hass_ws_client, token)
    return sockets


def rights_of(person: str, camera: str, stocked: Stock) -> set[str]:
    if person in IS_ADMIN:
        return {POLICY_READ, POLICY_CONTROL, ADMIN}
    if camera == stocked.first:
        return {
            "one camera": {POLICY_READ, POLICY_CONTROL},
            "reader": {POLICY_READ},
        }.get(person, set())
    return set()


def test_the_tables_know_every_command() -> None:
    known = set(OF_A_CAMERA) | set(OF_NO_CAMERA)
    assert set(COMMANDS) - ELSEWHERE == known


@pytest.mark.parametrize("person", PEOPLE)
async def test_a_command_is_done_for_those_who_may_and_for_nobody_else(
    hass: HomeAssistant, people: dict[str, Socket], stocked: Stock, person: str
) -> None:
    socket = people[person]
    for name, (needed, fields) in OF_A_CAMERA.items():
        for camera in (stocked.first, stocked.second):
            rights = rights_of(person, camera, stocked)
            code = await code_of(socket.ask(name, **fields(camera, stocked)))
            if needed in rights:
                expected = ""
            elif needed == ADMIN or POLICY_READ in rights:
                expected = "unauthorized"
            else:
                expected = "not_found"
            assert code == expected, (name, camera)
    for name, (needed, data) in OF_NO_CAMERA.items():
        code = await code_of(socket.ask(name, **data))
        is_refused = needed == ADMIN and person not in IS_ADMIN
        assert code == ("unauthorized" if is_refused else ""), name


@pytest.mark.parametrize("person", ["one camera", "reader", "stranger"])
async def test_no_answer_names_a_camera_that_may_not_be_seen(
    hass: HomeAssistant, people: dict[str, Socket], stocked: Stock, person: str
) -> None:
    socket = people[person]
    answers = [
        await socket.ask(name, **data)
        for name, (needed, data) in OF_NO_CAMERA.items()
        if needed != ADMIN
    ]
    answers += [await socket.event() for _ in range(1)]
    hidden = {info.key for info in await hass.data[DOMAIN].library.browse.cameras()}
    if person != "stranger":
        hidden -= {stocked.first}
        assert stocked.first in json.dumps(answers)
    text = json.dumps(answers)
    assert not [key for key in hidden if key in text]


async def test_tiles_of_what_may_not_be_seen_are_empty(
    people: dict[str, Socket], stocked: Stock
) -> None:
    n = stocked.start_ms // (1024 * 16_000)
    both = [[stocked.first, n], [stocked.second, n]]
    for person, socket in people.items():
        answer = await socket.ask("coverage/tiles", level=2, tiles=both)
        shown = {tile["camera"]: bool(tile["runs"]) for tile in answer["tiles"]}
        assert shown == {
            camera: POLICY_READ in rights_of(person, camera, stocked)
            for camera in (stocked.first, stocked.second)
        }, person


async def test_a_request_of_somebody_else_is_ended_by_who_may_act_on_the_camera(
    hass: HomeAssistant, people: dict[str, Socket], stocked: Stock
) -> None:
    # of the future: nobody can serve it yet
    now_ms = hass.data[DOMAIN].library.clock.now_ms()
    window = TimeRange(now_ms + 10 * MINUTE, now_ms + 11 * MINUTE)
    want = await hass.data[DOMAIN].engine.request(stocked.first, window, "")
    job = f"w{want.id}"
    for person, code in (
        ("stranger", "not_found"),
        ("reader", "unauthorized"),
        ("one camera", ""),
        ("one camera", "not_found"),
    ):
        asked = people[person].ask("jobs/cancel", job=job)
        assert await code_of(asked) == code, person
    plan = await people["one camera"].ask("clips/count", filter={})
    assert plan["cameras"] == [stocked.first]
    assert not plan["may_delete"]
    other = people["owner"].ask("clips/delete", plan_id=plan["plan_id"])
    assert await code_of(other) == "plan_expired"


async def test_only_administrators_test_a_connection(
    hass: HomeAssistant, people: dict[str, Socket], stocked: Stock
) -> None:
    [entry] = hass.config_entries.async_entries(DOMAIN)
    for person, socket in people.items():
        code = await code_of(socket.ask("nvr/test", nvr=entry.unique_id))
        assert code == ("" if person in IS_ADMIN else "unauthorized")


async def test_an_export_is_deleted_by_its_owner_and_by_administrators(
    hass: HomeAssistant, people: dict[str, Socket], stocked: Stock
) -> None:
    library = hass.data[DOMAIN].library
    users = {user.name: user.id for user in await hass.auth.async_get_users()}

    async def made(owner: str, camera: str) -> int:
        clip = await library.browse.clip(stocked.clips[0])
        export = await library.exports.begin(
            [camera], clip.facts.range, "a.mp4", needed_bytes=1, user=users[owner]
        )
        await library.exports.fail(export.id, "no_footage")
        return int(export.id)

    theirs = await made("owner", stocked.first)
    for person, code in (
        ("stranger", "not_found"),
        ("reader", "unauthorized"),
        ("one camera", "unauthorized"),
        ("administrator", ""),
    ):
        asked = people[person].ask("export/delete", export=theirs)
        assert await code_of(asked) == code, person
    own = await made("one camera", stocked.first)
    assert await code_of(people["one camera"].ask("export/delete", export=own)) == ""
    hidden = await made("one camera", stocked.second)
    asked = people["one camera"].ask("export/delete", export=hidden)
    assert await code_of(asked) == "not_found"
