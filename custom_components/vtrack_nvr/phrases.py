"""The sentences of the translations' `common` section, in one language."""

from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN
from .placeholders import Markdown, escaped

NO_TEXT: Final = "–"


class Phrases:
    """The sentences of `common` in one language."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take the texts as Home Assistant loads them."""
        self._texts = texts

    @classmethod
    async def async_load(cls, hass: HomeAssistant) -> Phrases:
        """Load them for the instance's language."""
        return cls(
            await async_get_translations(hass, hass.config.language, "common", [DOMAIN])
        )

    def get(self, key: str, **values: object) -> str:
        """Return one sentence with its placeholders filled, for what is plain text."""
        text = self._texts.get(f"component.{DOMAIN}.common.{key}", key)
        return text.format(**values)

    def markdown(self, key: str, **values: object) -> Markdown:
        """Return the same where Markdown is rendered; values are shown as they are."""
        shown = {name: escaped(value) for name, value in values.items()}
        return Markdown(self.get(key, **shown))
