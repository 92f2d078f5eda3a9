"""`info` says what a device can do."""

import argparse

import aiohttp

from custom_components.vtrack_nvr.core.device_report import DeviceReport

from .device import make_device, place_of
from .output import as_json, moment, table
from .words import report_lines


async def run(arguments: argparse.Namespace) -> int:
    """Print the report that onboarding shows, too."""
    place = place_of(arguments)
    async with aiohttp.ClientSession() as session:
        report = await make_device(place, session).report()
    print(as_json(report) if arguments.json else _text(report))
    return 0


def _text(report: DeviceReport) -> str:
    identity = report.identity
    lines = [
        (
            f"{report.name or identity.model}: {identity.manufacturer} {identity.model},"
            f" firmware {identity.firmware or '?'}, serial {identity.serial or '?'}"
        ),
        (
            f"clock offset {report.clock.offset_ms / 1000:+.3f} s, login: {report.auth},"
            f" services: {', '.join(report.services)}"
        ),
        (
            f"recordings: {len(report.recordings)}, replay: {report.replay},"
            f" from {moment(report.device_oldest_ms)} to {moment(report.device_newest_ms)}"
            " (the device's clock)"
        ),
    ]
    lines += [f"- {said}" for said in report_lines(report)]
    if report.unassigned:
        lines.append(f"without a camera: {', '.join(report.unassigned)}")
    rows = [
        (
            channel.number,
            channel.name,
            f"{profile.encoding} {profile.width}x{profile.height}",
            profile.audio_encoding or "-",
            profile.token,
            ", ".join(channel.recording_tokens) or "-",
        )
        for channel in report.channels
        for profile in channel.profiles
    ]
    heads = ("camera", "name", "stream", "audio", "profile", "recordings")
    return "\n".join((*lines, "", table(heads, rows)))
