"""The descriptions of actions."""

import pytest

from scripts.validate import services

from .conftest import Package


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


def test_a_registered_action_needs_its_file(package: Package) -> None:
    (package.path / "services.yaml").unlink()
    package.text("services.py", "hass.services.async_register(DOMAIN, 'sync')\n")
    assert "no services.yaml" in "\n".join(services.check(package.path))
