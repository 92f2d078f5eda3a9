"""Home Assistant reads each language's texts as they are written."""

import json
import logging
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers import translation
from homeassistant.setup import async_setup_component
import pytest

from custom_components.vtrack_nvr.const import DOMAIN
from scripts.validate.texts import leaves

LANGUAGES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path("custom_components/vtrack_nvr/translations").glob("*.json"))
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_home_assistant_reads_every_text_of_a_language(
    language: str, hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    caplog.clear()
    written = LANGUAGES[language]
    read: dict[str, str] = {}
    for section in written:
        read |= await translation.async_get_translations(
            hass, language, section, [DOMAIN]
        )
    assert read == {f"component.{DOMAIN}.{key}": text for key, text in leaves(written)}
    # a text that it refuses it replaces by the English one, and says so
    said = [each for each in caplog.records if each.name == translation.__name__]
    assert [each for each in said if each.levelno >= logging.WARNING] == []
