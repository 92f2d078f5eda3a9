"""`capture`: keep a device's answers, anonymised, as material for tests.

Look at the files before you hand them out: names you gave to cameras are in them.
"""

import argparse
import contextlib
import json

import aiohttp

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.intervals import TimeRange
from custom_components.vtrack_nvr.core.onvif.http_answer import HttpAnswer
from custom_components.vtrack_nvr.core.redact import Redactor

from .device import make_device, place_of

_DAY_MS = 86_400_000


async def run(arguments: argparse.Namespace) -> int:
    """Ask everything onboarding and one sync ask; write one file per operation."""
    place = place_of(arguments)
    answers: dict[str, list[HttpAnswer]] = {}

    def keep(operation: str, answer: HttpAnswer) -> None:
        answers.setdefault(operation, []).append(answer)

    async with aiohttp.ClientSession() as session:
        device = make_device(place, session, keep)
        report = await device.report()
        now_ms = SystemClock().now_ms() - report.clock.offset_ms
        for recording in report.recordings[:2]:
            with contextlib.suppress(NvrError):
                await device.recording(recording.token)
                window = TimeRange(now_ms - _DAY_MS, now_ms)
                await device.segments(recording, window, now_ms)
        for channel in report.channels[:2]:
            for profile in channel.profiles[:2]:
                with contextlib.suppress(NvrError):
                    await device.stream_uri(profile)
    redactor = Redactor([place.username, place.password, report.identity.serial])
    arguments.folder.mkdir(parents=True, exist_ok=True)
    facts = redactor.value(
        {
            "manufacturer": report.identity.manufacturer,
            "model": report.identity.model,
            "firmware": report.identity.firmware,
            "auth": report.auth,
            "replay": report.replay,
            "warnings": list(report.warnings),
        }
    )
    (arguments.folder / "device.json").write_text(json.dumps(facts, indent=2) + "\n")
    for operation, found in answers.items():
        # The last answers are those after the login.
        for number, answer in enumerate(found[-3:], 1):
            if "xml" in answer.content_type:
                text = redactor.text(answer.body.decode("utf-8", "replace"))
                name = (
                    f"{operation}.xml" if number == 1 else f"{operation}-{number}.xml"
                )
                (arguments.folder / name).write_text(text)
    print(f"{len(answers)} operations in {arguments.folder}")
    return 0
