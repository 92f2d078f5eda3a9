"""Words typed into the search of the media browser."""

from datetime import UTC, date, datetime, time

from homeassistant.components.media_player import BrowseError, SearchMediaQuery
from homeassistant.components.media_source import async_search_media
from homeassistant.core import HomeAssistant
import pytest

from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    EventClass,
    EventMark,
    NvrKey,
)
from custom_components.vtrack_nvr.media_search import Question, question_of
from tests.shell.test_media_browser import (
    CAMERA,
    HOUR,
    NVR,
    TREE,
    keep,
    library as library,  # noqa: PLC0414 - a fixture
)

OTHER = CameraKey("other/1")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("", Question()),
        ("Garden  gate", Question(("garden", "gate"))),
        ("2027-01-15", Question((), date(2027, 1, 15), date(2027, 1, 15))),
        ("15.1.2027", Question((), date(2027, 1, 15), date(2027, 1, 15))),
        ("2028-02", Question((), date(2028, 2, 1), date(2028, 2, 29))),
        (
            "hof 2027-1-5 8:30 Motion",
            Question(
                ("hof",),
                date(2027, 1, 5),
                date(2027, 1, 5),
                time(8, 30),
                EventClass.MOTION,
            ),
        ),
        ("2027-02-30", Question(("2027-02-30",))),
        ("9999-12-31", Question(("9999-12-31",))),
        ("0001-01", Question(("0001-01",))),
        ("2027-13", Question(("2027-13",))),
        ("25:00 12:75", Question(("25:00", "12:75"))),
    ],
)
def test_words_say_where_and_when(text: str, question: Question) -> None:
    assert question_of(text) == question


async def titles(hass: HomeAssistant, words: str, place: str = "") -> list[str]:
    found = await async_search_media(
        hass,
        f"{TREE}/{place}" if place else TREE,
        SearchMediaQuery(search_query=words),
    )
    return [item.title for item in found.result]


async def test_clips_are_found_by_day_time_name_and_event(
    hass: HomeAssistant, library: Library
) -> None:
    await hass.config.async_update(time_zone="Europe/Berlin")
    await hass.async_block_till_done()
    await library.register_nvr(NvrKey("other"), "Garage")
    await library.register_camera(NvrKey("other"), OTHER, "Tor")
    start_ms = round(datetime(2027, 1, 15, 7, 30, tzinfo=UTC).timestamp() * 1000)
    for number in range(4):
        await keep(library, start_ms + number * HOUR)
    await keep(library, start_ms + 24 * HOUR)
    await library.add_marks(
        CAMERA, [EventMark(EventClass.PERSON, TimeRange(start_ms, start_ms + 1000))]
    )
    found = await titles(hass, "2027-01-15")
    assert found[-1] == "Tür / Hof · 2027-01-15 08:30:00 (5 min)"
    assert len(found) == 4
    assert await titles(hass, "2027-01-15 09:32") == [
        "Tür / Hof · 2027-01-15 10:30:00 (5 min)",
        "Tür / Hof · 2027-01-15 09:30:00 (5 min)",
    ]
    assert len(await titles(hass, "2027-01")) == 5
    assert await titles(hass, "tür person") == ["Tür / Hof", found[-1]]
    assert await titles(hass, "tor") == ["Tor"]
    assert await titles(hass, "tor 2027-01-15") == []
    assert await titles(hass, "nobody") == []
    below = f"camera/{CAMERA.replace('%', '%25').replace('/', '%2F')}"
    below = below.replace("?", "%3F").replace("#", "%23").replace(" ", "%20")
    assert len(await titles(hass, "", below)) == 5
    assert len(await titles(hass, "", below.replace("camera", "day") + "/2027-01-16"))
    assert await titles(hass, "", "former") == []
    assert await titles(hass, "", "nvr/other") == []
    assert await titles(hass, "garage", "nvr/other") == ["Tor"]
    with pytest.raises(BrowseError):
        await titles(hass, "", "day/x/9999-12-31")
    assert NVR
