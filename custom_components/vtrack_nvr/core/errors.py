"""What can go wrong, and what to do about it.

An error is classified once, where its cause is known. Nobody further out looks at
status codes, fault texts or errno again. Texts that users read are translations of
`ErrorKind`; the message of an exception is for logs and never holds a secret.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import override

from .texts import DETAIL_LENGTH, clean


class Treatment(StrEnum):
    """What a caller should do about an error."""

    LATER = "later"
    """Try again after a pause; the cause usually goes away."""
    NEVER = "never"
    """Trying the same thing again cannot help; go on with the next thing."""
    STOP = "stop"
    """Stop all attempts of this kind until a person or a watcher changes something."""


class ErrorKind(StrEnum):
    """The kinds of failure that VTrack NVR tells apart."""

    UNREACHABLE = "unreachable"
    """Nothing answers at the address."""
    TIMEOUT = "timeout"
    """Something answers, but not in time."""
    TLS = "tls"
    """The certificate is not acceptable, or TLS could not be agreed on."""
    NOT_ONVIF = "not_onvif"
    """An answer came, and it is not ONVIF (for example an HTML page)."""
    PROTOCOL = "protocol"
    """The device broke the protocol in a way that cannot be worked around."""
    AUTH_REFUSED = "auth_refused"
    """User name or password were refused."""
    CLEARTEXT_LOGIN = "cleartext_login"
    """The device takes the password only in a way that anybody on the network can read."""
    OTHER_DEVICE = "other_device"
    """Another device answers at the address."""
    NOT_RTSP = "not_rtsp"
    """The address of a live stream is not one of RTSP."""
    NO_PERMISSION = "no_permission"
    """The login is good, but may not do this."""
    BUSY = "busy"
    """The device serves all the sessions it can."""
    UNSUPPORTED = "unsupported"
    """The device cannot do this at all."""
    UDP_ONLY = "udp_only"
    """The device sends pictures over UDP only; we take them over TCP."""
    UNSUPPORTED_CODEC = "unsupported_codec"
    """The footage is in a codec that cannot be kept in MP4."""
    NO_PICTURES = "no_pictures"
    """The stream has no pictures at all, only sound or data."""
    FFMPEG_FAILED = "ffmpeg_failed"
    """ffmpeg, which reads a codec for us, could not be started, ended or stood still."""
    GONE = "gone"
    """The recording is no longer known to the device."""
    NO_FOOTAGE = "no_footage"
    """The device holds no footage in the range that was asked for."""
    UNDATED = "undated"
    """What the device plays cannot be dated, or is not what was asked for."""
    INTERRUPTED = "interrupted"
    """The transfer ended before the footage did."""
    DAMAGED = "damaged"
    """The device stops at the same frame again and again."""
    NO_KEY_PICTURES = "no_key_pictures"
    """Pictures come, and none that the others could be shown from."""
    VERIFY_FAILED = "verify_failed"
    """What was written is not what was received, or cannot be played."""
    STORAGE_MISSING = "storage_missing"
    """The storage root is not mounted or its marker file is gone."""
    STORAGE_FULL = "storage_full"
    """The storage root has less free space than its floor."""
    STORAGE_READ_ONLY = "storage_read_only"
    """The storage root cannot be written to."""
    STORAGE_STALLED = "storage_stalled"
    """The storage root does not answer."""
    STORAGE_IN_USE = "storage_in_use"
    """Another Home Assistant uses the storage root; the detail is its host's name."""
    STORAGE_FAILED = "storage_failed"
    """The storage root answered with another error."""
    INDEX_FAILED = "index_failed"
    """The index cannot be read or written."""
    HOST_CLOCK = "host_clock"
    """Home Assistant's own clock may be wrong: nothing can be dated by it."""
    CANCELLED = "cancelled"
    """Somebody asked to stop."""
    LIMIT = "limit"
    """It is more than one person, or one request, may have."""


_TREATMENTS = {
    ErrorKind.UNREACHABLE: Treatment.LATER,
    ErrorKind.TIMEOUT: Treatment.LATER,
    ErrorKind.TLS: Treatment.STOP,
    ErrorKind.NOT_ONVIF: Treatment.LATER,
    ErrorKind.PROTOCOL: Treatment.LATER,
    ErrorKind.AUTH_REFUSED: Treatment.STOP,
    ErrorKind.CLEARTEXT_LOGIN: Treatment.STOP,
    ErrorKind.OTHER_DEVICE: Treatment.LATER,
    ErrorKind.NOT_RTSP: Treatment.NEVER,
    ErrorKind.NO_PERMISSION: Treatment.NEVER,
    ErrorKind.BUSY: Treatment.LATER,
    ErrorKind.UNSUPPORTED: Treatment.NEVER,
    ErrorKind.UDP_ONLY: Treatment.NEVER,
    ErrorKind.UNSUPPORTED_CODEC: Treatment.NEVER,
    ErrorKind.NO_PICTURES: Treatment.NEVER,
    ErrorKind.FFMPEG_FAILED: Treatment.LATER,
    ErrorKind.GONE: Treatment.NEVER,
    ErrorKind.NO_FOOTAGE: Treatment.NEVER,
    ErrorKind.UNDATED: Treatment.NEVER,
    ErrorKind.INTERRUPTED: Treatment.LATER,
    ErrorKind.DAMAGED: Treatment.NEVER,
    ErrorKind.NO_KEY_PICTURES: Treatment.LATER,
    ErrorKind.VERIFY_FAILED: Treatment.LATER,
    ErrorKind.STORAGE_MISSING: Treatment.STOP,
    ErrorKind.STORAGE_FULL: Treatment.STOP,
    ErrorKind.STORAGE_READ_ONLY: Treatment.STOP,
    ErrorKind.STORAGE_STALLED: Treatment.STOP,
    ErrorKind.STORAGE_IN_USE: Treatment.STOP,
    ErrorKind.STORAGE_FAILED: Treatment.STOP,
    ErrorKind.INDEX_FAILED: Treatment.STOP,
    ErrorKind.HOST_CLOCK: Treatment.LATER,
    ErrorKind.CANCELLED: Treatment.STOP,
    ErrorKind.LIMIT: Treatment.NEVER,
}

STORAGE_KINDS = frozenset(kind for kind in ErrorKind if kind.startswith("storage_"))
"""The kinds that pause everything that writes to one storage root."""


class NvrError(Exception):
    """A classified failure; `where` says at what (peer, method, byte position).

    `str()` is safe to log: it holds the kind, the place and the detail, none of which
    may ever contain a password, a user name or a URL with a query.
    """

    def __init__(self, kind: ErrorKind, detail: str = "", *, where: str = "") -> None:
        """Classify a failure; chain the cause with `raise … from`."""
        self.kind = kind
        self.detail = clean(detail, DETAIL_LENGTH)
        self.where = clean(where, DETAIL_LENGTH)
        super().__init__(kind, self.detail, self.where)

    @property
    def treatment(self) -> Treatment:
        """What to do about it."""
        return _TREATMENTS[self.kind]

    @override
    def __str__(self) -> str:
        """Return one line for the log."""
        text = f"{self.kind}: {self.detail}" if self.detail else str(self.kind)
        return f"{text} ({self.where})" if self.where else text


class Limit(StrEnum):
    """What more was asked for than there is for one; each has its own sentence."""

    EXPORT_LENGTH = "export_length"
    EXPORT_SHARE = "export_share"
    EXPORT_ALL = "export_all"
    EXPORT_ROOM = "export_room"
    EXPORT_COUNT = "export_count"
    EXPORT_QUEUE = "export_queue"
    REQUESTS = "requests"
    REQUEST_AHEAD = "request_ahead"
    SHARES = "shares"
    SHARES_ALL = "shares_all"


class LimitError(NvrError):
    """A limit, with its numbers as texts for the sentence that tells of it."""

    def __init__(
        self,
        limit: Limit,
        numbers: Mapping[str, str] | None = None,
        *,
        kind: ErrorKind = ErrorKind.LIMIT,
    ) -> None:
        """Tell which limit; `kind` where it is also something else."""
        self.limit = limit
        self.numbers = {**(numbers or {})}
        detail = ", ".join(f"{key} {value}" for key, value in self.numbers.items())
        super().__init__(kind, f"{limit}: {detail}" if detail else str(limit))


def gigabytes(size_bytes: int) -> str:
    """Return a number of bytes in GB, as people read it."""
    return f"{size_bytes / 1e9:.2f}" if size_bytes < 1e9 else f"{size_bytes / 1e9:.1f}"


NEWER_INDEX = "newer index"
"""Where opening failed, if only a newer version of this code can read the index."""
