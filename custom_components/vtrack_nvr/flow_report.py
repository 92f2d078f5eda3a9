"""What a device can do, in the words of the user's language (Markdown)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.device_report import DeviceReport
from .core.models import Channel, StreamProfile
from .core.report_words import Sentence, Sources, clock_sentence, sentences
from .placeholders import Markdown, escaped

NO_TEXT: Final = "–"

CODECS: Final = {
    "H264": "H.264",
    "H265": "H.265",
    "G711": "G.711",
    "PCMU": "G.711",
    "PCMA": "G.711",
    "G722": "G.722",
    "G726": "G.726",
    "MP4A-LATM": "AAC",
}
"""How people write what ONVIF calls otherwise."""


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


def _codec(name: str) -> str:
    return CODECS.get(name.upper(), name)


def _stream_text(profile: StreamProfile, phrases: Phrases) -> str:
    """Return codec and size, as far as the device tells them."""
    size = (
        f"{profile.width}×{profile.height}" if profile.width and profile.height else ""
    )
    told = " ".join(part for part in (_codec(profile.encoding), size) if part)
    return told or phrases.get("stream_without_facts")


def channel_label(channel: Channel, phrases: Phrases) -> str:
    """Return a camera with its largest and smallest stream, to choose from a list."""
    if not channel.profiles:
        return phrases.get("camera_without_stream", name=channel.name)
    main, sub = channel.profiles[0], channel.profiles[-1]
    sounds = [each.audio_encoding for each in channel.profiles if each.audio_encoding]
    streams = (
        _stream_text(main, phrases)
        if sub is main
        else phrases.get(
            "two_streams",
            main=_stream_text(main, phrases),
            sub=_stream_text(sub, phrases),
        )
    )
    return phrases.get(
        "camera_with_audio" if sounds else "camera_without_audio",
        name=channel.name,
        streams=streams,
        audio=_codec(sounds[0]) if sounds else NO_TEXT,
    )


def _sentence(said: Sentence, phrases: Phrases) -> Markdown:
    values: dict[str, object] = dict(said.values)
    if said.utc_ms is not None:
        moment = datetime.fromtimestamp(said.utc_ms / 1000, UTC)
        values["moment"] = dt_util.as_local(moment).strftime("%Y-%m-%d %H:%M")
    return phrases.markdown(said.key, **values)


def clock_text(report: DeviceReport, phrases: Phrases) -> Markdown:
    """Return how far the device's clock is off."""
    return _sentence(clock_sentence(report), phrases)


def report_text(
    report: DeviceReport,
    phrases: Phrases,
    *more: Markdown,
    sources: Sources | None = None,
) -> Markdown:
    """Return the capability report as a Markdown list, with `more` lines at its end.

    `sources` is what is being done with a device that is set up.
    """
    identity = report.identity
    lines = [
        phrases.markdown(
            "report_device",
            maker=identity.manufacturer or NO_TEXT,
            model=identity.model or NO_TEXT,
            firmware=identity.firmware or NO_TEXT,
        ),
        phrases.markdown("report_cameras", count=len(report.channels)),
        *(_sentence(said, phrases) for said in sentences(report, sources).values()),
        *more,
    ]
    return Markdown("\n".join(f"- {line}" for line in lines))
