"""Certificates nobody signed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import ssl
import tempfile

import aiohttp
from cryptography.hazmat.primitives.asymmetric import rsa
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.onvif.tls import (
    TlsMode,
    TlsOptions,
    certificate_fingerprint,
    pinned_context,
    shown_certificate,
)
from custom_components.vtrack_nvr.core.onvif.transport import HttpTransport
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from tests.simulator.tls import self_signed, server_context


def test_what_aiohttp_is_told() -> None:
    assert not TlsOptions().is_https
    assert TlsOptions(TlsMode.VERIFY).for_aiohttp() is True
    anybody = TlsOptions(TlsMode.ANY).for_aiohttp()
    assert isinstance(anybody, ssl.SSLContext)
    assert anybody.verify_mode is ssl.CERT_NONE
    assert not anybody.check_hostname
    pin = TlsOptions(TlsMode.FINGERPRINT, ":".join(["AB"] * 32))
    assert pin.for_aiohttp() is pin.for_aiohttp()  # connections are used again
    assert [TlsOptions(mode).is_checked for mode in TlsMode] == [
        mode in {TlsMode.VERIFY, TlsMode.FINGERPRINT} for mode in TlsMode
    ]
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


OLD = ssl.OP_NO_TLSv1_3 | ssl.OP_NO_TLSv1_2


def server_of(host: str = "127.0.0.1", options: int = 0) -> ssl.SSLContext:
    context = server_context(host)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.options |= options
    return context


def rsa_server() -> ssl.SSLContext:
    """Return TLS 1.2 with RSA key exchange and nothing else, and a key of 1024 bits."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("AES128-SHA:AES256-SHA:@SECLEVEL=0")
    context.options |= ssl.OP_NO_TLSv1_3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pair.pem")
        key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
        certificate, secret = self_signed("127.0.0.1", key)
        path.write_bytes(secret + certificate)
        context.load_cert_chain(path)
    return context


@asynccontextmanager
async def serving(tls: ssl.SSLContext) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answer HTTP requests over TLS; what was sent is kept."""
    heard: list[bytes] = []

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1], heard


async def fetch(port: int, options: TlsOptions) -> bytes:
    async with aiohttp.ClientSession() as session:
        transport = HttpTransport(session, Waits(connect=5), Bounds(), options)
        url = f"https://127.0.0.1:{port}/"
        return (await transport.request("GET", url, where="x", headers={})).body


@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")
@pytest.mark.parametrize(
    ("make", "version"),
    [
        (lambda: server_of(options=OLD | ssl.OP_NO_TLSv1_1), "TLSv1"),
        (lambda: server_of(options=OLD), "TLSv1.1"),
        (rsa_server, "TLSv1.2"),
        (server_of, "TLSv1.3"),
    ],
    ids=["TLS 1.0", "TLS 1.1", "RSA key exchange", "modern"],
)
async def test_what_a_fingerprint_was_read_from_can_be_pinned_and_used(
    make: Callable[[], ssl.SSLContext], version: str
) -> None:
    async with serving(make()) as (port, _):
        shown = await shown_certificate("127.0.0.1", port)
        assert shown.version == version
        assert shown.is_old_tls is (version < "TLSv1.2")
        pinned = TlsOptions(TlsMode.FINGERPRINT, shown.fingerprint)
        assert await fetch(port, pinned) == b"OK"


async def test_another_certificate_than_the_pinned_one_hears_nothing() -> None:
    async with serving(server_of()) as (port, heard):
        with pytest.raises(NvrError) as caught:
            await fetch(port, TlsOptions(TlsMode.FINGERPRINT, "AB" * 32))
        assert caught.value.kind is ErrorKind.TLS
        await asyncio.sleep(0.05)
        assert heard == []


@pytest.mark.parametrize("is_lenient", [True, False])
async def test_servers_without_secure_renegotiation_are_spoken_to_where_pinned(
    is_lenient: bool,
) -> None:
    """A server hello of TLS 1.2 without the extension of RFC 5746, written by hand."""
    body = b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2f" + b"\x00"
    hello = b"\x02" + len(body).to_bytes(3) + body
    record = b"\x16\x03\x03" + len(hello).to_bytes(2) + hello
    answers: list[bytes] = []

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(65536)
        writer.write(record)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                answers.append(await reader.read(7))
        writer.close()

    context = pinned_context("AB" * 32)
    if not is_lenient:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=context)
    # It waits for the certificate, or says at once that it will not go on (an alert).
    assert bool(answers) is not is_lenient
