"""Every entity, platform by platform: names, classes, defaults, states; and what docs say."""

import json
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.vtrack_nvr.const import PLATFORMS
from custom_components.vtrack_nvr.core.models import DeviceEvent, EventClass
from custom_components.vtrack_nvr.event import DETECTIONS
from tests.shell.rig import MakeWhole, sync

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "custom_components" / "vtrack_nvr"


def _text(value: object) -> str | None:
    """Return a member of an enumeration as it is written."""
    return None if value is None else str(value)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_every_entity_of_every_platform(
    hass: HomeAssistant, whole: MakeWhole, snapshot: SnapshotAssertion
) -> None:
    _, entry = await whole()
    await sync(hass)
    runtime = entry.runtime_data
    [camera] = runtime.cameras.values()
    for event_class in DETECTIONS:
        told = DeviceEvent(event_class, "Rule", "source", 0, is_active=False)
        runtime.hub.engine.news.heard(runtime.key, camera.key, told)
    await hass.async_block_till_done()
    await runtime.coordinator.async_refresh()
    await hass.async_block_till_done()
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    found: dict[str, dict[str, Any]] = {}
    for entity in sorted(entities, key=lambda item: item.entity_id):
        state = hass.states.get(entity.entity_id)
        assert state is not None, entity.entity_id
        of_platform = found.setdefault(entity.domain, {})
        of_platform[entity.entity_id] = {
            "name": entity.original_name,
            "device_class": _text(entity.original_device_class),
            "category": _text(entity.entity_category),
            "translation_key": entity.translation_key,
            "unit": entity.unit_of_measurement,
            "attributes": sorted(
                str(key) for key in state.attributes if key != "entity_picture"
            ),
        }
    assert set(found) == {str(platform) for platform in PLATFORMS}
    for platform, of_platform in sorted(found.items()):
        assert of_platform == snapshot(name=platform)


async def test_a_camera_has_few_entities_at_first(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole("nvr16", mode="on_demand")
    subentry_id = next(iter(entry.subentries))
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    mine = [each for each in entities if each.config_subentry_id == subentry_id]
    on = sorted(each.entity_id.split(".")[0] for each in mine if not each.disabled_by)
    assert len(on) <= 10, on
    assert len(mine) >= 40


def test_the_page_of_entities_names_every_entity() -> None:
    page = (ROOT / "docs" / "entities.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| ([^|]+?) \|", page, re.MULTILINE))
    texts = json.loads((PACKAGE / "translations" / "en.json").read_text("utf-8"))
    names = {
        entity["name"]
        for platform in texts["entity"].values()
        for entity in platform.values()
    } | {"Connectivity", "Motion"}
    assert names - named == set()


def test_the_page_of_entities_names_every_trigger_and_condition() -> None:
    page = (ROOT / "docs" / "entities.md").read_text(encoding="utf-8")
    texts = json.loads((PACKAGE / "translations" / "en.json").read_text("utf-8"))
    for kind in ("triggers", "conditions"):
        for key in texts[kind]:
            assert f"`vtrack_nvr.{key}`" in page


def test_every_class_of_event_has_an_entity() -> None:
    assert set(DETECTIONS) == set(EventClass) - {EventClass.RECORDING}
