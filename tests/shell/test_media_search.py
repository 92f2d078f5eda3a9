"""Words typed into the search of the media browser."""

from datetime import UTC, date, datetime, time

from homeassistant.components.media_player import BrowseError, SearchMediaQuery
from homeassistant.components.media_source import (
    async_browse_media,
    async_search_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import pytest

from custom_components.vtrack_nvr import media_tree, phrases
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.models import (
    CameraKey,
    EventClass,
    EventMark,
    NvrKey,
)
from custom_components.vtrack_nvr.media_search import Question, Spoken, question_of
from tests.shell.test_media_browser import (
    CAMERA,
    HOUR,
    NVR,
    TREE,
    keep,
    library as library,  # noqa: PLC0414 - a fixture
)

OTHER = CameraKey("other/1")
TODAY = date(2027, 1, 15)
"""A Friday."""
YESTERDAY = date(2027, 1, 14)


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
        ("today", Question((), TODAY, TODAY)),
        ("Yesterday 7:05", Question((), YESTERDAY, YESTERDAY, time(7, 5))),
        ("friday", Question((), TODAY, TODAY)),
        ("last thursday", Question((), YESTERDAY, YESTERDAY)),
        ("Saturday", Question((), date(2027, 1, 9), date(2027, 1, 9))),
        ("last week", Question((), date(2027, 1, 9), TODAY)),
        ("month", Question((), date(2026, 12, 17), TODAY)),
        ("last gate", Question(("last", "gate"))),
        ("gate last", Question(("gate", "last"))),
        (
            "protected garden yesterday",
            Question(("garden",), YESTERDAY, YESTERDAY, is_protected=True),
        ),
    ],
)
def test_words_say_where_and_when(text: str, question: Question) -> None:
    assert question_of(text, TODAY) == question


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
    await library.ledger.add_marks(
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


def test_words_of_other_languages_are_understood_beside_english() -> None:
    german = {"gestern": Spoken.YESTERDAY, "geschützt": Spoken.PROTECTED}
    asked = question_of("Gestern geschützt", TODAY, german)
    assert asked == Question((), YESTERDAY, YESTERDAY, is_protected=True)
    assert question_of("yesterday", TODAY, german).first == YESTERDAY


def test_events_are_named_in_other_languages_and_in_several_words() -> None:
    german = {"linie überquert": EventClass.LINE, "klingel": EventClass.DOORBELL}
    for words, event_class in (
        ("Linie  überquert", EventClass.LINE),
        ("KLINGEL", EventClass.DOORBELL),
        ("line", EventClass.LINE),
    ):
        asked = question_of(f"Hof {words} gestern", TODAY, events=german)
        assert asked == Question(("hof", "gestern"), event_class=event_class)
    part = question_of("überquert Linie", TODAY, events=german)
    assert part == Question(("überquert", "linie"))


async def test_events_are_found_by_the_words_of_the_instances_language(
    hass: HomeAssistant, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms = round(datetime(2027, 1, 15, 7, 30, tzinfo=UTC).timestamp() * 1000)
    for number, kind in enumerate((EventClass.PERSON, EventClass.LINE)):
        start_ms = now_ms + number * HOUR
        await keep(library, start_ms)
        mark = EventMark(kind, TimeRange(start_ms, start_ms + 1000))
        await library.ledger.add_marks(CAMERA, [mark])
    [person] = await titles(hass, "people")
    [line] = await titles(hass, "Line crossed")
    assert person != line
    assert await titles(hass, "personne") == []
    french = {
        **await async_get_translations(hass, "en", "common", [DOMAIN]),
        f"component.{DOMAIN}.common.event_line": "Ligne franchie",
        f"component.{DOMAIN}.common.search_event_person": "personne/quelqu'un",
    }

    async def translated(*_args: object) -> dict[str, str]:
        return french

    monkeypatch.setattr(phrases, "async_get_translations", translated)
    assert await titles(hass, "quelqu'un") == [person]
    assert await titles(hass, "ligne franchie") == [line]
    assert await titles(hass, "person") == [person]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("semana pasada", ()),
        ("la semana pasada", ()),
        ("patio la semana pasada", ("patio",)),
        ("la puerta", ("la", "puerta")),
        ("pasada puerta semana", ("pasada", "puerta")),
    ],
)
def test_words_may_stand_behind_what_they_say_more_of(
    text: str, words: tuple[str, ...]
) -> None:
    spanish = {"semana": Spoken.WEEK, "pasada": Spoken.LAST, "la": Spoken.LAST}
    asked = question_of(text, TODAY, spanish)
    assert asked.words == words
    week = (date(2027, 1, 9), TODAY)
    assert (asked.first, asked.last) == (week if "semana" in text else (None, None))


async def test_a_search_says_that_there_is_more_and_shows_it(
    hass: HomeAssistant, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_tree, "SEARCH_LIMIT", 3)
    now_ms = round(datetime(2027, 1, 15, 17, 30, tzinfo=UTC).timestamp() * 1000)
    ids = [await keep(library, now_ms + number * HOUR) for number in range(7)]
    found = await async_search_media(
        hass, TREE, SearchMediaQuery(search_query="2027-01-15")
    )
    *clips, more = found.result
    assert len(clips) == 3
    assert more.can_expand
    assert more.title == "These are the first 3: show more …"
    seen = [clip.identifier for clip in clips]
    while more is not None:
        page = await async_browse_media(hass, more.media_content_id)
        assert page.title == "Found: 2027-01-15"
        shown = [child for child in page.children if child.can_play]
        seen += [clip.identifier for clip in shown]
        more = next((child for child in page.children if child.can_expand), None)
    assert sorted(seen) == sorted(f"clip/{clip_id}" for clip_id in ids)


async def test_protected_clips_and_those_of_yesterday_are_found_by_these_words(
    hass: HomeAssistant, library: Library
) -> None:
    today = dt_util.start_of_local_day()
    today_ms = round(today.timestamp() * 1000)
    first = await keep(library, today_ms - 3 * HOUR)
    await keep(library, today_ms - 2 * HOUR)
    await keep(library, today_ms - 40 * 24 * HOUR)
    await library.care.protect([first])
    assert len(await titles(hass, "yesterday")) == 2
    assert len(await titles(hass, "last week")) == 2
    [title] = await titles(hass, "protected")
    assert title.endswith("· protected")
    assert await titles(hass, "protected today") == []
    assert len(await titles(hass, "", "protected/")) == 1
