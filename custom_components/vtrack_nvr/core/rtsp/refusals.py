"""How an RTSP status becomes an error that says what to do (profile-g 5.8)."""

from ..errors import ErrorKind, NvrError

_KINDS = {
    401: ErrorKind.AUTH_REFUSED,
    403: ErrorKind.NO_PERMISSION,
    404: ErrorKind.GONE,
    408: ErrorKind.TIMEOUT,
    410: ErrorKind.GONE,
    453: ErrorKind.BUSY,
    454: ErrorKind.INTERRUPTED,
    455: ErrorKind.INTERRUPTED,
    457: ErrorKind.NO_FOOTAGE,
    461: ErrorKind.UDP_ONLY,
    500: ErrorKind.BUSY,
    501: ErrorKind.UNSUPPORTED,
    503: ErrorKind.BUSY,
    505: ErrorKind.UNSUPPORTED,
    551: ErrorKind.UNSUPPORTED,
}


class OutOfStep(NvrError):  # noqa: N818 - says what happened
    """Bytes came that are neither messages nor frames: what stood before them is suspect.

    A length that lies leaves the same traces as stray bytes, so whoever wants every frame
    right trusts nothing between the last whole group of pictures and the next.
    """

    def __init__(self, skipped: int) -> None:
        """Say how much of it came in a row."""
        super().__init__(
            ErrorKind.PROTOCOL,
            f"{skipped} bytes that are neither RTSP nor interleaved frames",
        )


class RtspRefused(NvrError):  # noqa: N818 - says what happened
    """The device answered a request with a status other than 2xx.

    `status` and `method` let the downloader choose the next rung of its ladder;
    `unsupported` are the tags a 551 names, `location` is where a 3xx sends.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        method: str,
        *,
        unsupported: tuple[str, ...] = (),
        location: str = "",
        where: str = "",
    ) -> None:
        """Classify by status; what the table does not know is `PROTOCOL`."""
        kind = _KINDS.get(status, ErrorKind.PROTOCOL)
        super().__init__(kind, f"{method}: {status} {reason}".rstrip(), where=where)
        self.status = status
        self.reason = reason
        self.method = method
        self.unsupported = unsupported
        self.location = location
