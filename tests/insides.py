"""What several tests read inside of the product: in one place, with what it is read for."""

# Reads private members: this is the place for it.

from collections.abc import Mapping
from typing import Any

from custom_components.vtrack_nvr.core.archive.converted import ConvertedSegments
from custom_components.vtrack_nvr.core.archive.pictures import Pictures
from custom_components.vtrack_nvr.core.archive.playback import ConvertedClips
from custom_components.vtrack_nvr.core.archive.turns import Turns
from custom_components.vtrack_nvr.core.library.context import LibraryContext
from custom_components.vtrack_nvr.core.library.library import Library
from custom_components.vtrack_nvr.core.library.upkeep.timetable import Timetable
from custom_components.vtrack_nvr.core.models import NvrKey
from custom_components.vtrack_nvr.core.rtsp.keep_alive import KeepAlives
from custom_components.vtrack_nvr.core.rtsp.session import RtspSession
from custom_components.vtrack_nvr.core.sync.engine import SyncEngine
from custom_components.vtrack_nvr.core.sync.nvr_worker import NvrWorker


def store_of(library: Library) -> LibraryContext:
    """Return what a library's parts share: rows as they are, and storages to look at now."""
    return library._store


def keeper_of(library: Library) -> Timetable:
    """Return what looks after a library, to begin its work instead of waiting for it."""
    return library._keeper


def open_here(library: Library) -> None:
    """Open a library on this thread, without an event loop and without upkeep."""
    library._open()


def close_here(library: Library) -> None:
    """Close a library on this thread."""
    library._close()


def look_now(library: Library) -> None:
    """Let the guard look at storages now instead of in a minute."""
    library._store.guard._wake.set()


def workers_of(engine: SyncEngine) -> Mapping[NvrKey, NvrWorker]:
    """Return an engine's workers: what they hold in memory is told by no status."""
    return engine._workers


def keep_alives_of(session: RtspSession) -> KeepAlives:
    """Return what keeps a session alive, to make it due now."""
    return session._exchange._keep_alives


def turns_of(maker: ConvertedClips | ConvertedSegments | Pictures) -> Turns[Any, Any]:
    """Return what a maker works on, to shorten what takes minutes and see what is left."""
    return maker._jobs
