"""The checks of scripts/lint find what Home Assistant's own would find."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import homeassistant  # noqa: F401 - it says when schemas of probatio are built
import pytest

from scripts.validate import (
    brand,
    dependencies,
    icons,
    json_files,
    keys_in_code,
    manifest,
    quality_scale,
    repository,
    services,
    translations,
)

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


def set_to(*path: str, value: object) -> Callable[[dict[str, Any]], object]:
    """Return a change that sets a value below a path of keys."""

    def change(data: dict[str, Any]) -> None:
        for key in path[:-1]:
            data = data.setdefault(key, {})
        data[path[-1]] = value

    return change


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


def test_a_key_may_be_named_as_prefix_and_rest(package: Package) -> None:
    package.change(
        "translations/en.json",
        set_to("config", "error", "rtsp_cannot_connect", value="Not there either."),
    )
    assert "rtsp_" in "\n".join(keys_in_code.check(package.path))
    package.text("flow_more.py", 'PREFIX = "rtsp_"\n')
    assert list(keys_in_code.check(package.path)) == []


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        ("sync:\n  target:\n    device: {}\n", "entity only"),
        ("sync:\n  fields:\n    mode:\n      selector:\n        nothing:\n", "nothing"),
        ("Sync:\n", "valid name"),
        ("sync-now:\n", "valid name"),
        ("sync:\n  fields:\n    mode:\n      default:\n", "empty"),
        ("sync:\n  fields:\n    mode:\n      example: null\n", "empty"),
        ("sync:\n  fields:\n    mode:\n", "mode"),
        ("sync:\n  fields:\n", "fields"),
        (
            (
                "sync:\n  fields:\n    mode:\n      filter:\n"
                "        supported_features: [camera.CameraEntityFeature.STREAM]\n"
            ),
            "filter",
        ),
        (
            (
                "sync:\n  fields:\n    more:\n      fields:\n        mode:\n"
                "          default:\n"
            ),
            "empty",
        ),
        ("sync:\n  fields:\n    more:\n      fields:\n        mode: {}\n", "section"),
        ("sync: [", "cannot be read"),
    ],
)
def test_a_broken_action_is_found(content: str, finding: str, package: Package) -> None:
    package.text("services.yaml", content)
    assert finding in "\n".join(services.check(package.path))


def test_a_filter_goes_with_a_target(package: Package) -> None:
    text = (package.path / "services.yaml").read_text()
    filtered = "      filter:\n        supported_features: [camera.CameraEntityFeature.STREAM]\n"
    package.text("services.yaml", text + filtered)
    assert list(services.check(package.path)) == []


def test_any_file_that_is_no_json_is_found(package: Package) -> None:
    (package.path / "data").mkdir()
    package.text("data/words.json", '{"a": 1,}')
    [found] = json_files.check(package.path)
    assert found.startswith("data/words.json cannot be read")


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("from homeassistant.components import hassio", "hassio"),
        ("from homeassistant.components.recorder import get_instance", "recorder"),
        ("import homeassistant.components.recorder.util", "recorder"),
        ("from homeassistant.components.http.auth import async_sign_path", None),
        ("from homeassistant.components.http.auth import is_signed", "http"),
        ("from homeassistant.components.dhcp import DATA", None),
        ("from homeassistant.components.stream import Stream", None),
        ("from homeassistant.components.light import Light", None),
        ("from homeassistant.components.sensor.const import X", None),
        ("from .homeassistant.components.recorder import x", None),
        (
            (
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
                "    from homeassistant.components.recorder import Recorder"
            ),
            None,
        ),
        (
            "if x:\n    from homeassistant.components.recorder import Recorder",
            "recorder",
        ),
    ],
)
def test_components_that_are_used_are_declared(
    code: str, finding: str | None, package: Package
) -> None:
    package.text("helpers.py", code)
    found = list(dependencies.check(package.path))
    expected = [f"helpers.py imports {finding}, the manifest does not"]
    assert found == (expected if finding else [])


def test_a_component_may_be_used_by_what_it_loads_of_us(package: Package) -> None:
    package.text("diagnostics.py", "from homeassistant.components.diagnostics import x")
    (package.path / "repairs").mkdir()
    package.text("repairs/a.py", "from homeassistant.components.repairs import x")
    assert list(dependencies.check(package.path)) == []


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


def test_a_registered_action_needs_its_file(package: Package) -> None:
    (package.path / "services.yaml").unlink()
    package.text("services.py", "hass.services.async_register(DOMAIN, 'sync')\n")
    assert "no services.yaml" in "\n".join(services.check(package.path))


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


@pytest.mark.parametrize(
    "answer", ["maybe", "{status: exempt}", "{status: finished, comment: x}"]
)
def test_a_rule_needs_a_valid_answer(answer: str, package: Package) -> None:
    path = package.path / "quality_scale.yaml"
    text = path.read_text().replace("brands: done", f"brands: {answer}")
    package.text("quality_scale.yaml", text)
    assert "brands" in "\n".join(quality_scale.check(package.path))


@pytest.mark.parametrize(
    ("todo", "tier"),
    [
        ("brands", None),
        ("test-coverage", "bronze"),
        ("discovery", "silver"),
        ("strict-typing", "gold"),
        (None, "platinum"),
    ],
)
def test_the_tier_that_is_claimed_is_reached(
    todo: str | None, tier: str | None, package: Package
) -> None:
    path = package.path / "quality_scale.yaml"
    answer = "{status: todo, comment: later}"
    text = path.read_text().replace(f"  {todo}: done", f"  {todo}: {answer}")
    package.text("quality_scale.yaml", text)
    for claimed in ("bronze", "silver", "gold", "platinum"):
        package.change("manifest.json", set_to("quality_scale", value=claimed))
        found = list(quality_scale.check(package.path))
        assert (found == []) is (claimed == tier), claimed
    assert "the manifest claims platinum" in "".join(found) or tier == "platinum"


def test_every_rule_of_the_scale_is_asked() -> None:
    assert len(set(quality_scale.RULES)) == len(quality_scale.RULES) == 54


def test_a_missing_or_wrong_icon_is_found(package: Package) -> None:
    (package.path / "brand" / "icon.png").unlink()
    source = package.path / "brand" / "icon@2x.png"
    source.copy(package.path / "brand" / "dark_icon.png")
    found = "\n".join(brand.check(package.path))
    assert "icon.png is missing" in found
    assert "dark_icon.png is (512, 512)" in found


def test_a_bare_repository_is_told_what_it_lacks(package: Package) -> None:
    (package.root / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (package.root / "CHANGELOG.md").write_text("[a](b.md)\n")
    (package.root / "hacs.json").write_text(
        '{"name": "x", "homeassistant": "2025.1.0"}'
    )
    found = "\n".join(repository.check(package.root))
    for finding in ("README.md", "too old", "different versions", "b.md leads nowhere"):
        assert finding in found


def test_what_is_run_or_installed_is_named_exactly(package: Package) -> None:
    workflow = package.root / ".github/workflows/test.yml"
    workflow.parent.mkdir(parents=True)
    commit = "0123456789abcdef0123456789abcdef01234567"
    workflow.write_text(f"- uses: a/b@v5\n- uses: c/d@{commit}  # v1\n")
    (package.root / "requirements_test.txt").write_text("One==1.0\ntwo==2.0  # why\n")
    pinned = package.root / "scripts/setup_lib/pinned/test.txt"
    pinned.parent.mkdir(parents=True)
    pinned.write_text("one==1.0 \\\n    --hash=sha256:00\ntwo==2.1 \\\n")
    assert list(repository.pins(package.root)) == [
        "test.yml: a/b@v5 is not pinned to a commit",
        "requirements_test.txt: two==2.0 has no hash; run scripts/pin",
    ]
