"""Certificates nobody signed."""

import asyncio
import ssl

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.onvif.tls import (
    TlsMode,
    TlsOptions,
    certificate_fingerprint,
)


def test_what_aiohttp_is_told() -> None:
    assert not TlsOptions().is_https
    assert TlsOptions(TlsMode.VERIFY).for_aiohttp() is True
    anybody = TlsOptions(TlsMode.ANY).for_aiohttp()
    assert isinstance(anybody, ssl.SSLContext)
    assert anybody.verify_mode is ssl.CERT_NONE
    assert not anybody.check_hostname
    pinned = TlsOptions(TlsMode.FINGERPRINT, ":".join(["AB"] * 32)).for_aiohttp()
    assert pinned.fingerprint == b"\xab" * 32
    with pytest.raises(NvrError) as caught:
        TlsOptions(TlsMode.FINGERPRINT, "ABCD").for_aiohttp()
    assert caught.value.kind is ErrorKind.TLS


async def test_fingerprints_that_cannot_be_had() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        await asyncio.sleep(0.15)
        writer.close()

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    for serve, kind in ((mute, ErrorKind.TIMEOUT), (plain, ErrorKind.TLS)):
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(NvrError) as caught:
                await certificate_fingerprint("127.0.0.1", port, timeout=0.1)
            assert caught.value.kind is kind
            await asyncio.sleep(0.1)
    with pytest.raises(NvrError) as caught:
        await certificate_fingerprint("127.0.0.1", 1)
    assert caught.value.kind is ErrorKind.UNREACHABLE
