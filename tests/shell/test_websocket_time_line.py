"""The time line over the WebSocket says what the library holds."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.vtrack_nvr.core.intervals import DAY_MS
from tests.shell.asking import (
    MINUTE,
    AnsweredError,
    Socket,
    Stock,
    code_of,
    connect,
    spread,
    stock,
)
from tests.shell.rig import MakeWhole

KEPT, ON_DEVICE, FAILED, UNKNOWN = 1, 2, 4, 0


@pytest.fixture
async def stocked(hass: HomeAssistant, whole: MakeWhole) -> Stock:
    await whole("mapping-video-source", mode="on_demand")
    return await stock(hass)


@pytest.fixture
async def socket(
    hass: HomeAssistant, stocked: Stock, hass_ws_client: WebSocketGenerator
) -> Socket:
    return await connect(hass, hass_ws_client)


async def test_tiles_show_what_is_kept_failed_and_on_the_device(
    socket: Socket, stocked: Stock
) -> None:
    level, bucket = 2, 16_000
    n = stocked.start_ms // (1024 * bucket)
    answer = await socket.ask(
        "coverage/tiles",
        level=level,
        tiles=[[stocked.first, n], [stocked.first, n], ["nobody", n]],
    )
    assert answer["left"] == []
    tile, nobody = answer["tiles"]
    assert nobody == {"camera": "nobody", "n": n, "until_ms": None, "runs": []}
    first = (stocked.start_ms - n * 1024 * bucket) // bucket
    states = spread(tile["runs"])
    assert states[first + 10] == (KEPT, 0)
    at = first + 62 * MINUTE // bucket
    if at < len(states):
        assert states[at] == (FAILED, FAILED)
    wide = await socket.ask(
        "coverage/tiles",
        level=5,
        tiles=[[stocked.first, stocked.start_ms // (1024 * 1_024_000)]],
    )
    mains = {main for main, _mark in spread(wide["tiles"][0]["runs"])}
    assert KEPT in mains
    assert max(socket.sizes) < 256 * 1024
    for wrong in (
        {"level": 8, "tiles": [[stocked.first, n]]},
        {"level": 2, "tiles": []},
        {"level": 2, "tiles": [[stocked.first]]},
        {"level": 2, "tiles": [[stocked.first, -1]]},
        {"level": 2, "tiles": [[stocked.first, True]]},
        {"level": 2, "tiles": [[stocked.first, n]] * 129},
    ):
        assert await code_of(socket.ask("coverage/tiles", **wrong)) == "invalid_format"


async def test_a_moment_and_the_spans_around_it(socket: Socket, stocked: Stock) -> None:
    at = await socket.ask(
        "coverage/at", camera=stocked.first, t_ms=stocked.start_ms + 7 * MINUTE
    )
    assert at["state"] == "kept"
    assert (at["from_ms"], at["to_ms"]) == (
        stocked.start_ms,
        stocked.start_ms + 60 * MINUTE,
    )
    assert at["clip"]["id"] == stocked.clips[1]
    assert at["before"]["id"] == stocked.clips[0]
    assert at["after"]["id"] == stocked.clips[2]
    failed = await socket.ask(
        "coverage/at", camera=stocked.first, t_ms=stocked.start_ms + 61 * MINUTE
    )
    assert (failed["state"], failed["reason"]) == ("failed", "timeout")
    unknown = await socket.ask(
        "coverage/at", camera=stocked.first, t_ms=stocked.start_ms - MINUTE
    )
    assert (unknown["state"], unknown["clip"]) == ("unknown", None)
    window = {"from_ms": stocked.start_ms, "to_ms": stocked.start_ms + 120 * MINUTE}
    spans = await socket.ask("coverage/spans", camera=stocked.first, **window)
    assert [span["state"] for span in spans["spans"]] == [
        "kept",
        "failed",
        "on_device",
    ]
    assert spans["next_from_ms"] is None
    some = await socket.ask("coverage/spans", camera=stocked.first, limit=1, **window)
    assert some["next_from_ms"] == stocked.start_ms + 60 * MINUTE


@pytest.mark.parametrize("command", ["coverage/at", "coverage/spans", "coverage/edge"])
async def test_a_camera_that_is_not_there_is_not_found(
    socket: Socket, stocked: Stock, command: str
) -> None:
    fields: dict[str, Any] = {
        "coverage/at": {"t_ms": 5},
        "coverage/spans": {"from_ms": 0, "to_ms": 5},
        "coverage/edge": {"t_ms": 5, "direction": "next", "want": "kept"},
    }[command]
    assert await code_of(socket.ask(command, camera="x/1", **fields)) == "not_found"
    assert await code_of(socket.ask(command, camera="", **fields)) == "invalid_format"


async def test_ranges_are_bounded(socket: Socket, stocked: Stock) -> None:
    for command, most in (
        ("coverage/spans", 31),
        ("clips/spans", 366),
    ):
        for end, code in ((0, "bad_range"), (most * DAY_MS + 1, "bad_range")):
            asked = socket.ask(command, camera=stocked.first, from_ms=0, to_ms=end)
            assert await code_of(asked) == code
        whole = socket.ask(
            command, camera=stocked.first, from_ms=0, to_ms=most * DAY_MS
        )
        assert await code_of(whole) == ""


@pytest.mark.parametrize(
    ("command", "end_ms", "sentence"),
    [
        ("coverage/spans", 32 * DAY_MS, "At most 31 days can be asked for at once"),
        ("fetch", 2 * DAY_MS, "At most 24 hours can be asked for at once"),
    ],
)
async def test_how_long_a_range_may_be_is_told_in_words(
    socket: Socket, stocked: Stock, command: str, end_ms: int, sentence: str
) -> None:
    with pytest.raises(AnsweredError) as raised:
        await socket.ask(command, camera=stocked.first, from_ms=0, to_ms=end_ms)
    assert sentence in raised.value.message


async def test_borders_are_gone_to(socket: Socket, stocked: Stock) -> None:
    async def edge(want: str, t_ms: int, direction: str) -> Any:
        return await socket.ask(
            "coverage/edge",
            camera=stocked.first,
            t_ms=t_ms,
            direction=direction,
            want=want,
        )

    end = stocked.start_ms + 90 * MINUTE
    assert (await edge("kept", 0, "next"))["t_ms"] == stocked.start_ms
    problem = await edge("problem", end, "previous")
    assert (problem["t_ms"], problem["state"]) == (
        stocked.start_ms + 60 * MINUTE,
        "failed",
    )
    event = await edge("event", stocked.start_ms, "next")
    assert (event["t_ms"], event["event_class"]) == (
        stocked.start_ms + 20 * MINUTE,
        "person",
    )
    nothing = await edge("event", end, "next")
    assert (nothing["t_ms"], nothing["searched_ms"]) == (None, None)


async def test_a_month_has_its_days_and_their_seconds(
    hass: HomeAssistant, socket: Socket, stocked: Stock
) -> None:
    answer = await socket.ask(
        "coverage/month", cameras=[stocked.first, stocked.second], month="2026-02"
    )
    assert len(answer["days"]) == 28
    assert len(answer["day_from_ms"]) == 29
    assert answer["time_zone"] == hass.config.time_zone
    days = answer["cameras"][stocked.first]
    assert {sum(day) for day in days} <= {0, 86_400}
    wrong = [
        {"cameras": [stocked.first], "month": "2026-13"},
        {"cameras": [stocked.first], "month": "2026"},
        {"cameras": [], "month": "2026-02"},
    ]
    for fields in wrong:
        assert await code_of(socket.ask("coverage/month", **fields)) == "invalid_format"
    missing = socket.ask("coverage/month", cameras=["x/1"], month="2026-02")
    assert await code_of(missing) == "not_found"


async def test_events_as_marks_as_counts_and_as_a_list(
    hass: HomeAssistant,
    socket: Socket,
    stocked: Stock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = {"from_ms": stocked.start_ms, "to_ms": stocked.start_ms + 60 * MINUTE}
    both = [stocked.first, stocked.second]
    answer = await socket.ask("events/list", cameras=both, **window)
    assert answer["kind"] == "events"
    assert len(answer["events"]) == 3 * 4
    camera, kind, offset, length = answer["events"][4:8]
    assert answer["cameras"][camera] == stocked.first
    assert answer["classes"][kind] == "person"
    assert (offset, length) == (20 * MINUTE, 1000)
    none = await socket.ask("events/list", cameras=both, classes=["animal"], **window)
    assert none["events"] == []
    monkeypatch.setattr(
        "custom_components.vtrack_nvr.core.library.event_line.MOST_EVENTS", 1
    )
    counts = await socket.ask("events/list", cameras=both, **window)
    assert counts["kind"] == "counts"
    assert sum(counts["counts"][3::4]) == 3

    seen = []
    cursor: dict[str, str] = {}
    while True:
        page = await socket.ask("events/page", limit=1, **cursor)
        seen += page["events"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert [event["start_ms"] for event in seen] == [
        stocked.start_ms + 20 * n * MINUTE for n in (2, 1, 0)
    ]
    assert [event["clip_id"] for event in seen] == [stocked.clips[n] for n in (8, 4, 0)]
    assert seen[0]["source"] == "door"
    for wrong in ("x", "[1]", '["a",1,2,3]', "1" * 1999, "[" * 1999, "[9e99,1,1,1]"):
        code = await code_of(socket.ask("events/page", cursor=wrong))
        assert code == "invalid_format"
    backwards = socket.ask("events/page", from_ms=5, to_ms=5)
    assert await code_of(backwards) == "bad_range"
