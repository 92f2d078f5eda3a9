"""Rows of the index to values and back."""

import json
import sqlite3
from typing import Any

from ...frames import Codec
from ...intervals import Ranges, TimeRange
from ...models import (
    CameraKey,
    Clip,
    ClipFacts,
    ClipSource,
    ClipState,
    ClockEra,
    CoverageState,
    EventClass,
    EventMark,
    TimeSource,
)
from ...policy import DevicePolicy, Quirk
from ..values import Retention
from .span_rules import Entry

type Row = sqlite3.Row

CLIP_COLUMNS = "clip.*, camera.key as camera_key"
CLIP_TABLES = "clip join camera on camera.id = clip.camera_id"


def clip_of(row: Row) -> Clip:
    """Return the clip of a row of `CLIP_COLUMNS`."""
    return Clip(
        id=row["id"],
        camera=CameraKey(row["camera_key"]),
        state=ClipState(row["state"]),
        root_id=row["root_id"],
        path=row["path"],
        facts=facts_of(row),
        is_protected=bool(row["is_protected"]),
        created_ms=row["created_ms"],
        note=row["note"],
    )


def facts_of(row: Row) -> ClipFacts:
    """Return what was measured of a clip's file."""
    return ClipFacts(
        range=TimeRange(row["start_ms"], row["end_ms"]),
        last_frame_ms=row["last_frame_ms"],
        device_start_ms=row["device_start_ms"],
        era_id=row["era_id"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        video_codec=Codec(row["video_codec"]),
        audio_codec=Codec(row["audio_codec"]) if row["audio_codec"] else None,
        width=row["width"],
        height=row["height"],
        frames=row["frames"],
        audio_frames=row["audio_frames"],
        holes=row["holes"],
        gaps=ranges_of(row["gaps"]),
        source=ClipSource(row["source"]),
        time_source=TimeSource(row["time_source"]),
        problem=row["problem"],
    )


def facts_columns(facts: ClipFacts) -> dict[str, Any]:
    """Return the columns that facts fill."""
    return {
        "start_ms": facts.range.start_ms,
        "end_ms": facts.range.end_ms,
        "last_frame_ms": facts.last_frame_ms,
        "device_start_ms": facts.device_start_ms,
        "era_id": facts.era_id,
        "size_bytes": facts.size_bytes,
        "sha256": facts.sha256,
        "video_codec": facts.video_codec.value,
        "audio_codec": facts.audio_codec.value if facts.audio_codec else None,
        "width": facts.width,
        "height": facts.height,
        "frames": facts.frames,
        "audio_frames": facts.audio_frames,
        "holes": facts.holes,
        "gaps": ranges_text(facts.gaps),
        "source": facts.source.value,
        "time_source": facts.time_source.value,
        "problem": facts.problem,
    }


_USUAL: dict[str, Any] = {
    "audio_codec": None,
    "audio_frames": 0,
    "holes": 0,
    "gaps": "[]",
    "time_source": TimeSource.CAPTURE.value,
}


def facts_line(facts: ClipFacts) -> dict[str, Any]:
    """Return what a journal tells of a clip: the columns that are not as usual.

    The era's row means nothing to another index; its times are told beside.
    """
    return {
        name: value
        for name, value in facts_columns(facts).items()
        if name != "era_id" and (name not in _USUAL or value != _USUAL[name])
    }


def facts_from_columns(values: dict[str, Any]) -> ClipFacts:
    """Return facts from what `facts_columns` or `facts_line` made of them.

    Raises KeyError or ValueError.
    """
    values = {**_USUAL, **values}
    audio = values["audio_codec"]
    return ClipFacts(
        range=TimeRange(int(values["start_ms"]), int(values["end_ms"])),
        last_frame_ms=int(values["last_frame_ms"]),
        device_start_ms=int(values["device_start_ms"]),
        era_id=int(values.get("era_id", 0)),
        size_bytes=int(values["size_bytes"]),
        sha256=str(values["sha256"]),
        video_codec=Codec(values["video_codec"]),
        audio_codec=Codec(audio) if audio else None,
        width=int(values["width"]),
        height=int(values["height"]),
        frames=int(values["frames"]),
        audio_frames=int(values["audio_frames"]),
        holes=int(values["holes"]),
        gaps=ranges_of(str(values["gaps"])),
        source=ClipSource(values["source"]),
        time_source=TimeSource(values["time_source"]),
        problem=str(values.get("problem", "")),
    )


def ranges_of(text: str) -> Ranges:
    """Return ranges from their JSON column."""
    return tuple(TimeRange(int(start), int(end)) for start, end in json.loads(text))


def ranges_text(ranges: Ranges) -> str:
    """Return the JSON column of ranges."""
    return json.dumps([[r.start_ms, r.end_ms] for r in ranges], separators=(",", ":"))


def coverage_entry_of(row: Row) -> Entry:
    """Return the entry of a row of `coverage`."""
    return Entry(
        row["start_ms"],
        row["end_ms"],
        CoverageState(row["state"]),
        row["reason"],
        row["next_try_ms"],
        row["attempts"],
        row["run_id"],
        row["changed_ms"],
    )


def era_of(row: Row) -> ClockEra:
    """Return the clock era of a row."""
    return ClockEra(
        row["id"],
        row["device_start_ms"],
        row["offset_ms"],
        bool(row["is_uncertain"]),
        row["device_seen_ms"],
    )


def mark_of(row: Row) -> EventMark:
    """Return the event of a row of `mark`."""
    return EventMark(
        EventClass(row["class"]),
        TimeRange(row["start_ms"], row["end_ms"]),
        row["source"],
    )


def policy_of(text: str) -> DevicePolicy:
    """Return a device policy from its JSON; unknown oddities (of a newer version) drop."""
    values = json.loads(text)
    known = {quirk.value for quirk in Quirk}
    return DevicePolicy(
        quirks=frozenset(Quirk(q) for q in values.get("quirks", ()) if q in known),
        max_sessions=int(values.get("max_sessions", 1)),
        time_correction_ms=int(values.get("time_correction_ms", 0)),
    )


def policy_text(policy: DevicePolicy) -> str:
    """Return the JSON of a device policy."""
    return json.dumps(
        {
            "quirks": sorted(policy.quirks),
            "max_sessions": policy.max_sessions,
            "time_correction_ms": policy.time_correction_ms,
        }
    )


def retention_of(text: str) -> Retention:
    """Return a camera's retention from its JSON."""
    return Retention(**json.loads(text))


def retention_text(retention: Retention) -> str:
    """Return the JSON of a camera's retention."""
    return json.dumps(
        {
            "days": retention.days,
            "max_bytes": retention.max_bytes,
            "move_after_days": retention.move_after_days,
            "move_to_root": retention.move_to_root,
        }
    )
