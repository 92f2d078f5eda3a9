"""Sends a clip over HTTP: with its table first, converted, or as it is on the disk."""

from collections.abc import Mapping
from contextlib import aclosing

from aiohttp import hdrs, web

from .core.errors import ErrorKind, NvrError
from .core.frames import Codec
from .core.library.browser import Reader
from .core.models import Clip
from .file_response import (
    SAFE,
    async_answer,
    async_send_file,
    async_write,
    status_of,
)
from .runtime import VtrackHub

FROM_START = "bytes=0-"


async def async_send_clip(
    request: web.Request,
    hub: VtrackHub,
    clip: Clip,
    person: str,
    headers: Mapping[str, str],
) -> web.StreamResponse:
    """Answer a GET or HEAD with a clip, in the name of a person; every failure is a status.

    `?original` is the file byte for byte, `?h264` what every browser can show. Without
    either a clip is converted only where no browser can show it.
    """
    is_original = "original" in request.query
    is_asked_for = "h264" in request.query and clip.facts.video_codec is not Codec.H264
    is_converted = is_asked_for or hub.archive.playback.is_needed(clip)
    try:
        reader = await hub.library.browse.reader(clip.id)
    except NvrError as error:
        return web.Response(status=status_of(error))
    if is_converted and not is_original:
        reader.release()
        return await _converted(hub, request, clip, person, {**headers})
    with reader:  # not deleted while it is being sent
        facts = reader.clip.facts
        if not is_original:
            answer = await _fast(hub, request, reader, person, {**headers})
            if answer is not None:
                return answer
        return await async_send_file(
            request,
            reader.path,
            content_type="video/mp4",
            etag=facts.sha256[:32],
            size=facts.size_bytes,
            headers=headers,
            person=person,
        )


async def _fast(
    hub: VtrackHub,
    request: web.Request,
    reader: Reader,
    person: str,
    headers: dict[str, str],
) -> web.StreamResponse | None:
    """Send a clip so that players start at once; None where it is not laid out as ours."""
    desk, facts = hub.archive.desk, reader.clip.facts
    try:
        piece = await desk.fast_clips.open(reader.path, person)
        if piece is None:
            return None
        with piece:
            look = (await desk.footage.index(reader.clip.id, person)).look
            etag = f"{facts.sha256[:32]}-f"
            if piece.state.size != facts.size_bytes:
                etag = f"{piece.state.size:x}-{int(piece.state.changed_s):x}-f"
            content_type = f'video/mp4; codecs="{look.codecs}"'
            return await async_answer(
                request, piece, piece.state, f'"{etag}"', headers, content_type
            )
    except NvrError as error:
        if error.kind is ErrorKind.VERIFY_FAILED:
            return None
        return web.Response(status=status_of(error))


async def _converted(
    hub: VtrackHub,
    request: web.Request,
    clip: Clip,
    person: str,
    headers: dict[str, str],
) -> web.StreamResponse:
    """Send a clip as H.264: whole with ranges, or from its start while it is made.

    HEAD makes nothing; without a file it tells no length.
    """
    is_from_start = request.headers.get(hdrs.RANGE, FROM_START) == FROM_START
    is_ready = hub.archive.playback.is_ready(clip)
    if request.method == hdrs.METH_HEAD and not is_ready:
        return web.Response(
            content_type="video/mp4",
            headers={**headers, **SAFE, hdrs.CACHE_CONTROL: "no-store"},
        )
    try:
        if is_from_start and not is_ready:
            return await _growing(hub, request, clip, person, headers)
        path = await hub.archive.playback.file(clip, person)
    except NvrError as error:
        return web.Response(status=status_of(error))
    return await async_send_file(
        request,
        path,
        content_type="video/mp4",
        etag=f"{clip.facts.sha256[:32]}-h264",
        size=0,
        headers=headers,
        person=person,
    )


async def _growing(
    hub: VtrackHub,
    request: web.Request,
    clip: Clip,
    person: str,
    headers: dict[str, str],
) -> web.StreamResponse:
    """Send a clip while it is converted; a failure on the way ends the connection."""
    response = web.StreamResponse(
        headers={**headers, **SAFE, hdrs.CACHE_CONTROL: "no-store"}
    )
    response.content_type = "video/mp4"
    async with aclosing(hub.archive.playback.growing(clip, person)) as pieces:
        try:
            async for piece in pieces:
                if not response.prepared:
                    await response.prepare(request)
                await async_write(request, response, piece)
        except NvrError:
            if not response.prepared:
                raise
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            return response  # whoever asked has gone
    return response
