"""Answers of a device that means harm; `Faults.hostile_ops` names them per operation.

They are bombs (little to send, much to hold), floods (no end) and honest answers far
larger than any device has reason to give.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import cache
import re
from typing import Final
import zlib

from aiohttp import web

from .soap.envelope import CONTENT_TYPE, envelope

_MB: Final = 1024 * 1024
_PIECE = bytes(64 * 1024)
_FIRST_CHILD = re.compile(
    rb"Body>\s*<[^>]*Response[^>/]*>\s*(<([\w:.-]+)[\s>].*?</\2>)", re.DOTALL
)
_TEXT = re.compile(rb">[^<>\s][^<>]*</")
_TOKEN = re.compile(rb'(token="[^"]*|Token>[^<]*)')


def _entities(answer: bytes) -> bytes:
    """Entities of entities, "billion laughs": XML 1.0, 4.1."""
    levels = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' if n else '<!ENTITY e0 "harm">'
        for n in range(10)
    )
    return f"<?xml version='1.0'?><!DOCTYPE r [{levels}]>".encode() + answer.partition(
        b"?>"
    )[2].replace(b"Response>", b"Response>&e9;", 1)


def _default_attributes(answer: bytes) -> bytes:
    """Attributes by default on each element, which no limit of amplification counts.

    The control characters hide the document type from whoever looks for its text.
    """
    value = "A" * 30_000
    elements = b"<e/>" * 8_000
    return (
        f'<!DOC\x01TYPE E [<!ATT\x01LIST e a CDATA "{value}">]><E>'.encode()
        + elements
        + b"</E>"
    )


def _external(answer: bytes) -> bytes:
    """An entity that is a file of the reader's."""
    return b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + answer.partition(
        b"?>"
    )[2].replace(b"Response>", b"Response>&x;", 1)


def _elements(_: bytes) -> bytes:
    return envelope("<tds:R>" + "<e/>" * 400_000 + "</tds:R>")


def _attributes(_: bytes) -> bytes:
    many = " ".join(f'a{n}="{n}"' for n in range(300_000))
    return envelope(f"<tds:R><e {many}/></tds:R>")


def _deep(_: bytes) -> bytes:
    return envelope("<tds:R>" + "<e>" * 300_000 + "</e>" * 300_000 + "</tds:R>")


def _long_texts(answer: bytes) -> bytes:
    """Every text is 40 KB long and full of what patterns look for."""
    return _TEXT.sub(lambda _: b">" + b"a." * 20_000 + b"</", answer)


def _endless_name(_: bytes) -> bytes:
    return envelope("<tds:R><tds:" + "a" * 900_000 + "/></tds:R>")


def repeated(answer: bytes, size: int = 4 * _MB) -> bytes:
    """Return an honest answer whose first part comes again and again, with other tokens."""
    found = _FIRST_CHILD.search(answer)
    if found is None:
        return answer
    part = found[1]
    count = max(1, size // len(part))
    parts = (_TOKEN.sub(lambda m, n=n: m[1] + b"-%d" % n, part) for n in range(count))
    return answer[: found.end(1)] + b"".join(parts) + answer[found.end(1) :]


def _many(answer: bytes) -> bytes:
    """As many cameras as the largest recorder has, and hardly more."""
    return repeated(answer, 190_000)


def _just_below(answer: bytes) -> bytes:
    """As much as one answer may have."""
    return repeated(answer, 900_000)


BODIES: dict[str, Callable[[bytes], bytes]] = {
    "entities": _entities,
    "default-attributes": _default_attributes,
    "external-entity": _external,
    "elements": _elements,
    "attributes": _attributes,
    "deep": _deep,
    "long-texts": _long_texts,
    "endless-name": _endless_name,
    "repeated": repeated,
    "just-below": _just_below,
    "many": _many,
}


async def _endless() -> AsyncIterator[bytes]:
    yield envelope("").partition(b"<s:Body")[0]
    while True:
        yield _PIECE.replace(b"\0", b" ")
        await asyncio.sleep(0)


async def _trickle() -> AsyncIterator[bytes]:
    for byte in envelope("<tds:R>" + " " * 100_000 + "</tds:R>"):
        yield bytes([byte])
        await asyncio.sleep(0.02)


@cache
def _gzip_of(content: bytes, megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    piece = content * (_MB // len(content))
    packed = [packer.compress(piece) for _ in range(megabytes)]
    return b"".join([*packed, packer.flush()])


async def _gzip_bomb() -> AsyncIterator[bytes]:
    yield await asyncio.to_thread(_gzip_of, bytes(1024), 1024)


async def _gzip_bomb_twice() -> AsyncIterator[bytes]:
    inner = await asyncio.to_thread(_gzip_of, bytes(1024), 1024)
    yield await asyncio.to_thread(_gzip_of, inner, 64)


STREAMS: dict[str, tuple[Callable[[], AsyncIterator[bytes]], str]] = {
    "endless": (_endless, ""),
    "trickle": (_trickle, ""),
    "gzip-bomb": (_gzip_bomb, "gzip"),
    "gzip-bomb-twice": (_gzip_bomb_twice, "gzip, gzip"),
}
"""What never comes to its end, or is little until it is unpacked; with its encoding."""

KINDS = (*BODIES, *STREAMS, "endless-header")


async def hostile_answer(
    kind: str, request: web.Request, answer: bytes
) -> web.StreamResponse:
    """Send what a kind stands for in the place of an honest answer."""
    headers = {"Content-Type": CONTENT_TYPE}
    if kind in BODIES:
        body = await asyncio.to_thread(BODIES[kind], answer)
        return web.Response(body=body, headers=headers)
    if kind == "endless-header":
        return await _endless_header(request)
    pieces, encoding = STREAMS[kind]
    if encoding:
        headers["Content-Encoding"] = encoding
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    with suppress(ConnectionError):  # the client has had enough
        async for piece in pieces():
            await response.write(piece)
    return response


async def _endless_header(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    assert transport is not None
    transport.write(b"HTTP/1.1 200 OK\r\nX-Harm: ")
    while not transport.is_closing():
        transport.write(b"a" * 65_536)
        await asyncio.sleep(0.01)
    return web.Response(status=500)
