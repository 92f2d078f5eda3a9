"""What a device can do, in the words of the user's language (Markdown)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.device_report import DeviceReport, ReplaySupport, ReportWarning
from .core.models import Channel, StreamProfile

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

RIGHT_SECONDS: Final = 2
UNITS: Final = (("days", 86_400), ("hours", 3600), ("minutes", 60))


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
        """Return one sentence with its placeholders filled."""
        text = self._texts.get(f"component.{DOMAIN}.common.{key}", key)
        return text.format(**values)


def _codec(name: str) -> str:
    return CODECS.get(name.upper(), name)


def _stream_text(profile: StreamProfile) -> str:
    return f"{_codec(profile.encoding)} {profile.width}×{profile.height}"


def channel_label(channel: Channel, phrases: Phrases) -> str:
    """Return a camera with its largest and smallest stream, to choose from a list."""
    if not channel.profiles:
        return phrases.get("camera_without_stream", name=channel.name)
    main, sub = channel.profiles[0], channel.profiles[-1]
    sounds = [each.audio_encoding for each in channel.profiles if each.audio_encoding]
    streams = (
        _stream_text(main)
        if sub is main
        else phrases.get("two_streams", main=_stream_text(main), sub=_stream_text(sub))
    )
    return phrases.get(
        "camera_with_audio" if sounds else "camera_without_audio",
        name=channel.name,
        streams=streams,
        audio=_codec(sounds[0]) if sounds else NO_TEXT,
    )


def _local_time(device_ms: int, report: DeviceReport) -> str:
    moment = datetime.fromtimestamp((device_ms + report.clock.offset_ms) / 1000, UTC)
    return dt_util.as_local(moment).strftime("%Y-%m-%d %H:%M")


def _lines(report: DeviceReport, phrases: Phrases) -> Iterable[str]:
    identity = report.identity
    yield phrases.get(
        "report_device",
        maker=identity.manufacturer or NO_TEXT,
        model=identity.model or NO_TEXT,
        firmware=identity.firmware or NO_TEXT,
    )
    yield phrases.get("report_cameras", count=len(report.channels))
    yield phrases.get(f"report_replay_{report.replay}")
    if report.replay is ReplaySupport.FULL and report.device_oldest_ms is not None:
        yield phrases.get(
            "report_oldest", oldest=_local_time(report.device_oldest_ms, report)
        )
    yield clock_text(report, phrases)
    for warning in report.warnings:
        if warning is not ReportWarning.NO_REPLAY:  # said above, with its reason
            yield phrases.get(f"warning_{warning}")


def clock_text(report: DeviceReport, phrases: Phrases) -> str:
    """Return how far the device's clock is off, in the unit that people would use."""
    seconds = round(-report.clock.offset_ms / 1000)
    if abs(seconds) <= RIGHT_SECONDS:
        return phrases.get("report_clock_right")
    key = "report_clock_fast" if seconds > 0 else "report_clock_slow"
    size = abs(seconds)
    for unit, length in UNITS:
        if size >= 2 * length:
            return phrases.get(f"{key}_{unit}", count=round(size / length))
    return phrases.get(f"{key}_seconds", count=size)


def report_text(report: DeviceReport, phrases: Phrases, *more: str) -> str:
    """Return the capability report as a Markdown list, with `more` lines at its end."""
    return "\n".join(f"- {line}" for line in (*_lines(report, phrases), *more))
