"""Each language says what English says; and the comparison finds what would break that."""

import json
from pathlib import Path
from typing import Any

import homeassistant  # noqa: F401 - it says when schemas of probatio are built
import pytest

from scripts.validate import languages, translations

from .conftest import Package

PACKAGE = Path(__file__).parents[2] / "custom_components" / "vtrack_nvr"
OTHERS = sorted(
    path for path in (PACKAGE / "translations").glob("*.json") if path.name != "en.json"
)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_a_language_says_what_english_says(path: Path) -> None:
    english, wrong_english = translations.load(PACKAGE / "translations" / "en.json")
    wrong = translations.load(path)[1]
    assert wrong_english == wrong == []
    assert list(languages.check_file(path, english)) == []


def compared(english: str, other: str, language: str = "de") -> list[str]:
    """Return what the comparison says of two texts of one key."""
    return list(languages.compare(f"{language}.json", {"a": english}, {"a": other}))


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("Address", "Adresse"),
        ("Media content ID", "ID des Medieninhalts"),
        ("VTrack NVR", "VTrack NVR"),
        ("{name} · {count}", "{count} · {name}"),
        ("{name} and {name}", "{name}"),
        ("Up to 1024 addresses", "Bis zu 1.024 Adressen"),
        ("Ports such as 80,8000-8010", "Ports wie 80,8000-8010"),
        ("See `media_dirs` and *My media*.", "Siehe *Meine Medien* und `media_dirs`."),
        ("[Save it]({link})\n\nDone.", "[Speichern]({link})\n\nFertig."),
        ("the device's settings", "les réglages de l’appareil"),
        ("It's {name}", "C'est {name}"),
    ],
)
def test_a_translation_is_accepted(english: str, other: str) -> None:
    assert compared(english, other) == []


@pytest.mark.parametrize(
    ("english", "other", "finding"),
    [
        ("{name} answers", "{host} antwortet", "placeholders"),
        ("{name} answers", "Es antwortet", "placeholders"),
        ("It answers", "{name} antwortet", "placeholders"),
        ("{count} clips", "{count:d} Clips", "more than a name"),
        ("{count} clips", "{count!r} Clips", "more than a name"),
        ("{count} clips", "{count, plural} Clips", "placeholders"),
        ("of {name}", "d'{name}", "quotation"),
        ("one's", "d''un", "quotation"),
        ("[Save]({link})", "[Speichern] ({link})", "link"),
        ("See `media_dirs`.", "Siehe media_dirs.", "code"),
        ("See *Repairs*.", "Siehe Reparaturen.", "emphasis"),
        ("One.\n\nTwo.", "Eins. Zwei.", "line break"),
        ("At most 48 hours", "Höchstens 24 Stunden", "number"),
        ("At most 1024 addresses", "Höchstens 124 Adressen", "number"),
        ("See configuration.yaml.", "Siehe Konfiguration.", "address"),
        ("such as camera.local", "wie kamera.local", "address"),
        ("Address", "Adresse ", "blank"),
        ("Address", " Adresse", "blank"),
        ("All are shown", "Alle  werden gezeigt", "blank"),
        ("Search everything again", "Search everything again", "English"),
        (
            "It is full. Nothing is written or deleted there.",
            "Er ist voll. Nothing is written or deleted there.",
            "English in part",
        ),
    ],
)
def test_a_difference_is_found(english: str, other: str, finding: str) -> None:
    found = compared(english, other)
    assert all(each.startswith("de.json: a ") for each in found)
    assert finding in "\n".join(found)


@pytest.mark.parametrize(
    ("english", "other", "finding"),
    [
        ({"a": "A", "b": "B"}, {"a": "A"}, "b is missing"),
        ({"a": "A"}, {"a": "A", "b": "B"}, "b is not in English"),
        ({"a": "A"}, {"a": {"b": "B"}}, "a is missing"),
        ({"a": "A", "b": "B"}, {"b": "B", "a": "A"}, "another order"),
        (
            {"entity": {"sensor": {"a": {"name": "Lost"}, "b": {"name": "Gone"}}}},
            {"entity": {"sensor": {"a": {"name": "Weg"}, "b": {"name": "weg"}}}},
            "alike: Weg",
        ),
        (
            {"services": {"a": {"name": "Stop"}, "b": {"name": "Pause"}}},
            {"services": {"a": {"name": "Anhalten"}, "b": {"name": "Anhalten"}}},
            "alike: Anhalten",
        ),
        (
            {"selector": {"x": {"options": {"a": "Lost", "b": "Gone"}}}},
            {"selector": {"x": {"options": {"a": "Weg", "b": "Weg"}}}},
            "alike: Weg",
        ),
        (
            {"services": {"x": {"fields": {"a": {"name": "At"}, "b": {"name": "To"}}}}},
            {"services": {"x": {"fields": {"a": {"name": "Zu"}, "b": {"name": "Zu"}}}}},
            "alike: Zu",
        ),
        (
            {"a": "See *Change camera*.", "b": "Change camera"},
            {"a": "Siehe *Kamera wechseln*.", "b": "Kamera ändern"},
            "a does not name Change camera",
        ),
        (
            {"a": 'See "Former cameras".', "b": "Former cameras"},
            {"a": "Siehe „Alte Kameras“.", "b": "Frühere Kameras"},
            "a does not name Former cameras",
        ),
        (
            {"common": {"search_word_today": "today"}},
            {"common": {"search_word_today": "Heute"}},
            "'Heute'",
        ),
        (
            {"common": {"search_word_week": "week"}},
            {"common": {"search_word_week": "sieben tage"}},
            "'sieben tage'",
        ),
        (
            {"common": {"search_word_week": "week"}},
            {"common": {"search_word_week": "woche/"}},
            "''",
        ),
        (
            {"common": {"search_word_sunday": "sun", "search_word_week": "week"}},
            {"common": {"search_word_sunday": "so", "search_word_week": "so"}},
            "'so', as has common.search_word_sunday",
        ),
        (
            {"common": {"search_word_last": "last", "search_word_week": "week"}},
            {"common": {"search_word_last": "week", "search_word_week": "woche"}},
            "'week', as has common.search_word_week",
        ),
    ],
)
def test_texts_that_do_not_suit_each_other_are_found(
    english: dict[str, Any], other: dict[str, Any], finding: str
) -> None:
    found = list(languages.compare("de.json", english, other))
    assert finding in "\n".join(found)


@pytest.mark.parametrize(
    ("english", "other"),
    [
        (
            {"entity": {"sensor": {"a": {"name": "Gone"}, "b": {"name": "Gone"}}}},
            {"entity": {"sensor": {"a": {"name": "Weg"}, "b": {"name": "Weg"}}}},
        ),
        (
            {"entity": {"sensor": {"a": {"name": "A"}}, "event": {"a": {"name": "B"}}}},
            {"entity": {"sensor": {"a": {"name": "C"}}, "event": {"a": {"name": "C"}}}},
        ),
        (
            {"a": "See *Sync* and *My media*.", "b": {"c": "Sync", "d": "Sync"}},
            {
                "a": "Siehe *Abgleich* und *My media*.",
                "b": {"c": "Abgleich", "d": "Abgleichen"},
            },
        ),
        (
            {"common": {"search_word_last": "last/this"}},
            {"common": {"search_word_last": "letzte/diese"}},
        ),
    ],
)
def test_what_suits_is_accepted(english: dict[str, Any], other: dict[str, Any]) -> None:
    assert list(languages.compare("de.json", english, other)) == []


def counted(**forms: str) -> dict[str, Any]:
    return {"config_panel": {"count": {"clips": forms}}}


ENGLISH = counted(one="{count} clip", other="{count} clips")


@pytest.mark.parametrize(
    ("language", "forms", "finding"),
    [
        ("de", {"one": "{count} Clip", "other": "{count} Clips"}, None),
        ("de", {"one": "{count} Fehler", "other": "{count} Fehler"}, None),
        ("zh-Hans", {"one": "{count} 个片段", "other": "{count} 个片段"}, None),
        (
            "zh-Hans",
            {"one": "{count} 片段", "other": "{count} 个片段"},
            "one form for all",
        ),
        ("fr", {"one": "Un clip", "other": "{count} clips"}, "how many"),
        ("de", {"other": "{count} Clips"}, "one is missing"),
        (
            "es",
            {"one": "{count} a", "many": "{count} b", "other": "{count} c"},
            "many is not in English",
        ),
        ("pl", {"one": "{count} klip", "other": "{count} klipów"}, "nothing is known"),
    ],
)
def test_counts_have_the_forms_of_the_language(
    language: str, forms: dict[str, str], finding: str | None
) -> None:
    found = list(languages.compare(f"{language}.json", ENGLISH, counted(**forms)))
    if finding is None:
        assert found == []
    else:
        assert finding in "\n".join(found)


def test_a_file_is_written_as_the_english_one_is(package: Package) -> None:
    english = translations.english_of(package.path)
    path = package.path / "translations" / "de.json"
    text = {"title": "Über"}
    for content, is_right in (
        (json.dumps(text, indent=2, ensure_ascii=False) + "\n", True),
        (json.dumps(text, indent=2, ensure_ascii=False), False),
        (json.dumps(text, indent=4, ensure_ascii=False) + "\n", False),
        (json.dumps(text, indent=2) + "\n", False),
    ):
        path.write_text(content, encoding="utf-8")
        found = "\n".join(languages.check_file(path, english))
        assert ("written as" not in found) is is_right


@pytest.mark.parametrize(
    ("name", "is_known"), [("zh-Hans", True), ("zh", False), ("deutsch", False)]
)
def test_a_file_is_named_as_home_assistant_names_the_language(
    name: str, is_known: bool, package: Package
) -> None:
    path = package.path / "translations" / f"{name}.json"
    path.write_text("{}\n", encoding="utf-8")
    found = "\n".join(languages.check_file(path, {}))
    assert ("no language of that name" not in found) is is_known


def test_the_validation_compares_all_languages(package: Package) -> None:
    english = translations.english_of(package.path)
    package.text(
        "translations/de.json",
        json.dumps(english, indent=2, ensure_ascii=False) + "\n",
    )
    found = list(translations.check(package.path))
    assert "de.json: issues.no_room.description is English: The disk is full." in found
