"""One HTTP request on a socket of its own, for answers that aiohttp refuses to read."""

import asyncio
from collections.abc import Mapping
import contextlib
import ssl

from yarl import URL

from .http_answer import Arrival, HttpAnswer, arrived, is_whole, read_http_answer
from .tls import TlsMode, TlsOptions, trusting_context
from .xaddr import bracketed

_HEAD_BYTES = 64 * 1024


async def exchange(
    method: str,
    url: URL,
    headers: Mapping[str, str],
    body: bytes,
    tls: TlsOptions,
    *,
    limit: int,
    quiet: float,
) -> HttpAnswer | None:
    """Send, read until the device closes or is quiet, and return what it says.

    None for what is no answer. At most `limit` bytes of body are read; `quiet` seconds
    without more end an answer that is whole or as long as it was said to be. Raises OSError (SSLError where the
    certificate is not the wanted one: nothing was sent); the caller limits the time.
    """
    context = await _context(tls) if url.scheme == "https" else None
    host, port = url.host or "", url.port or 80
    reader, writer = await asyncio.open_connection(
        host, port, ssl=context, server_hostname=host if context else None
    )
    try:
        sent = {
            "Host": f"{bracketed(host)}:{port}",
            "Connection": "close",
            "Content-Length": str(len(body)),
            **headers,
        }
        lines = [f"{method} {url.raw_path_qs} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in sent.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode("utf-8") + body)
        await writer.drain()
        data = bytearray()
        with contextlib.suppress(ConnectionError):
            while len(data) <= limit + _HEAD_BYTES:
                there = arrived(data)
                if there is Arrival.WHOLE:
                    break
                may_end = there is Arrival.TOLD or is_whole(data)
                try:
                    async with asyncio.timeout(quiet if may_end else None):
                        piece = await reader.read(64 * 1024)
                except TimeoutError:
                    break
                if not piece:
                    break
                data += piece
        return read_http_answer(bytes(data))
    finally:
        writer.transport.abort()


async def _context(tls: TlsOptions) -> ssl.SSLContext:
    if tls.mode is TlsMode.VERIFY:
        # Reads the host's certificates from disk.
        return await asyncio.to_thread(ssl.create_default_context)
    wanted = tls.for_aiohttp()
    return wanted if isinstance(wanted, ssl.SSLContext) else trusting_context()
