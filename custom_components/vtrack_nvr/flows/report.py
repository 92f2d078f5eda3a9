"""What a device can do, in the words of the user's language (Markdown)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from homeassistant.helpers.selector import SelectOptionDict
from homeassistant.util import dt as dt_util

from ..const import CONF_CHANNEL
from ..core.device_report import DeviceReport
from ..core.models import Channel, StreamProfile
from ..core.report_words import Sentence, Sources, clock_sentence, sentences
from ..phrases import NO_TEXT, Phrases
from ..placeholders import Markdown

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


def camera_options(
    channels: Sequence[Channel], phrases: Phrases
) -> list[SelectOptionDict]:
    """Return the cameras to choose from; no two of them read the same."""
    found: list[SelectOptionDict] = []
    for channel in channels:
        label = channel_label(channel, phrases)
        if any(other["label"] == label for other in found):
            label = f"{label} ({channel.number})"
        found.append(SelectOptionDict(value=channel.token, label=label))
    return found


def proposed_rows(
    channels: Sequence[Channel], options: Sequence[SelectOptionDict]
) -> list[dict[str, Any]]:
    """Return a row for each camera where their codecs or pictures differ, else none."""
    pictures = {
        (each.profiles[0].encoding, each.profiles[0].width, each.profiles[0].height)
        for each in channels
        if each.profiles
    }
    if len(pictures) < 2:
        return []
    return [{CONF_CHANNEL: option["label"]} for option in options]


def _sentence(said: Sentence, phrases: Phrases) -> Markdown:
    values: dict[str, object] = dict(said.values)
    if said.utc_ms is not None:
        moment = datetime.fromtimestamp(said.utc_ms / 1000, UTC)
        values["moment"] = dt_util.as_local(moment).strftime("%Y-%m-%d %H:%M")
    return phrases.markdown(said.key, **values)


def clock_offset_text(report: DeviceReport, phrases: Phrases) -> Markdown:
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
