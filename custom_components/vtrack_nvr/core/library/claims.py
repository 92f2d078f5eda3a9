"""Which Home Assistant uses a storage root: a claim beside the marker, renewed while it runs.

Two that use one storage would salvage each other's unfinished clips and delete by each
other's rules. All blocks; called on a root's own thread.
"""

from dataclasses import dataclass
import hashlib
import json
import logging
import os
from pathlib import Path
import platform
import uuid

from ..clock import Clock
from ..errors import ErrorKind, NvrError
from .files import FileLayer

_LOGGER = logging.getLogger(__name__)

CLAIM = ".vtrack_nvr_in_use"
RENEW_S = 60.0
QUIET_S = 150.0
"""A claim that was renewed lately, and is not for so long, belongs to nobody any more."""
FRESH_MS = 600_000
_MACHINE_ID = Path("/etc/machine-id")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim says: who, in which run of the process, and when last (0: given up)."""

    owner: str
    run: str
    renewed_ms: int
    host: str = ""

    def text(self) -> bytes:
        """Return the content of the file."""
        return json.dumps(
            {
                "owner": self.owner,
                "run": self.run,
                "renewed_ms": self.renewed_ms,
                "host": self.host,
            }
        ).encode()


def claim_of(data: bytes) -> Claim | None:
    """Return what a file says, None where it says nothing."""
    try:
        found = json.loads(data)
        return Claim(
            str(found["owner"]),
            str(found["run"]),
            int(found["renewed_ms"]),
            str(found["host"]),
        )
    except ValueError, KeyError, TypeError:
        return None


def owner_at(folder: Path) -> str:
    """Return who we are: this folder on this machine, so that no restored copy is us."""
    try:
        machine = _MACHINE_ID.read_text().strip()
    except OSError, ValueError:
        machine = ""
    found, system = folder.stat(), os.statvfs(folder)
    marks = f"{machine}:{system.f_fsid}:{found.st_ino}"
    return hashlib.sha256(marks.encode()).hexdigest()[:32]


@dataclass(slots=True)
class ClaimWatch:
    """What is known of the claim on one root."""

    renewed_s: float | None = None
    """When we renewed ours, on the steady clock; None before the first time."""
    other: Claim | None = None
    other_since: float = 0.0
    """Since when the claim of another has said the same."""
    is_refused: bool = False
    """Another uses the storage now."""
    takes_over: bool = False
    """A person said that we use it from now on."""
    is_over: bool = False
    was_ours: bool = False
    """Nobody else has used it since we did: unfinished files are ours, too."""


class Claims:
    """Looks at claims, and renews ours."""

    def __init__(self, clock: Clock, files: FileLayer) -> None:
        """Be nobody until `begin`."""
        self._clock = clock
        self._files = files
        self._owner = ""
        self._run = uuid.uuid4().hex

    def begin(self, owner: str) -> None:
        """Say who we are."""
        self._owner = owner

    def require(self, folder: Path, watch: ClaimWatch, name: str) -> None:
        """Raise `STORAGE_IN_USE` while another Home Assistant uses the storage.

        A claim that is old, given up, damaged or not there is nobody's. One that looks
        fresh is watched for some minutes: a clock may be wrong, a host may have stopped.
        """
        found = self._read(folder)
        was_refused, watch.is_refused = watch.is_refused, False
        is_ours = found is not None and self._is_ours(found, watch)
        if watch.renewed_s is None:
            watch.was_ours = is_ours
        if found is None or watch.takes_over or is_ours:
            return
        now_s = self._clock.monotonic()
        if watch.other != found:
            watch.other, watch.other_since = found, now_s
        is_lately = self._is_fresh(folder, found) or was_refused
        if found.renewed_ms and is_lately and now_s - watch.other_since < QUIET_S:
            watch.is_refused = True
            raise refusal(watch, name)
        _LOGGER.info("Storage %s was used by another Home Assistant before", name)

    def renew(self, folder: Path, watch: ClaimWatch) -> None:
        """Say that we use the storage, where that is due; a full disk is no hindrance."""
        now_s = self._clock.monotonic()
        is_due = watch.renewed_s is None or now_s - watch.renewed_s >= RENEW_S
        if watch.is_over or not (is_due or watch.takes_over):
            return
        if self._write(folder, self._clock.now_ms()):
            watch.renewed_s = now_s
            watch.takes_over = False

    def give_up(self, folder: Path, watch: ClaimWatch) -> None:
        """Say that we use the storage no longer; others need not wait."""
        watch.is_over = True
        if watch.renewed_s is not None and not watch.is_refused:
            self._write(folder, 0)

    def _is_ours(self, found: Claim, watch: ClaimWatch) -> bool:
        """Return whether we, or we before a restart, made a claim; a clone of us did not."""
        if found.owner != self._owner:
            return False
        return found.run == self._run or watch.renewed_s is None

    def _is_fresh(self, folder: Path, found: Claim) -> bool:
        """Return whether a claim was renewed lately, by its maker's clock or the storage's.

        One from the future says that our clock is behind, and nothing about its age.
        """
        changed_ms = self._files.changed_ms(folder / CLAIM) or 0
        return self._clock.now_ms() - max(found.renewed_ms, changed_ms) < FRESH_MS

    def _read(self, folder: Path) -> Claim | None:
        path = folder / CLAIM
        try:
            if not self._files.exists(path):
                return None
            return claim_of(self._files.read(path, 4096))
        except NvrError as error:
            _LOGGER.debug("Who uses a storage cannot be read: %s", error)
            return None

    def _write(self, folder: Path, renewed_ms: int) -> bool:
        """Replace the claim; return whether that was possible."""
        claim = Claim(self._owner, self._run, renewed_ms, platform.node())
        try:
            self._files.put(folder / CLAIM, claim.text())
        except NvrError as error:
            _LOGGER.debug("Who uses a storage cannot be said: %s", error)
            return False
        return True


def refusal(watch: ClaimWatch, name: str) -> NvrError:
    """Return the error that says who uses the storage."""
    host = (watch.other.host if watch.other else "") or "?"
    return NvrError(ErrorKind.STORAGE_IN_USE, host, where=name)
