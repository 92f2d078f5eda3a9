"""The checks of scripts/lint find what Home Assistant's own would find."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from scripts.validate import (
    brand,
    dependencies,
    icons,
    json_files,
    keys_in_code,
    manifest,
    quality_scale,
    services,
    translations,
)

from .changes import set_to
from .conftest import Package

OF_PACKAGE = (
    brand,
    dependencies,
    icons,
    json_files,
    keys_in_code,
    manifest,
    quality_scale,
    services,
    translations,
)


@pytest.mark.parametrize("check", OF_PACKAGE, ids=lambda each: each.__name__)
def test_a_sound_integration_has_no_findings(
    check: ModuleType, package: Package
) -> None:
    assert list(check.check(package.path)) == []


@pytest.mark.parametrize(
    ("check", "name", "change", "finding"),
    [
        (manifest, "manifest.json", set_to("domain", value="other"), "folder's name"),
        (manifest, "manifest.json", set_to("version", value="one"), "version"),
        (manifest, "manifest.json", set_to("config_flow", value=False), "config_flow"),
        (
            manifest,
            "manifest.json",
            set_to("documentation", value="http://x"),
            "https link",
        ),
        (manifest, "manifest.json", set_to("aaa", value=1), "aaa"),
        (manifest, "manifest.json", set_to("after_dependencies", value=[]), "order"),
        (manifest, "manifest.json", set_to("requirements", value=["a b"]), "a b"),
        (manifest, "manifest.json", set_to("codeowners", value=[]), "codeowners"),
        (
            translations,
            "translations/en.json",
            set_to("config", "error", "x", value="<b>No</b>"),
            "HTML",
        ),
        (
            translations,
            "translations/en.json",
            set_to("config", "error", "x", value="see https://example.org"),
            "link",
        ),
        (
            translations,
            "translations/en.json",
            set_to("config", "error", "x", value="'{host}' is odd"),
            "quotes",
        ),
        (
            translations,
            "translations/en.json",
            set_to("config", "error", "x", value="{host is odd"),
            "braces",
        ),
        (
            translations,
            "translations/en.json",
            set_to("config_subentries", "camera", value={"step": {}}),
            "entry_type",
        ),
        (
            translations,
            "translations/en.json",
            set_to("issues", "x", value={"title": "A"}),
            "needs a description",
        ),
        (translations, "translations/en.json", set_to("nothing", value={}), "nothing"),
        (
            icons,
            "icons.json",
            set_to("entity", "sensor", "backlog", "default", value="history"),
            "mdi:",
        ),
        (
            icons,
            "icons.json",
            set_to("entity", "sensor", "backlog", "state", value={"a": "mdi:history"}),
            "repeats",
        ),
        *(
            (
                translations,
                "translations/en.json",
                set_to(*path, value=value),
                finding,
            )
            for path, value, finding in (
                (
                    ("entity", "sensor", "backlog", "state", "a"),
                    "{n} left",
                    "not filled",
                ),
                (
                    ("entity", "sensor", "backlog", "unit_of_measurement"),
                    "{n} min",
                    "not filled",
                ),
                (
                    ("entity", "sensor", "backlog", "state_attributes", "a"),
                    {"name": "{n}"},
                    "not filled",
                ),
                (
                    ("entity", "sensor", "backlog", "state_attributes", "a"),
                    {"state": {"b": "{n}"}},
                    "not filled",
                ),
                (("config", "error", "x"), "[%key:common::a%] and more", "references"),
                (("config", "error", "x"), "See [% here", "references"),
                (("config", "error", "x"), "See www.example.org", "link"),
                (("config", "error", "x"), "See WWW.example.org.", "link"),
                (("config", "error", "x"), "See ftp://example.org", "link"),
                (("config", "error", "x"), "See mqtts://example.org", "link"),
                (("exceptions", "not-here"), {"message": "No."}, "not-here"),
                (("exceptions", "not__here"), {"message": "No."}, "not__here"),
                (("common", "not-here"), "No.", "not-here"),
                (("selector", "not-here"), {"options": {}}, "not-here"),
                (("selector", "a__b"), {"options": {}}, "a__b"),
                (("selector", "a", "options", "b--c"), "B", "b--c"),
                (("selector", "a", "options", "b_-c"), "B", "b_-c"),
                (("selector", "a", "options", "_b"), "B", "_b"),
                (("selector", "a", "fields", "b"), {"name": "B"}, "selector.a.fields"),
                (("entity", "sensor", "back__log"), {"name": "B"}, "back__log"),
                (("entity", "sen-sor"), {"a": {"name": "B"}}, "sen-sor"),
                (
                    ("services", "sync", "fields", "mode"),
                    {"name": "Mode"},
                    "description",
                ),
                (
                    ("config", "step", "user", "data_description", "port"),
                    "Which.",
                    "no field",
                ),
                (("config_panel", "a__b"), "B", "a__b"),
                (("config_panel", "a", "b"), "www.example.org", "link"),
            )
        ),
        *(
            (icons, "icons.json", set_to(*path, value=value), finding)
            for path, value, finding in (
                (("services", "sync", "sections", "a"), "filter", "mdi:"),
                (("services", "sync", "sections", "a__b"), "mdi:filter", "a__b"),
                (
                    ("config", "step", "user", "sections", "a"),
                    "filter",
                    "mdi:",
                ),
                (("config", "step", "user", "title"), "mdi:filter", "title"),
                (("options", "steps"), {}, "steps"),
                (
                    ("issues", "x", "fix_flow", "step", "a", "sections", "b"),
                    "c",
                    "mdi:",
                ),
                (
                    ("entity", "sensor", "backlog", "range"),
                    {"50": "mdi:history", "0": "mdi:history"},
                    "rise",
                ),
                (("entity", "sensor", "back__log"), {}, "back__log"),
            )
        ),
        (
            services,
            "icons.json",
            set_to("services", "sync", "sections", "more", value="mdi:filter"),
            "no section",
        ),
        (services, "icons.json", set_to("services", value={}), "no icon"),
        (
            services,
            "translations/en.json",
            set_to("services", value={}),
            "sync has no text",
        ),
        (
            services,
            "translations/en.json",
            set_to("services", "sync", "fields", value={}),
            "mode has no name",
        ),
        (
            services,
            "translations/en.json",
            set_to("selector", value={}),
            "selector.mode",
        ),
        (
            keys_in_code,
            "translations/en.json",
            set_to("exceptions", value={}),
            "exceptions busy",
        ),
        (
            keys_in_code,
            "translations/en.json",
            set_to("issues", value={}),
            "issues no_room",
        ),
        (
            keys_in_code,
            "translations/en.json",
            set_to("entity", value={}),
            "entity.sensor backlog",
        ),
        (
            keys_in_code,
            "translations/en.json",
            set_to("config", "step", value={}),
            "step user",
        ),
        (
            keys_in_code,
            "translations/en.json",
            set_to("config", "abort", value={}),
            "abort gone",
        ),
        (
            keys_in_code,
            "translations/en.json",
            set_to("config", "progress", value={}),
            "progress search",
        ),
        (
            keys_in_code,
            "translations/en.json",
            set_to("config", "error", "unused", value="Never."),
            "error.unused",
        ),
    ],
)
def test_a_break_is_found(
    check: ModuleType,
    name: str,
    change: Callable[[dict[str, Any]], object],
    finding: str,
    package: Package,
) -> None:
    package.change(name, change)
    assert finding in "\n".join(check.check(package.path))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (
            "translations/en.json",
            set_to("selector", "mode", "choices", value={"some-thing": "Something"}),
        ),
        (
            "translations/en.json",
            set_to("selector", "_", value={"fields": {"a": "A"}}),
        ),
        (
            "translations/en.json",
            set_to("entity", "sensor", "backlog", "state", "a-b", value="A"),
        ),
        (
            "translations/en.json",
            set_to("config", "initiate_flow", value={"user": "Add"}),
        ),
        (
            "translations/en.json",
            set_to("config", "error", "Any-thing__else", value="It is a mere name."),
        ),
        (
            "translations/en.json",
            set_to("config_panel", "a", "b", "c", value="Deep {name}"),
        ),
        (
            "icons.json",
            set_to(
                *("entity", "sensor", "backlog", "state_attributes", "a"),
                value={"range": {"0": "mdi:history", "9.5": "mdi:clock"}},
            ),
        ),
        (
            "icons.json",
            set_to("config", "step", "user", "sections", "a", value="mdi:history"),
        ),
    ],
)
def test_what_home_assistant_accepts_is_accepted(
    name: str, change: Callable[[dict[str, Any]], object], package: Package
) -> None:
    package.change(name, change)
    assert list(translations.check(package.path)) == []
    assert list(icons.check(package.path)) == []


def test_any_file_that_is_no_json_is_found(package: Package) -> None:
    (package.path / "data").mkdir()
    package.text("data/words.json", '{"a": 1,}')
    [found] = json_files.check(package.path)
    assert found.startswith("data/words.json cannot be read")


def test_a_missing_or_wrong_icon_is_found(package: Package) -> None:
    (package.path / "brand" / "icon.png").unlink()
    source = package.path / "brand" / "icon@2x.png"
    source.copy(package.path / "brand" / "dark_icon.png")
    found = "\n".join(brand.check(package.path))
    assert "icon.png is missing" in found
    assert "dark_icon.png is (512, 512)" in found
