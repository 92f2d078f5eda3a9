"""Clips over the WebSocket: found, counted, protected, deleted, brought back."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.websocket import clips as clip_commands
from tests.insides import store_of
from tests.shell.asking import MINUTE, Socket, Stock, code_of, connect, stock
from tests.shell.rig import MakeWhole, clips_below, until


@pytest.fixture
async def stocked(hass: HomeAssistant, whole: MakeWhole) -> Stock:
    await whole("mapping-video-source", mode="on_demand")
    return await stock(hass)


@pytest.fixture
async def socket(
    hass: HomeAssistant, stocked: Stock, hass_ws_client: WebSocketGenerator
) -> Socket:
    return await connect(hass, hass_ws_client)


async def listed(socket: Socket, limit: int = 5, **fields: Any) -> list[int]:
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = await socket.ask("clips/list", limit=limit, **fields, **cursor)
        assert len(page["clips"]) <= limit
        found += [row["id"] for row in page["clips"]]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_pages_of_clips_by_filters(socket: Socket, stocked: Stock) -> None:
    mine = {"cameras": [stocked.first]}
    assert await listed(socket, filter=mine) == stocked.clips[::-1]
    assert await listed(socket, filter=mine, order="oldest") == stocked.clips
    assert sorted(await listed(socket)) == sorted([*stocked.clips, *stocked.others])
    person = {**mine, "event_class": "person"}
    assert await listed(socket, filter=person) == [stocked.clips[n] for n in (8, 4, 0)]
    window = {
        **mine,
        "from_ms": stocked.start_ms + 7 * MINUTE,
        "to_ms": stocked.start_ms + 20 * MINUTE,
    }
    assert await listed(socket, filter=window) == stocked.clips[3:0:-1]
    inside = {**window, "is_inside": True}
    assert await listed(socket, filter=inside) == stocked.clips[3:1:-1]
    assert await listed(socket, filter={"cameras": []}) == []
    assert await listed(socket, filter={"sources": ["live"]}) == []
    [row] = (await socket.ask("clips/list", filter=person, limit=1))["clips"]
    assert row == await socket.ask("clips/get", clip=row["id"])
    assert (row["state"], row["events"], row["camera"]) == (
        "kept",
        ["person"],
        stocked.first,
    )
    assert await code_of(socket.ask("clips/get", clip=99_999)) == "not_found"
    gone = socket.ask("clips/list", filter={"cameras": ["x/1"]})
    assert await code_of(gone) == "not_found"
    for wrong in ({"text": "x" * 101}, {"surprise": 1}, {"state": "x"}, {"sources": 1}):
        asked = socket.ask("clips/list", filter=wrong)
        assert await code_of(asked) == "invalid_format"
    backwards = socket.ask("clips/list", filter={"from_ms": 9, "to_ms": 3})
    assert await code_of(backwards) == "bad_range"


async def test_which_clip_shows_which_moment(socket: Socket, stocked: Stock) -> None:
    answer = await socket.ask(
        "clips/spans",
        camera=stocked.first,
        from_ms=stocked.start_ms + MINUTE,
        to_ms=stocked.start_ms + 11 * MINUTE,
    )
    assert answer["clips"][::3] == stocked.clips[:3]
    assert answer["clips"][1:3] == [-MINUTE, 5 * MINUTE]
    assert answer["next_from_ms"] is None


async def test_bulk_work_is_counted_first_and_touches_what_was_counted(
    hass: HomeAssistant, socket: Socket, stocked: Stock
) -> None:
    protected = await socket.ask(
        "clips/protect", ids=stocked.clips[:2], is_protected=True, note="The parcel"
    )
    assert (protected["state"], protected["clips"]) == ("done", 2)
    assert await listed(socket, filter={"is_protected": True}) == stocked.clips[1::-1]
    assert await listed(socket, filter={"text": "PARCEL"}) == stocked.clips[1::-1]
    count = await socket.ask("clips/count", filter={"cameras": [stocked.first]})
    assert (count["clips"], count["is_protected"]) == (12, 2)
    assert count["deletable"]["clips"] == 10
    assert count["deletable"]["seconds"] == 50 * 60
    assert (count["first_ms"], count["last_ms"]) == (
        stocked.start_ms,
        stocked.start_ms + 60 * MINUTE,
    )
    assert count["may_delete"]
    files = clips_below(store_of(hass.data[DOMAIN].library).guard.roots()[0].folder)
    job = await socket.ask("clips/delete", plan_id=count["plan_id"])
    assert (job["state"], job["clips"]) == ("done", 10)
    now_ms = hass.data[DOMAIN].library.clock.now_ms()
    assert job["undo_until_ms"] >= now_ms + 9_000
    assert (
        await listed(socket, filter={"cameras": [stocked.first]})
        == stocked.clips[1::-1]
    )
    at = await socket.ask(
        "coverage/at", camera=stocked.first, t_ms=stocked.start_ms + 31 * MINUTE
    )
    assert (at["state"], at["reason"]) == ("removed", "person")
    # nothing is removed from the disk before it can be undone
    hass.data[DOMAIN].library.care.empty_trash_now()
    assert all(path.exists() for path in files)
    assert (
        sorted(await listed(socket, filter={"state": "trashed"})) == stocked.clips[2:]
    )

    again = socket.ask("clips/delete", plan_id=count["plan_id"])
    assert await code_of(again) == "plan_expired"
    undone = await socket.ask("clips/undo", job=job["id"])
    assert (undone["state"], undone["clips"]) == ("done", 10)
    assert (
        await listed(socket, filter={"cameras": [stocked.first]}) == stocked.clips[::-1]
    )
    twice = await socket.ask("clips/undo", job=job["id"])
    assert (twice["state"], twice["error"]["code"]) == ("failed", "too_late")
    ended = await socket.ask("clips/protect", ids=stocked.clips[:2], is_protected=False)
    assert ended["clips"] == 2


async def test_a_long_deletion_can_be_stopped_and_what_it_did_undone(
    hass: HomeAssistant,
    socket: Socket,
    stocked: Stock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clip_commands, "AT_ONCE", 1)
    monkeypatch.setattr("custom_components.vtrack_nvr.websocket.jobs.PATIENCE_S", 0.0)
    job = await socket.ask("clips/delete", ids=stocked.clips)
    undone = await socket.ask("clips/undo", job=job["id"])

    def is_over() -> bool:
        return True

    await until(hass, is_over)
    jobs = {row["id"]: row for row in (await socket.ask("jobs/list"))["jobs"]}
    while jobs[undone["id"]]["ended_ms"] is None:
        jobs = {row["id"]: row for row in (await socket.ask("jobs/list"))["jobs"]}
    assert jobs[job["id"]]["state"] in {"cancelled", "done"}
    assert jobs[undone["id"]]["clips"] == jobs[job["id"]]["clips"]
    assert (
        await listed(socket, filter={"cameras": [stocked.first]}) == stocked.clips[::-1]
    )


async def test_clips_are_named_or_planned_and_never_half(
    socket: Socket, stocked: Stock
) -> None:
    for command, fields in (
        ("clips/delete", {}),
        ("clips/undo", {}),
        ("clips/protect", {"is_protected": True}),
    ):
        assert await code_of(socket.ask(command, **fields)) == "invalid_format"
    both = socket.ask("clips/delete", ids=stocked.clips, plan_id="x")
    assert await code_of(both) == "invalid_format"
    unknown = socket.ask("clips/delete", ids=[*stocked.clips, 99_999])
    assert await code_of(unknown) == "not_found"
    assert len(await listed(socket)) == 15
    assert await code_of(socket.ask("clips/undo", job="d9")) == "not_found"
    assert await code_of(socket.ask("clips/delete", plan_id="x")) == "plan_expired"
    trash = socket.ask("clips/count", filter={"state": "trashed"})
    assert await code_of(trash) == "invalid_format"
    count = await socket.ask("clips/count", ids=[*stocked.others, 99_999])
    assert count["clips"] == 3
    gone = await socket.ask("clips/undo", ids=[99_999])
    assert (gone["state"], gone["error"]["code"]) == ("failed", "too_late")
