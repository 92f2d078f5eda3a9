"""Entities that allow or hold back background work."""

from unittest.mock import MagicMock

from homeassistant.core import CoreState, HomeAssistant
import pytest

from custom_components.vtrack_nvr.core.models import CameraKey
from custom_components.vtrack_nvr.runtime.gates import EntityGate

CAMERA = CameraKey("nvr/1")


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        ("on", True),
        ("off", False),
        ("armed_away", True),
        ("disarmed", False),
        ("not_home", True),
        ("home", False),
        ("unavailable", True),
        ("unknown", True),
    ],
)
async def test_a_gate_follows_its_entity(
    hass: HomeAssistant, state: str, is_open: bool
) -> None:
    hass.states.async_set("schedule.night", state)
    gate = EntityGate(hass, {CAMERA: ("schedule.night",)}, MagicMock())
    assert gate.is_open(CAMERA) is is_open
    assert gate.is_open(CameraKey("without gate"))


async def test_a_gate_whose_entity_is_gone_is_open_and_says_so_until_it_is_back(
    hass: HomeAssistant,
) -> None:
    told = MagicMock()
    gate = EntityGate(hass, {CAMERA: ("schedule.gone",)}, told)
    for _ in range(2):
        assert gate.is_open(CAMERA)
    told.assert_called_once_with("schedule.gone", True)
    hass.states.async_set("schedule.gone", "off")
    assert not gate.is_open(CAMERA)
    told.assert_called_with("schedule.gone", False)


async def test_entities_that_still_come_while_home_assistant_starts_are_not_gone(
    hass: HomeAssistant,
) -> None:
    hass.set_state(CoreState.starting)
    told = MagicMock()
    gate = EntityGate(hass, {CAMERA: ("schedule.late",)}, told)
    assert gate.is_open(CAMERA)
    told.assert_not_called()


async def test_a_gate_that_follows_another_entity_forgets_the_one_that_is_gone(
    hass: HomeAssistant,
) -> None:
    told = MagicMock()
    gate = EntityGate(hass, {CAMERA: ("schedule.gone",)}, told)
    gate.is_open(CAMERA)
    hass.states.async_set("schedule.night", "off")
    gate.follow({CAMERA: ("schedule.night",)})
    told.assert_called_with("schedule.gone", False)
    assert not gate.is_open(CAMERA)
    gate.close()
    assert gate.is_open(CAMERA)
