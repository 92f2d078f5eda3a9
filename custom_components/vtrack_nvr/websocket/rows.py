"""How values of the core are told: plain data, cleaned, without what is not theirs to see."""

from typing import Any

from ..clip_links import EXPORT_URL
from ..core.errors import STORAGE_KINDS, ErrorKind, NvrError
from ..core.intervals import TimeRange
from ..core.library.values import Export, RootInfo
from ..core.models import Clip, ClipState, TimeSource
from ..core.sync.status import MissingFootage, Problem
from ..core.texts import clean

MOST_NOTE = 200

STATES = {
    ClipState.COMPLETE: "kept",
    ClipState.TRASHED: "trashed",
    ClipState.DELETING: "deleting",
    ClipState.MISSING: "missing",
    ClipState.FETCHING: "fetching",
}
REPAIRS = "/config/repairs"
INTEGRATION = "/config/integrations/integration/vtrack_nvr"

_LOGIN = {ErrorKind.AUTH_REFUSED, ErrorKind.CLEARTEXT_LOGIN, ErrorKind.NO_PERMISSION}
_ADDRESS = {
    ErrorKind.UNREACHABLE,
    ErrorKind.TIMEOUT,
    ErrorKind.NOT_ONVIF,
    ErrorKind.OTHER_DEVICE,
}
_RETRY = {
    ErrorKind.BUSY,
    ErrorKind.INTERRUPTED,
    ErrorKind.GONE,
    ErrorKind.VERIFY_FAILED,
    ErrorKind.FFMPEG_FAILED,
    ErrorKind.PROTOCOL,
    ErrorKind.NO_KEY_PICTURES,
    ErrorKind.CANCELLED,
}


def remedy_of(kind: ErrorKind, entry_id: str | None) -> dict[str, Any]:
    """Return the one thing that helps against a problem, and where it is done."""
    page = INTEGRATION if entry_id is None else f"{INTEGRATION}#config_entry={entry_id}"
    if kind in _LOGIN:
        return {"action": "login", "url": page}
    if kind in _ADDRESS:
        return {"action": "address", "url": page}
    if kind is ErrorKind.TLS:
        return {"action": "certificate", "url": page}
    if kind in STORAGE_KINDS:
        return {"action": "storage", "url": REPAIRS}
    if kind is ErrorKind.INDEX_FAILED:
        return {"action": "repairs", "url": REPAIRS}
    return {"action": "retry" if kind in _RETRY else "none", "url": None}


def problem_row(
    problem: Problem | None, entry_id: str | None = None
) -> dict[str, Any] | None:
    """Return a problem with its remedy, None where there is none."""
    if problem is None:
        return None
    return {
        "kind": str(problem.kind),
        "since_ms": problem.since_ms,
        "detail": clean(problem.detail),
        "remedy": remedy_of(problem.kind, entry_id),
    }


def error_row(
    error: NvrError | None, now_ms: int, entry_id: str | None = None
) -> dict[str, Any] | None:
    """Return an error as a problem of this moment."""
    if error is None:
        return None
    return problem_row(Problem(error.kind, now_ms, error.detail), entry_id)


def missing_row(missing: MissingFootage | None) -> dict[str, Any] | None:
    """Return what is missing of a camera, None where nothing is."""
    if missing is None:
        return None
    return {
        "cause": str(missing.cause),
        "since_ms": missing.since_ms,
        "seconds": round(missing.seconds),
        "reason": missing.reason,
    }


def clip_ref(clip: Clip | None) -> dict[str, Any] | None:
    """Return a clip as what it is found again by."""
    if clip is None:
        return None
    span = clip.facts.range
    return {"id": clip.id, "start_ms": span.start_ms, "end_ms": span.end_ms}


def clip_row(
    clip: Clip, events: tuple[str, ...], note_length: int = MOST_NOTE
) -> dict[str, Any]:
    """Return a clip as lists show it."""
    facts = clip.facts
    return {
        "id": clip.id,
        "camera": clip.camera,
        "start_ms": facts.range.start_ms,
        "end_ms": facts.range.end_ms,
        "bytes": facts.size_bytes,
        "source": str(facts.source),
        "state": STATES[clip.state],
        "video_codec": str(facts.video_codec),
        "audio_codec": str(facts.audio_codec) if facts.audio_codec else None,
        "width": facts.width,
        "height": facts.height,
        "is_protected": clip.is_protected,
        "note": clean(clip.note, note_length),
        "problem": facts.problem,
        "is_time_certain": facts.time_source is not TimeSource.ESTIMATED,
        "events": list(events),
    }


def span_row(
    state: str,
    span: TimeRange,
    reason: str = "",
    next_try_ms: int | None = None,
    attempts: int = 0,
) -> dict[str, Any]:
    """Return an exact stretch of a time line."""
    return {
        "state": state,
        "from_ms": span.start_ms,
        "to_ms": span.end_ms,
        "reason": reason,
        "next_try_ms": next_try_ms,
        "attempts": attempts,
    }


def export_row(export: Export, user_id: str) -> dict[str, Any]:
    """Return an export as its owner, or somebody else, sees it."""
    name = str(export.options.get("name", ""))
    return {
        "id": export.id,
        "cameras": list(export.cameras),
        "from_ms": export.range.start_ms,
        "to_ms": export.range.end_ms,
        "state": str(export.state),
        "done": round(export.progress, 2),
        "bytes": export.size_bytes,
        "made_ms": export.made_ms,
        "expires_ms": export.expires_ms,
        "is_yours": export.user == user_id,
        "is_zip": export.path.suffix.lower() == ".zip",
        "name": clean(name),
        "url": EXPORT_URL.format(export_id=export.id) if export.is_ready else None,
        "problem": clean(export.detail),
    }


def storage_row(root: RootInfo, now_ms: int) -> dict[str, Any]:
    """Return a storage with its path, which administrators alone are told."""
    return {
        "id": root.id,
        "name": clean(root.name),
        "path": str(root.path),
        "is_current": root.is_current,
        "free_bytes": root.free_bytes,
        "total_bytes": root.total_bytes,
        "floor_bytes": root.floor_bytes,
        "clip_bytes": root.clip_bytes,
        "clips": root.clips,
        "bytes_per_day": None
        if root.bytes_per_day is None
        else round(root.bytes_per_day),
        "days_left": None if root.days_left is None else round(root.days_left, 1),
        "checked_ms": root.checked_ms,
        "problem": error_row(root.problem, root.checked_ms or now_ms),
        "room": str(root.room) if root.room else None,
    }
