"""Sends a file with Range, HEAD and conditions, never reading on the event loop.

aiohttp's own FileResponse reads with `sendfile` on the loop: a share that hangs would
stop all of Home Assistant.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from aiohttp import hdrs, web

from .core.errors import STORAGE_KINDS, ErrorKind, NvrError
from .core.library.file_reader import FileReader, FileState
from .http_range import http_date, is_same_version, is_unchanged, wanted_bytes

CHUNK = 512 * 1024
PIECE = 64 * 1024
TAKE_S = 60.0
"""A connection that takes no piece for so long is ended."""
SAFE: dict[str, str] = {
    hdrs.X_CONTENT_TYPE_OPTIONS: "nosniff",
    hdrs.CONTENT_SECURITY_POLICY: "default-src 'none'; sandbox",
    hdrs.REFERRER_POLICY: "no-referrer",
    hdrs.SERVER: "",
}
"""Headers of everything that was recorded: it is nothing that a browser may run.

Home Assistant adds its own after a response was prepared, which is too late for these.
"""
_LATER = frozenset({ErrorKind.FFMPEG_FAILED, ErrorKind.CANCELLED})


def status_of(error: NvrError) -> HTTPStatus:
    """Return 503 for what is away for now, 429 for too much at once, 404 for the rest."""
    if error.kind is ErrorKind.LIMIT:
        return HTTPStatus.TOO_MANY_REQUESTS
    if error.kind in STORAGE_KINDS | _LATER:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.NOT_FOUND


async def async_send_file(
    request: web.Request,
    path: Path,
    *,
    content_type: str,
    etag: str,
    size: int,
    headers: Mapping[str, str],
    person: str = "",
) -> web.StreamResponse:
    """Answer a GET or HEAD with a file; 404 where it is gone, 503 where it does not answer.

    `person` is who asks: each has places of their own, and 429 is the answer without one.
    `etag` (without quotes) names the content of the file of `size` bytes; one of another
    size is told by size and time. A file that stops answering half-way ends the connection,
    so that nobody takes the part for the whole.
    """
    reader = FileReader(path, person)
    try:
        state = await reader.open()
        if state.size != size:
            etag = f"{state.size:x}-{int(state.changed_s):x}"
        return await async_answer(
            request, reader, state, f'"{etag}"', {**headers}, content_type
        )
    except NvrError as error:
        return web.Response(status=status_of(error))
    finally:
        reader.close()


class Source(Protocol):
    """Bytes that are sent, read beside the event loop."""

    async def read(self, offset: int, count: int) -> bytes:
        """Return bytes from a place; fewer only at the end."""
        ...


async def async_answer(
    request: web.Request,
    reader: Source,
    state: FileState,
    etag: str,
    headers: dict[str, str],
    content_type: str,
) -> web.StreamResponse:
    """Answer a GET or HEAD with the bytes of a source; `etag` is quoted.

    `state` is its size and when it changed. Raises `NvrError` before the answer began.
    """
    asked = request.headers
    headers |= {
        **SAFE,
        hdrs.ETAG: etag,
        hdrs.LAST_MODIFIED: http_date(state.changed_s),
        hdrs.ACCEPT_RANGES: "bytes",
    }
    if is_unchanged(
        asked.get(hdrs.IF_NONE_MATCH),
        asked.get(hdrs.IF_MODIFIED_SINCE),
        etag,
        state.changed_s,
    ):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    is_current = is_same_version(asked.get(hdrs.IF_RANGE), etag, state.changed_s)
    wanted = wanted_bytes(asked.get(hdrs.RANGE) if is_current else None, state.size)
    if wanted.status is HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        headers[hdrs.CONTENT_RANGE] = f"bytes */{state.size}"
        return web.Response(status=wanted.status, headers=headers)
    if wanted.status is HTTPStatus.PARTIAL_CONTENT:
        headers[hdrs.CONTENT_RANGE] = (
            f"bytes {wanted.start}-{wanted.stop - 1}/{state.size}"
        )
    response = web.StreamResponse(status=wanted.status, headers=headers)
    response.headers[hdrs.CONTENT_TYPE] = content_type
    response.content_length = wanted.stop - wanted.start
    is_head = request.method == hdrs.METH_HEAD
    # the first bytes before the headers: a share that hangs is still said by its status
    first = (
        b""
        if is_head
        else await reader.read(wanted.start, _next(wanted.start, wanted.stop))
    )
    try:
        await response.prepare(request)
        if not is_head:
            await _send(request, response, reader, first, wanted.start, wanted.stop)
        await response.write_eof()
    except ConnectionError:
        pass  # whoever asked has gone
    return response


async def async_write(
    request: web.Request, response: web.StreamResponse, data: bytes
) -> None:
    """Send bytes; raises `ConnectionError` where they are not taken for a minute."""
    view = memoryview(data)
    while view:
        try:
            async with asyncio.timeout(TAKE_S):
                await response.write(bytes(view[:PIECE]))
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError from None
        view = view[PIECE:]


def _next(at: int, stop: int) -> int:
    return min(CHUNK, stop - at)


async def _send(
    request: web.Request,
    response: web.StreamResponse,
    reader: Source,
    data: bytes,
    at: int,
    stop: int,
) -> None:
    while True:
        await async_write(request, response, data)
        at += len(data)
        if at >= stop:
            return
        try:
            data = await reader.read(at, _next(at, stop))
        except NvrError:
            data = b""
        if not data:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError
