"""`report`: ask a device everything, and write one anonymised file about it."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
import re
import sys

import aiohttp

from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.diagnose.questions import Questions
from custom_components.vtrack_nvr.core.diagnose.report import read_report, write_report
from custom_components.vtrack_nvr.core.diagnose.soap_tap import SoapTap
from custom_components.vtrack_nvr.core.endpoint import Endpoint, WireTap
from custom_components.vtrack_nvr.core.onvif.tls import TlsMode

from .device import make_device, place_of, rtsp_endpoint


async def run(arguments: argparse.Namespace) -> int:
    """Write the report and print its summary; 1 where the device did not answer."""
    place = place_of(arguments)
    tap = SoapTap(SystemClock())

    def endpoint(url: str, ear: WireTap) -> Endpoint:
        return rtsp_endpoint(place, url, ear)

    def show(part: float) -> None:
        if sys.stderr.isatty():
            print(f"\r{part:.0%} ", end="\n" if part == 1 else "", file=sys.stderr)

    async with aiohttp.ClientSession() as session:
        questions = Questions(
            make_device(place, tap.session(session), tap.keep),
            tap,
            endpoint,
            clock=SystemClock(),
            guard=place.guard,
            is_tls=place.tls.mode is not TlsMode.OFF,
            on_progress=show,
        )
        found = await questions.ask()
    text = write_report(found, [place.username, place.password])
    content = read_report(text)
    path = arguments.out or _default(content)
    path.write_text(text, encoding="utf-8")
    for line in content["summary"]:
        print(line)
    print(f"\nThe report is in {path}. Look through it before you hand it on.")
    return 0 if found.report else 1


def _default(content: dict[str, object]) -> Path:
    """Return a name in this folder: maker, model and time."""
    facts = content["facts"]
    identity = facts.get("identity", {}) if isinstance(facts, dict) else {}
    words = f"{identity.get('manufacturer', '')} {identity.get('model', '')}"
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "device"
    return Path(f"report_{name}_{datetime.now(UTC):%Y%m%d_%H%M%S}.json")
