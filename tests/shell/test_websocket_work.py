"""Work that is set going over the WebSocket: fetch, sync, pause, exports, schedules."""

from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vtrack_nvr.const import (
    CONF_GATE,
    CONF_LIVE_GATE,
    CONF_SCHEDULE,
    DOMAIN,
)
from custom_components.vtrack_nvr.core.intervals import DAY_MS, TimeRange
from tests.insides import store_of
from tests.shell.asking import MINUTE, Socket, Stock, code_of, connect, stock
from tests.shell.rig import MakeWhole, sync, until
from tests.shell.test_exporting import SlowExport

pytestmark = pytest.mark.long


@pytest.fixture
async def stocked(hass: HomeAssistant, whole: MakeWhole) -> Stock:
    await whole("mapping-video-source", mode="on_demand")
    return await stock(hass)


@pytest.fixture
async def socket(
    hass: HomeAssistant, stocked: Stock, hass_ws_client: WebSocketGenerator
) -> Socket:
    return await connect(hass, hass_ws_client)


async def over(socket: Socket, job_id: str) -> dict[str, Any]:
    """Return a job when it is over."""
    while True:
        for job in (await socket.ask("jobs/list"))["jobs"]:
            if job["id"] == job_id and job["ended_ms"] is not None:
                return job


async def test_footage_is_fetched_exported_and_deleted(
    hass: HomeAssistant, whole: MakeWhole, hass_ws_client: WebSocketGenerator
) -> None:
    await whole("mapping-video-source")
    await sync(hass)
    socket = await connect(hass, hass_ws_client)
    row = (await socket.ask("clips/list", limit=1))["clips"][0]
    window = {"from_ms": row["start_ms"], "to_ms": row["start_ms"] + 4000}
    # it is kept already, so that the request is served at once
    job = await socket.ask("fetch", camera=row["camera"], note="Look", **window)
    assert job["kind"] == "fetch"
    done = await over(socket, job["id"])
    assert (done["state"], done["outcome"], done["clips"]) == ("done", "kept", 1)
    export = await socket.ask("export/start", cameras=[row["camera"]], **window)
    done = await over(socket, export["id"])
    assert done["state"] == "done", done
    [made] = (await socket.ask("export/list"))["exports"]
    assert made["id"] == done["export_id"]
    assert (made["state"], made["is_yours"], made["may_delete"]) == (
        "ready",
        True,
        True,
    )
    assert made["url"] == f"/api/{DOMAIN}/export/{made['id']}"
    await socket.ask("export/delete", export=made["id"])
    assert (await socket.ask("export/list")) == {"exports": [], "next": None}
    assert await code_of(socket.ask("export/delete", export=made["id"])) == "not_found"
    runs = await socket.ask("runs", limit=1)
    assert runs["runs"][0]["nvr"] == row["camera"].rsplit("/", 1)[0]
    assert len((await socket.ask("runs"))["runs"]) >= 1


async def test_an_export_of_nothing_fails_with_its_reason(
    socket: Socket, stocked: Stock
) -> None:
    job = await socket.ask(
        "export/start", cameras=[stocked.first], from_ms=1000, to_ms=2000
    )
    job = await over(socket, job["id"])
    assert (job["state"], job["error"]["code"]) == ("failed", "failed")
    assert job["error"]["translation_key"] == "no_footage"
    long = socket.ask(
        "export/start", cameras=[stocked.first], from_ms=0, to_ms=3 * DAY_MS
    )
    assert await code_of(long) == "bad_range"
    none = socket.ask("export/start", cameras=["x/1"], from_ms=0, to_ms=5)
    assert await code_of(none) == "not_found"


async def test_a_request_waits_in_the_queue_and_is_cancelled(
    hass: HomeAssistant, socket: Socket, stocked: Stock
) -> None:
    start = stocked.start_ms + 66 * MINUTE
    job = await socket.ask(
        "fetch", camera=stocked.first, from_ms=start, to_ms=start + 1000, note="Why"
    )
    same = await socket.ask(
        "fetch", camera=stocked.first, from_ms=start, to_ms=start + 1000
    )
    assert same["id"] == job["id"]
    [entry] = hass.config_entries.async_entries(DOMAIN)
    queue = await socket.ask("queue", nvr=entry.unique_id)
    found = [row for row in queue["rows"] if row["job"] == job["id"]]
    if found:  # the simulated device may have answered already that it holds nothing
        assert found[0]["state"] == "requested"
        assert found[0]["note"] == "Why"
    failed = [row for row in queue["rows"] if row["state"] == "failed"]
    assert [(row["camera"], row["reason"]) for row in failed] == [
        (stocked.first, "timeout")
    ]
    ended = await socket.ask("jobs/cancel", job=job["id"])
    assert ended["id"] == job["id"]
    done = await over(socket, job["id"])
    assert done["outcome"] in {"cancelled", "missing", "partly"}
    assert await code_of(socket.ask("jobs/cancel", job="w99999")) == "not_found"
    assert await code_of(socket.ask("jobs/cancel", job="w1e9")) == "not_found"
    long = socket.ask("fetch", camera=stocked.first, from_ms=0, to_ms=DAY_MS + 1)
    assert await code_of(long) == "bad_range"
    ahead = socket.ask(
        "fetch",
        camera=stocked.first,
        from_ms=start + 9 * DAY_MS,
        to_ms=start + 10 * DAY_MS,
    )
    assert await code_of(ahead) == "failed"
    assert await code_of(socket.ask("fetch/stop", camera="x/1")) == "not_found"
    assert await socket.ask("fetch/stop", camera=stocked.first) is None


async def test_an_export_that_is_being_made_is_not_deleted(
    hass: HomeAssistant, socket: Socket, stocked: Stock
) -> None:
    begin = hass.data[DOMAIN].library.exports.begin
    window = TimeRange(stocked.start_ms, stocked.start_ms + MINUTE)
    export = await begin([stocked.first], window, "garden.mp4")
    (row,) = (await socket.ask("export/list"))["exports"]
    assert row["id"] == export.id
    asked = socket.ask("export/delete", export=export.id)
    assert await code_of(asked) == "busy"
    assert (await socket.ask("export/list"))["exports"] == [row]


async def test_an_export_is_given_up(
    hass: HomeAssistant, socket: Socket, stocked: Stock
) -> None:
    slow = SlowExport()
    window = {"from_ms": stocked.start_ms, "to_ms": stocked.start_ms + MINUTE}
    with patch("custom_components.vtrack_nvr.core.archive.exports.plan_export", slow):
        job = await socket.ask("export/start", cameras=[stocked.first], **window)
        await hass.async_add_executor_job(slow.has_begun.wait, 60)
        ended = await socket.ask("jobs/cancel", job=job["id"])
    assert ended["state"] == "cancelled"
    assert slow.ended == 1


async def test_pages_of_the_queue_hold_each_row_once(
    hass: HomeAssistant, socket: Socket, stocked: Stock
) -> None:
    whole = await socket.ask("queue", limit=100, cameras=[stocked.first])
    seen = []
    cursor: dict[str, str] = {}
    for _ in range(20):
        page = await socket.ask("queue", limit=1, cameras=[stocked.first], **cursor)
        seen += page["rows"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == whole["rows"]
    assert {row["state"] for row in seen} >= {"failed", "on_device"}
    for wrong in ("x", "[7,1,'']", '[9,1,""]'):
        assert await code_of(socket.ask("queue", cursor=wrong)) == "invalid_format"
    ledger = await socket.ask("ledger", state="failed", limit=1)
    assert [row["reason"] for row in ledger["rows"]] == ["timeout"]
    assert await code_of(socket.ask("queue", nvr="x")) == "not_found"
    assert await code_of(socket.ask("runs", nvr="x")) == "not_found"


async def test_sync_and_pause(
    hass: HomeAssistant, socket: Socket, stocked: Stock
) -> None:
    [runtime] = [
        entry.runtime_data for entry in hass.config_entries.async_entries(DOMAIN)
    ]
    engine = hass.data[DOMAIN].engine
    assert await socket.ask("sync", cameras=[stocked.first]) is None
    assert await socket.ask("sync") is None
    assert await code_of(socket.ask("sync", cameras=["x/1"])) == "not_found"
    assert await socket.ask("pause", nvr=runtime.key, minutes=5) is None

    def is_paused() -> bool:
        return str(engine.status().nvrs[runtime.key].state) == "paused"

    await until(hass, is_paused)
    until_ms = engine.status().nvrs[runtime.key].paused_until_ms
    now_ms = hass.data[DOMAIN].library.clock.now_ms()
    assert 0 < until_ms - now_ms <= 5 * MINUTE
    assert await socket.ask("resume") is None
    await until(hass, lambda: not is_paused())
    for command in ("pause", "resume"):
        assert await code_of(socket.ask(command, nvr="x")) == "not_found"
    assert await code_of(socket.ask("pause", minutes=0)) == "invalid_format"


async def test_a_device_is_asked_whether_it_answers(
    hass: HomeAssistant, whole: MakeWhole, hass_ws_client: WebSocketGenerator
) -> None:
    nvr, entry = await whole("mapping-video-source", mode="on_demand")
    socket = await connect(hass, hass_ws_client)
    key = entry.runtime_data.key
    answer = await socket.ask("nvr/test", nvr=key)
    assert answer["is_ok"]
    assert answer["model"]
    await nvr.stop()
    answer = await socket.ask("nvr/test", nvr=key)
    assert not answer["is_ok"]
    assert answer["problem"]["kind"] in {"unreachable", "timeout"}
    assert answer["problem"]["remedy"]["action"] == "address"
    assert entry.entry_id in answer["problem"]["remedy"]["url"]
    assert await code_of(socket.ask("nvr/test", nvr="x")) == "not_found"


async def test_schedules_are_listed_and_set(
    hass: HomeAssistant, socket: Socket, stocked: Stock
) -> None:
    [entry] = hass.config_entries.async_entries(DOMAIN)
    hass.states.async_set("schedule.night", "off", {"friendly_name": "Night"})
    assert (await socket.ask("schedules/list"))["gates"] == []
    gate = {"entity_id": "schedule.night"}
    await socket.ask("schedules/set", camera=stocked.first, kind="live", **gate)
    await socket.ask("schedules/set", nvr=entry.unique_id, kind="sync", **gate)
    await hass.async_block_till_done()
    gates = (await socket.ask("schedules/list"))["gates"]
    assert [(each["camera"], each["kind"], each["is_open"]) for each in gates] == [
        (None, "sync", False),
        (stocked.first, "live", False),
    ]
    assert gates[0]["name"] == "Night"
    assert entry.options[CONF_GATE] == "schedule.night"
    await socket.ask("schedules/set", camera=stocked.first, kind="live", entity_id=None)
    await hass.async_block_till_done()
    assert all(CONF_LIVE_GATE not in each.data for each in entry.subentries.values())
    hass.states.async_set("input_boolean.holiday", "on")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"camera": stocked.first, "kind": "sync", "entity_id": "a.b"}, "not_found"),
        (
            {"camera": stocked.first, "kind": "sync", "entity_id": "nothing"},
            "not_found",
        ),
        ({"camera": "x/1", "kind": "sync", "entity_id": None}, "not_found"),
        ({"nvr": entry.unique_id, "kind": "live", "entity_id": None}, "invalid_format"),
        ({"nvr": entry.unique_id, "kind": "wanted", **gate}, "invalid_format"),
        (
            {
                "camera": stocked.first,
                "kind": "wanted",
                "entity_id": "input_boolean.holiday",
            },
            "invalid_format",
        ),
        ({"kind": "sync", "entity_id": None}, "invalid_format"),
        ({"nvr": "x", "kind": "sync", "entity_id": None}, "not_found"),
    ]
    for fields, code in wrong:
        assert await code_of(socket.ask("schedules/set", **fields)) == code, fields


async def test_a_schedule_that_says_what_is_wanted_is_listed_and_set(
    hass: HomeAssistant, socket: Socket, stocked: Stock
) -> None:
    [entry] = hass.config_entries.async_entries(DOMAIN)
    hass.states.async_set("schedule.office", "off", {"friendly_name": "Office"})
    wanted = {"camera": stocked.first, "kind": "wanted"}
    await socket.ask("schedules/set", **wanted, entity_id="schedule.office")
    await hass.async_block_till_done()
    [gate] = (await socket.ask("schedules/list"))["gates"]
    assert gate == {
        **wanted,
        "nvr": entry.unique_id,
        "entity_id": "schedule.office",
        "name": "Office",
        "state": "off",
        "is_open": False,
    }
    [chosen] = [
        each.data[CONF_SCHEDULE]
        for each in entry.subentries.values()
        if each.data.get(CONF_SCHEDULE)
    ]
    assert chosen == "schedule.office"
    await socket.ask("schedules/set", **wanted, entity_id=None)
    await hass.async_block_till_done()
    assert (await socket.ask("schedules/list"))["gates"] == []


async def test_the_preview_of_retention_comes_by_pages(
    hass: HomeAssistant,
    socket: Socket,
    stocked: Stock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = await socket.ask("retention/preview")
    assert answer["rows"] == []
    assert answer["totals"] == {"clips": 0, "bytes": 0, "held": 0}
    monkeypatch.setattr(
        "custom_components.vtrack_nvr.websocket.retention.PREVIEW_MS", 0
    )
    library = hass.data[DOMAIN].library
    # what was kept just now is never deleted
    await store_of(library).async_write(
        lambda c: c.execute("update clip set created_ms = 0")
    )
    for info in await library.browse.cameras():
        limited = type(info.retention)(days=0.5)
        await library.set_retention(info.key, limited)
    first = await socket.ask("retention/preview", limit=1)
    assert first["totals"]["clips"] == 15
    second = await socket.ask("retention/preview", limit=100, cursor=first["next"])
    rows = [*first["rows"], *second["rows"]]
    assert sum(row["clips"] for row in rows) == 15
    assert {row["camera"] for row in rows} == {stocked.first, stocked.second}
    stale = socket.ask("retention/preview", cursor="[1,1]")
    assert await code_of(stale) == "plan_expired"


async def test_nobody_has_more_jobs_or_questions_than_their_share(
    socket: Socket, stocked: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.vtrack_nvr.websocket.jobs.MOST_RUNNING", 0)
    job = socket.ask("clips/protect", ids=stocked.clips[:1], is_protected=True)
    assert await code_of(job) == "too_many"
    fetch = socket.ask("fetch", camera=stocked.first, from_ms=0, to_ms=1)
    assert await code_of(fetch) == "too_many"
    monkeypatch.setattr(
        "custom_components.vtrack_nvr.core.library.finder.MOST_PLANNED", 5
    )
    assert await code_of(socket.ask("clips/count", filter={})) == "too_many"
    monkeypatch.setattr("custom_components.vtrack_nvr.websocket.command.MOST_OPEN", 0)
    assert await code_of(socket.ask("info")) == "too_many"
