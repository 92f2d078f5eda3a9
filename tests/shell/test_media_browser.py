"""The media browser as a person meets it: days, languages, zones, nonsense."""

import asyncio
from datetime import UTC, date, datetime
import logging
from pathlib import Path
from zoneinfo import ZoneInfo

from homeassistant.components.media_player import BrowseError
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from hypothesis import given, strategies as st
import pytest

from custom_components.vtrack_nvr.actions.answers import clip_response
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.clip_sink import ClipStart
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    ClipSource,
    EventClass,
    NvrKey,
)
from custom_components.vtrack_nvr.media_identifier import (
    CameraNode,
    ClipNode,
    DayNode,
    DeviceNode,
    EventsNode,
    ExportNode,
    ExportsNode,
    FormerCameras,
    FoundNode,
    HourNode,
    NvrNode,
    ProtectedNode,
    Top,
    parse_identifier,
)
from custom_components.vtrack_nvr.media_items import clock_text
from tests.core.library.rig import clip_bytes, make_facts, measured

TREE = f"media-source://{DOMAIN}"
NVR = NvrKey("serial/äö 1")
CAMERA = CameraKey("serial/äö 1/../%2F?#")
BESIDE = ("protected", "events", "exports", "play")
MINUTE = 60_000
HOUR = 60 * MINUTE


NUMBERS = st.integers(0, 10**15 - 1)
AFTER = st.none() | NUMBERS
RANGES = st.builds(
    lambda start, length: TimeRange(start, start + length),
    st.integers(0, 10**14),
    st.integers(1, 10**9),
)


@given(
    st.one_of(
        st.just(Top()),
        st.just(FormerCameras()),
        st.builds(NvrNode, st.text(min_size=1)),
        st.builds(CameraNode, st.text(min_size=1)),
        st.builds(
            DayNode,
            st.text(min_size=1),
            st.dates(date(1970, 1, 1), date(2999, 12, 31)),
        ),
        st.builds(HourNode, st.text(min_size=1), NUMBERS, AFTER),
        st.builds(ClipNode, NUMBERS),
        st.builds(DeviceNode, st.text(min_size=1), RANGES),
        st.builds(ProtectedNode, st.none() | st.text(min_size=1), AFTER),
        st.builds(EventsNode, st.none() | st.text(min_size=1)),
        st.builds(
            EventsNode,
            st.none() | st.text(min_size=1),
            st.sampled_from(EventClass),
            AFTER,
        ),
        st.just(ExportsNode()),
        st.builds(ExportNode, NUMBERS),
        st.builds(FoundNode, st.text(), NUMBERS, st.text()),
    )
)
def test_every_place_has_a_text_and_every_text_its_place(place: object) -> None:
    try:
        str(place).encode()
    except UnicodeEncodeError:
        return
    assert parse_identifier(str(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        "clip/../../secrets.yaml",
        "clip/-1",
        "clip/1.5",
        "clip/\N{ARABIC-INDIC DIGIT THREE}",
        "clip/" + "9" * 16,
        "clip/" + "9" * 5000,
        "day/a/9999-12-31",
        "day/a/0001-01-01",
        "day/a/2027-02-30",
        "day/a/2027-01-15/1",
        "hour/a/-1",
        "hour/a/1/x",
        "hour/a/1/" + "9" * 20,
        "hour/a/1/2/3",
        "hour//1",
        "device/a/5-5",
        "device/a/9-5",
        "device/a/5",
        "device//5-9",
        "protected",
        "protected/a/x",
        "events/a/ghosts",
        "events/a/motion/x",
        "exports/1",
        "export/x",
        "found/a/x/",
        "found/a/1",
        "../nvr/a",
        "/etc/passwd",
        "nvr/",
        "camera/",
        "former/x",
        "%2e%2e/clip/1",
        "\0",
    ],
)
def test_nonsense_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_identifier(text)


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).astimezone(berlin)
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC).astimezone(berlin)
    assert clock_text(first) == "02:30:00 CEST"
    assert clock_text(second) == "02:30:00 CET"
    spring = datetime(2026, 3, 29, 1, 30, tzinfo=UTC).astimezone(berlin)
    assert clock_text(spring) == "03:30:00"
    new_york = ZoneInfo("America/New_York")
    autumn = datetime(2026, 11, 1, 5, 30, tzinfo=UTC).astimezone(new_york)
    assert clock_text(autumn) == "01:30:00 EDT"


@pytest.fixture
async def library(hass: HomeAssistant, media_dir: Path) -> Library:
    """Return the library of an installation with one camera and no device."""
    assert await async_setup_component(hass, "media_source", {})
    assert await async_setup_component(hass, DOMAIN, {})
    found: Library = hass.data[DOMAIN].library
    await found.register_nvr(NVR, "Büro <b>")
    await found.register_camera(NVR, CAMERA, "Tür / Hof")
    assert media_dir
    return found


async def keep(library: Library, start_ms: int, problem: str = "") -> int:
    """Keep a clip of five minutes; it holds no pictures."""

    def write() -> int:
        facts = make_facts(start_ms, problem=problem)
        sink = library.ledger.sink(CAMERA)
        target = sink.open(ClipStart(CAMERA, start_ms, start_ms, 0, ClipSource.REPLAY))
        data = clip_bytes(CAMERA, facts)
        target.part_path.write_bytes(data)
        sink.finish(target, measured(facts, data))
        return target.clip_id

    return await asyncio.to_thread(write)


async def children(hass: HomeAssistant, place: str) -> list[tuple[str, str]]:
    """Return what is at a place, without the folders beside NVRs and days."""
    found = await async_browse_media(hass, place)
    return [
        (child.title, child.media_content_id)
        for child in found.children
        if (child.identifier or "").partition("/")[0] not in BESIDE
    ]


async def hours(hass: HomeAssistant, day: str) -> list[tuple[str, str]]:
    """Return what is in all hours of a day."""
    found = []
    for _, hour in await children(hass, day):
        found += await children(hass, hour)
    return found


@pytest.mark.parametrize(
    ("zone", "evening", "days"),
    [
        # 2026-10-25 has 25 hours in Berlin, 2026-03-08 has 23 in New York
        ("Europe/Berlin", datetime(2026, 10, 24, 21, 55, tzinfo=UTC), (1, 25, 1)),
        ("America/New_York", datetime(2026, 3, 8, 4, 55, tzinfo=UTC), (1, 23, 1)),
        ("Europe/Berlin", datetime(2026, 12, 31, 22, 55, tzinfo=UTC), (1, 24, 1)),
    ],
    ids=["longest day", "shortest day", "new year"],
)
async def test_everything_is_found_once_under_the_day_people_expect(
    hass: HomeAssistant,
    library: Library,
    zone: str,
    evening: datetime,
    days: tuple[int, ...],
) -> None:
    await hass.config.async_update(time_zone=zone)
    await hass.async_block_till_done()
    begin_ms = round(evening.timestamp() * 1000)
    count = sum(days)
    for number in range(count):
        await keep(library, begin_ms + number * HOUR)
    [(name, nvr)] = await children(hass, TREE)
    assert name == "Büro <b>"
    [(name, camera)] = await children(hass, nvr)
    assert name == "Tür / Hof"
    listed = await children(hass, camera)
    seen: list[str] = []
    for (title, day), expected in zip(listed, reversed(days), strict=True):
        clips = await hours(hass, day)
        assert len(clips) == expected
        assert title.endswith(f"({expected})")
        names = [text for text, _ in await children(hass, day)]
        assert len(set(names)) == len(names)
        assert len({text for text, _ in clips}) == expected, "no two look the same"
        seen += [identifier for _, identifier in clips]
    assert len(set(seen)) == count


@pytest.mark.parametrize(
    ("problem", "ending"),
    [
        ("check_failed", "· not checked"),
        ("refused", "· incomplete"),
        ("clock_behind", "· time uncertain"),
        ("of a later version", "(5 min)"),
        ("", "(5 min)"),
    ],
)
async def test_what_is_wrong_with_a_clip_that_was_kept_is_seen(
    hass: HomeAssistant, library: Library, problem: str, ending: str
) -> None:
    clip_id = await keep(library, 1_800_000_000_000, problem)
    [(_, nvr)] = await children(hass, TREE)
    [(_, camera)] = await children(hass, nvr)
    [(_, day)] = await children(hass, camera)
    [(title, _)] = await hours(hass, day)
    assert title.endswith(ending)
    clip = await library.browse.clip(clip_id)
    assert clip is not None
    assert clip_response(clip)["problem"] == (problem or None)


async def test_a_changed_language_shows_at_once(
    hass: HomeAssistant, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(library, 1_800_000_000_000)
    await library.retire_nvr(NVR)
    [(title, _)] = await children(hass, TREE)
    assert title == "Former cameras"
    from custom_components.vtrack_nvr import phrases

    async def german(*_: object) -> dict[str, str]:
        return {f"component.{DOMAIN}.common.former_cameras": "Frühere Kameras"}

    monkeypatch.setattr(phrases, "async_get_translations", german)
    [(title, former)] = await children(hass, TREE)
    assert title == "Frühere Kameras"
    [(name, _)] = await children(hass, former)
    assert name == "Tür / Hof"


async def test_nonsense_and_strangers_are_an_answer_and_no_error_in_the_log(
    hass: HomeAssistant, library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    clip_id = await keep(library, 1_800_000_000_000)
    caplog.clear()
    for place in (
        "clip/999999",
        "clip/999999999999999",
        "camera/nobody",
        "nvr/nobody",
        "day/nobody/2027-01-15",
        "day/a/9999-12-31",
        "clip/99999999999999999999",
        "../../secrets.yaml",
    ):
        with pytest.raises(BrowseError):
            await async_browse_media(hass, f"{TREE}/{place}")
        with pytest.raises(Unresolvable):
            await async_resolve_media(hass, f"{TREE}/{place}", None)
    await library.care.delete([clip_id])
    with pytest.raises(Unresolvable):
        await async_resolve_media(hass, f"{TREE}/clip/{clip_id}", None)
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []
