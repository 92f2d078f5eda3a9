"""Another language against English."""

from typing import Any

from scripts.validate import translations

from .changes import set_to
from .conftest import Package


def test_texts_of_the_dashboard_have_no_plurals_of_icu(package: Package) -> None:
    clips = "{count, plural, one {# clip} other {# clips}}"
    package.change(
        "translations/en.json", set_to("config_panel", "overview", "clips", value=clips)
    )
    assert "en.json" in "\n".join(translations.check(package.path))


def test_another_language_must_have_the_keys_of_english(package: Package) -> None:
    package.json(
        "translations/de.json", {"config": {"step": {"user": {"title": "Hallo"}}}}
    )
    found = "\n".join(translations.check(package.path))
    assert "de.json: config.error.cannot_connect is missing" in found


def test_another_language_must_have_the_placeholders_of_english(
    package: Package,
) -> None:
    package.json("translations/de.json", {})
    package.change("translations/de.json", lambda data: data.update(_english(package)))
    package.change(
        "translations/de.json",
        set_to("config", "error", "cannot_connect", value="Keine Antwort."),
    )
    found = list(translations.check(package.path))
    assert (
        "de.json: config.error.cannot_connect has other placeholders than English"
        in found
    )


def _english(package: Package) -> dict[str, Any]:
    return translations.english_of(package.path)
