"""How a server words its answers: by the book, or as devices were seen to."""

from urllib.parse import urlsplit

from .rtsp_faults import RtspFaults
from .rtsp_message import Request, Response
from .rtsp_range import format_clock
from .rtsp_state import Session

OTHER_HOST = "192.168.77.20"
"""Nobody is there."""
FAR_MS = 400 * 86_400_000


def encode(
    request: Request, response: Response, faults: RtspFaults, last_cseq: str
) -> bytes:
    """Return the bytes of an answer; `last_cseq` is the number of the request before."""
    cseq = request.headers.get("cseq")
    if cseq is not None and not faults.no_cseq:
        if faults.wrong_cseq and cseq.isdigit():
            cseq = str(int(cseq) + 1000)
        if faults.cseq_behind:
            cseq = last_cseq
        response.headers.insert(0, ("CSeq", cseq))
    response.headers.append(("Server", "VTrack simulator"))
    data = response.encode(
        reason=not faults.no_reason_phrase, lower_case=faults.lower_case_headers
    )
    head, mark, body = data.partition(b"\r\n\r\n")
    if faults.status_line != "plain":
        _, _, rest = head.partition(b" ")
        version = {
            "1.1": b"RTSP/1.1 ",
            "http": b"HTTP/1.1 ",
            "blanks": b"RTSP/1.0  ",
        }[faults.status_line]
        head = version + rest
    if faults.bare_line_feeds:
        head, mark = head.replace(b"\r\n", b"\n"), b"\n\n"
    data = head + mark + body
    return data * 2 if faults.duplicate_replies else data


def content_base(uri: str, faults: RtspFaults) -> tuple[tuple[str, str], ...]:
    """Return the header that says where relative controls begin, and its value."""
    kind = faults.content_base
    parts = urlsplit(uri)
    base = uri
    if faults.inner_host:
        base = parts._replace(netloc=faults.inner_host).geturl()
    if faults.control != "after-query" and kind == "slash" and base[-1] != "/":
        base += "/"
    if kind == "absent":
        return ()
    if kind == "location":
        return (("Content-Location", base),)
    odd = {
        "path": f"{parts.path}/",
        "host-port": f"{parts.netloc}{parts.path}/",
        "scheme-twice": f"rtsp://{uri}/",
        "other-host": parts._replace(netloc=OTHER_HOST).geturl() + "/",
        "unknown-path": parts._replace(path="/nowhere").geturl() + "/",
        "garbage": "rtsp://[::?&/%%",
    }
    return (("Content-Base", odd.get(kind, base)),)


def session_header(session: Session, faults: RtspFaults) -> tuple[str, str]:
    """Return the Session header with the timeout as the device writes it."""
    timeout = {
        "plain": f";timeout={faults.session_timeout}",
        "quoted": f';timeout="{faults.session_timeout}"',
        "seconds": f"; Timeout = {faults.session_timeout}s",
        "zero": ";timeout=0",
        "huge": ";timeout=4294967295",
        "negative": ";timeout=-1",
        "absent": "",
    }[faults.timeout_form]
    return "Session", session.identifier + timeout


def transport(channel: int, ssrc: int, faults: RtspFaults) -> str:
    """Return the Transport header of a SETUP answer."""
    if faults.udp_only == "answer":
        return "RTP/AVP;unicast;client_port=5000-5001;server_port=6970-6971"
    text = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
    return f"{text};ssrc={ssrc:08X}"


def play_range(
    first_ms: int, asked: tuple[int, int | None], faults: RtspFaults
) -> tuple[tuple[str, str], ...]:
    """Return the Range header of a PLAY answer."""
    start_ms, end_ms = asked
    until = format_clock(end_ms) if end_ms else ""
    text = {
        "clock": f"clock={format_clock(first_ms)}-{until}",
        "echo": f"clock={format_clock(start_ms)}-{until}",
        "npt": "npt=0.000-",
        "1900": "clock=19000101T000000Z-",
        "1970": "clock=19700101T000000.00Z-",
        "far": f"clock={format_clock(first_ms - FAR_MS)}-",
        "smpte": "smpte=0:00:00-",
        "absent": "",
    }[faults.play_range]
    return (("Range", text),) if text else ()
