"""`list` says what a device has recorded."""

import argparse

import aiohttp

from .device import make_device, place_of
from .output import as_json, moment, span, table
from .ranges import explain, find


async def run(arguments: argparse.Namespace) -> int:
    """Print the segments in UTC."""
    place = place_of(arguments)
    async with aiohttp.ClientSession() as session:
        device = make_device(place, session)
        found = await find(device, arguments)
    if arguments.json:
        print(as_json(found))
        return 0
    rows = [
        (
            item.camera_number,
            segment.recording_token,
            moment(segment.device_range.start_ms + item.offset_ms),
            moment(segment.device_range.end_ms + item.offset_ms),
            span(segment.device_range.duration_ms),
            " ".join(
                word
                for word, holds in (
                    ("growing", segment.is_growing),
                    ("assumed", segment.is_assumed),
                )
                if holds
            ),
        )
        for item in found
        for segment in item.listing.segments
    ]
    print(table(("camera", "recording", "from (UTC)", "to (UTC)", "length", ""), rows))
    for line in explain(found, device.quirks):
        print(line)
    return 0
