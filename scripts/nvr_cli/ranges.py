"""Which recordings, and which stretch of them, a command is about."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.models import Channel, Recording, SegmentListing
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.onvif.lenient import parse_time_ms
from custom_components.vtrack_nvr.core.policy import Quirk

_DAY_MS = 86_400_000
_OLDEST_MS = 946_684_800_000
"""2000: footage of devices whose clock was never set is older, and endless to search."""


@dataclass(frozen=True)
class Found:
    """What one recording holds in the wanted range; times on the device's clock."""

    channel: Channel | None
    listing: SegmentListing
    offset_ms: int
    is_start_unknown: bool = False

    @property
    def camera_number(self) -> int:
        """Return the camera's number, 0 where it is not known."""
        return self.channel.number if self.channel else 0


def _time(text: str | None) -> int | None:
    if text is None:
        return None
    ms = parse_time_ms(text)
    if ms is None:
        raise NvrError(ErrorKind.PROTOCOL, f"not a time: {text}")
    return ms


async def find(device: OnvifDevice, arguments: argparse.Namespace) -> list[Found]:
    """Search the wanted recordings over the wanted range."""
    offset_ms = (await device.measure_clock()).offset_ms
    device_now_ms = SystemClock().now_ms() - offset_ms
    channels = await device.channels()
    found = []
    for recording in await device.recordings():
        channel = next(
            (c for c in channels if recording.token in c.recording_tokens), None
        )
        if not _is_wanted(recording, channel, arguments):
            continue
        start_ms, end_ms = _time(arguments.start), _time(arguments.end)
        oldest_ms = recording.device_earliest_ms
        if oldest_ms is None and start_ms is None:
            oldest_ms = await device.data_from_ms()
        is_unknown = oldest_ms is None
        oldest_ms = max(
            device_now_ms - _DAY_MS if oldest_ms is None else oldest_ms, _OLDEST_MS
        )
        first_ms = oldest_ms if start_ms is None else start_ms - offset_ms
        last_ms = device_now_ms if end_ms is None else end_ms - offset_ms
        window = TimeRange(first_ms, max(first_ms, min(last_ms, device_now_ms)))
        listing = await device.segments(recording, window, device_now_ms)
        found.append(
            Found(channel, listing, offset_ms, is_unknown and start_ms is None)
        )
    return found


def explain(found: Sequence[Found], quirks: frozenset[Quirk]) -> tuple[str, ...]:
    """Return in words why less came than one might expect; empty where all was told."""
    if not found:
        return ("The device lists no recording of that kind.",)
    lines = []
    silent = [
        item.listing.recording.token for item in found if not item.listing.segments
    ]
    if silent:
        lines.append(f"Nothing in this range: {', '.join(silent)}.")
    if any(item.is_start_unknown for item in found):
        lines.append(
            "The device does not say where its recordings begin: the last day was asked "
            "for. Name a start with --start."
        )
    if any(segment.is_assumed for item in found for segment in item.listing.segments):
        lines.append(
            "Assumed stretches were told by no event: fetching shows what is there."
        )
    if Quirk.NO_EVENT_SEARCH in quirks:
        lines.append("The device cannot search for events.")
    elif not all(item.listing.is_complete for item in found):
        lines.append(
            "A search did not end as it should: there may be more than is listed."
        )
    return tuple(lines)


def _is_wanted(
    recording: Recording, channel: Channel | None, arguments: argparse.Namespace
) -> bool:
    if arguments.recording:
        return bool(recording.token == arguments.recording)
    if arguments.camera is not None:
        return channel is not None and channel.number == arguments.camera
    return True
