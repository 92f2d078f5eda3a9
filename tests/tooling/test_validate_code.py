"""Keys and components in code are held against what is declared."""

import pytest

from scripts.validate import dependencies, keys_in_code

from .changes import set_to
from .conftest import Package


def test_a_key_may_be_named_as_prefix_and_rest(package: Package) -> None:
    package.change(
        "translations/en.json",
        set_to("config", "error", "rtsp_cannot_connect", value="Not there either."),
    )
    assert "rtsp_" in "\n".join(keys_in_code.check(package.path))
    package.text("flow_more.py", 'PREFIX = "rtsp_"\n')
    assert list(keys_in_code.check(package.path)) == []


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
