"""`fetch`: bring it home."""

import argparse
import sys

import aiohttp

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.download.downloader import Downloader
from custom_components.vtrack_nvr.core.errors import NvrError, Treatment
from custom_components.vtrack_nvr.core.fetch_job import (
    EndReason,
    FetchJob,
    FetchProgress,
    ReplaySource,
)
from custom_components.vtrack_nvr.core.models import CameraKey, ClockEra, Segment
from custom_components.vtrack_nvr.core.onvif.client import OnvifDevice
from custom_components.vtrack_nvr.core.policy import DevicePolicy

from .device import Place, make_device, place_of, rtsp_endpoint
from .folder_sink import FolderSink
from .output import as_json, moment, span, table
from .ranges import Found, explain, find
from .words import error_text


class Fetching:
    """One run of the command: what is learned about the device stays with it."""

    def __init__(
        self, place: Place, device: OnvifDevice, arguments: argparse.Namespace
    ) -> None:
        """Start no thread yet."""
        self._place = place
        self._device = device
        self._arguments = arguments
        self._policy = DevicePolicy()
        self.problems: list[str] = []
        self._downloader = Downloader(clock=SystemClock())

    async def recording(self, found: Found, sink: FolderSink) -> None:
        """Fetch everything of one recording; goes on after a segment that fails."""
        for segment in found.listing.segments:
            await self._segment(found, segment, sink)

    async def _segment(self, found: Found, segment: Segment, sink: FolderSink) -> None:
        name = f"{segment.recording_token} {moment(segment.device_range.start_ms)}"
        try:
            uri = await self._device.replay_uri(segment.recording_token)
        except NvrError as error:
            if error.treatment is Treatment.STOP:
                raise
            self.problems.append(f"{name}: {self._in_words(error)}")
            return
        job = FetchJob(
            camera=CameraKey(f"cli/{found.camera_number}"),
            recording_token=segment.recording_token,
            replay=ReplaySource(rtsp_endpoint(self._place, uri), self._place.guard),
            device_range=segment.device_range,
            era=ClockEra(0, 0, found.offset_ms),
            clip_ms=round(self._arguments.clip_minutes * 60_000),
            policy=self._policy,
            with_audio=not self._arguments.no_audio,
        )
        outcome = await self._downloader.fetch(
            job, sink, CancelToken(), _show, lambda: False
        )
        self._policy = outcome.learned
        if outcome.reason not in {EndReason.REACHED, EndReason.END_OF_FOOTAGE}:
            told = self._in_words(outcome.error) if outcome.error else outcome.reason
            self.problems.append(f"{name}: {told}")
        elif outcome.clips == 0 and not outcome.gaps:
            self.problems.append(
                f"{name}: the device lists this stretch and sent nothing of it"
            )
        self.problems += [
            f"{name}: gap {moment(gap.device_range.start_ms)}"
            f" {span(gap.device_range.duration_ms)} ({gap.reason})"
            for gap in outcome.gaps
        ]
        self.problems += [f"{name}: {notice}" for notice in outcome.notices]

    def _in_words(self, error: NvrError) -> str:
        return f"{error_text(error.kind, self._device.host)} [{error}]"

    async def close(self) -> None:
        """End the threads."""
        await self._downloader.close()


def _show(progress: FetchProgress) -> None:
    if sys.stderr.isatty():
        print(
            f"\r{moment(progress.device_ms)}  {progress.bytes / 1e6:.1f} MB"
            f"  {progress.speed:.1f} x",
            end="",
            file=sys.stderr,
        )


async def run(arguments: argparse.Namespace) -> int:
    """Fetch and print what came; 0 where nothing is missing."""
    place = place_of(arguments)
    sinks: list[FolderSink] = []
    async with aiohttp.ClientSession() as session:
        device = make_device(place, session)
        fetching = Fetching(place, device, arguments)
        try:
            wanted = await find(device, arguments)
            for found in wanted:
                sink = FolderSink(arguments.folder, f"camera-{found.camera_number}")
                sinks.append(sink)
                await fetching.recording(found, sink)
        finally:
            await fetching.close()
    clips = [item for sink in sinks for item in sink.finished]
    if arguments.json:
        facts = [{"path": path, **_facts(facts)} for path, facts in clips]
        print(as_json({"clips": facts, "problems": fetching.problems}))
    else:
        rows = [
            (
                path.name,
                span(facts.range.duration_ms),
                facts.frames,
                f"{facts.size_bytes / 1e6:.1f} MB",
            )
            for path, facts in clips
        ]
        print(table(("clip", "length", "frames", "size"), rows))
        for problem in fetching.problems:
            print(f"! {problem}")
        if not clips:
            for line in explain(wanted, device.quirks):
                print(line)
    return 1 if fetching.problems or not clips else 0


def _facts(facts: object) -> dict[str, object]:
    return {
        name: getattr(facts, name)
        for name in ("range", "frames", "audio_frames", "size_bytes", "sha256", "holes")
    }
