"""Answers as crooked HTTP servers and XML writers send them: bytes, and how they end.

Written from reports: each word below is a way in which a camera was seen to break RFC 9112
or XML 1.0. They can be combined with any other switch of the device.
"""

from collections.abc import Callable
import gzip
import re

CLOSE, KEEP, RESET = "close", "keep", "reset"

type Framing = Callable[[int, list[str], bytes], tuple[bytes, str]]


def _head(status: int, lines: list[str], version: str = "HTTP/1.1") -> bytes:
    return "\r\n".join([f"{version} {status} Whatever", *lines, "", ""]).encode()


def _length(body: bytes, by: int = 0) -> str:
    return f"Content-Length: {len(body) + by}"


def _too_long(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    return _head(status, [*lines, _length(body, 2)]) + body, CLOSE


def _too_long_kept(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    return _head(status, [*lines, _length(body, 2)]) + body, KEEP


def _too_short(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    return _head(status, [*lines, _length(body, -30)]) + body, CLOSE


def _none_kept(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    return _head(status, lines) + body, KEEP


def _none_reset(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    return _head(status, lines) + body, RESET


def _chunks(body: bytes, sizes: Callable[[int], str], end: bytes) -> bytes:
    parts = [body[at : at + 500] for at in range(0, len(body), 500)]
    return (
        b"".join(sizes(len(part)).encode() + b"\r\n" + part + b"\r\n" for part in parts)
        + end
    )


def _chunks_without_end(
    status: int, lines: list[str], body: bytes
) -> tuple[bytes, str]:
    head = _head(status, [*lines, "Transfer-Encoding: chunked"])
    return head + _chunks(body, lambda size: f"{size:x}", b""), CLOSE


def _chunks_kept(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    head = _head(status, [*lines, "Transfer-Encoding: chunked"])
    return head + _chunks(body, lambda size: f"{size:x}", b""), KEEP


def _chunks_of_wrong_size(
    status: int, lines: list[str], body: bytes
) -> tuple[bytes, str]:
    head = _head(status, [*lines, "Transfer-Encoding: chunked"])
    return head + _chunks(body, lambda size: f"{size + 3:x}", b"0\r\n\r\n"), CLOSE


def _no_chunks(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    return _head(status, [*lines, "Transfer-Encoding: chunked"]) + body, CLOSE


def _bytes_before(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    head = _head(status, [*lines, _length(body)])
    return b"\x00\x00leftover\r\n" + head + body, CLOSE


def _odd_headers(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    more = ["X-Folded: one", " two", "no header at all", "Sp ace : x", _length(body)]
    return _head(status, [*lines, *more]) + body, CLOSE


def _interim(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    head = _head(status, [*lines, _length(body)])
    return b"HTTP/1.1 100 Continue\r\n\r\n" + head + body, CLOSE


def _old(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    return _head(status, lines, "HTTP/1.0") + body, CLOSE


def _no_head(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    return body, CLOSE


def _packed(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    body = gzip.compress(body)
    return _head(status, [*lines, _length(body)]) + body, CLOSE


def _not_packed(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    lines = [*lines, "Content-Encoding: gzip", _length(body)]
    return _head(status, lines) + body, CLOSE


def _parts(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    content = (
        b"--part\r\nContent-Type: application/xop+xml\r\nContent-ID: <root@device>\r\n"
        b"\r\n"
        + body
        + b"\r\n--part\r\nContent-ID: <1@device>\r\n\r\n\x00\x01<b>\r\n--part--"
    )
    lines = [line for line in lines if not line.lower().startswith("content-type")]
    kind = 'Content-Type: multipart/related; boundary="part"; start="<root@device>"'
    return _head(status, [*lines, kind, _length(content)]) + content, CLOSE


def _blank_before(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    content = b"\xef\xbb\xbf\r\n\r\n" + body
    return _head(status, [*lines, _length(content)]) + content, CLOSE


def _rubbish_after(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    content = body + b"\x00\x00\r\nHTTP/1.1 <"
    return _head(status, [*lines, _length(content)]) + content, CLOSE


def _reset_when_idle(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    return _head(status, [*lines, _length(body)]) + body, RESET


def _no_colon_kept(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    """A right length, nothing said to a refused login, and no end of the connection."""
    body = b"" if status == 401 else body
    return _head(status, [*lines, "no header at all", _length(body)]) + body, KEEP


def _comment_behind(status: int, lines: list[str], body: bytes) -> tuple[bytes, str]:
    content = body + b"<!--" + b"x" * 3_000 + b"-->"
    return _head(status, [*lines, _length(content, 4_000)]) + content, CLOSE


FRAMINGS: dict[str, Framing] = {
    "no-colon-kept": _no_colon_kept,
    "comment-behind": _comment_behind,
    "length-too-big": _too_long,
    "length-too-big-kept": _too_long_kept,
    "length-too-small": _too_short,
    "no-length-kept": _none_kept,
    "no-length-reset": _none_reset,
    "chunks-without-end": _chunks_without_end,
    "chunks-without-end-kept": _chunks_kept,
    "chunks-of-wrong-size": _chunks_of_wrong_size,
    "no-chunks": _no_chunks,
    "bytes-before": _bytes_before,
    "odd-headers": _odd_headers,
    "interim": _interim,
    "http-1.0": _old,
    "no-head": _no_head,
    "packed": _packed,
    "not-packed": _not_packed,
    "multipart": _parts,
    "blank-before": _blank_before,
    "rubbish-after": _rubbish_after,
    "reset-when-idle": _reset_when_idle,
}
"""Ways to frame an answer, by the word that switches them on."""


def _undeclared(text: str) -> str:
    return re.sub(r' xmlns:tt="[^"]*"', "", text)


def _doubled(text: str) -> str:
    return re.sub(r'(<[^<>]* )(token="[^"]*")', r"\1\2 \2", text)


def _in_text(what: str) -> Callable[[str], str]:
    """Insert into the text of names, which nothing depends on."""

    def change(text: str) -> str:
        return re.sub(r"(<(?:tt|tds):(?:Name|Model)>)", rf"\g<1>{what}", text)

    return change


TEXTS: dict[str, Callable[[str], bytes]] = {
    "undeclared-prefix": lambda text: _undeclared(text).encode(),
    "doubled-attribute": lambda text: _doubled(text).encode(),
    "unquoted-attribute": lambda text: re.sub(
        r' token="([\w]+)"', r" token=\1", text
    ).encode(),
    "nul": lambda text: _in_text("\x00")(text).encode(),
    "nul-reference": lambda text: _in_text("&#0;&#x1F;")(text).encode(),
    "ampersand": lambda text: _in_text("R&D &")(text).encode(),
    "unknown-entity": lambda text: _in_text("&nbsp;&eacute;")(text).encode(),
    "latin-1-as-utf-8": lambda text: _in_text("Entr\u00e9e ")(text).encode("latin-1"),
    "utf-8-as-gb2312": lambda text: _in_text("\u00fc")(
        text.replace("utf-8", "GB2312")
    ).encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "soap-1.1": lambda text: text.replace(
        "http://www.w3.org/2003/05/soap-envelope",
        "http://schemas.xmlsoap.org/soap/envelope/",
    ).encode(),
}
"""Ways to write XML, by the word that switches them on."""
