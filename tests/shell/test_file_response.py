"""Files over HTTP, from disks that answer, hang, fail or lose them on the way."""

# Reads private members: who reads on which thread is told to nobody.

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import contextlib
from http import HTTPStatus
import os
from pathlib import Path
import socket
import threading
import time
from unittest.mock import patch

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
import pytest

from custom_components.vtrack_nvr import file_response
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.library import file_reader
from custom_components.vtrack_nvr.core.library.file_reader import FileReader

DATA = bytes(range(256)) * 5000
"""More than two chunks."""

type Serve = Callable[[Path], Awaitable[TestClient]]


@pytest.fixture
async def serve(socket_enabled: None) -> AsyncIterator[Serve]:
    """Serve one file at `/`."""
    clients: list[TestClient] = []

    async def start(path: Path) -> TestClient:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await file_response.async_send_file(
                request,
                path,
                content_type="video/mp4",
                etag="abc",
                size=len(DATA),
                headers={"Cache-Control": "private"},
                person=request.headers.get("X-Person", ""),
            )

        app = web.Application()
        app.router.add_route("*", "/", handle)
        client = TestClient(TestServer(app))
        clients.append(client)
        await client.start_server()
        return client

    yield start
    for client in clients:
        await client.close()
    async with asyncio.timeout(20):
        while FileReader.open_count():  # noqa: ASYNC110 - a thread tells nobody
            await asyncio.sleep(0.01)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(DATA)
    return path


async def test_the_whole_file_in_chunks(serve: Serve, clip: Path) -> None:
    client = await serve(clip)
    answer = await client.get("/")
    assert answer.status == HTTPStatus.OK
    assert await answer.read() == DATA
    assert answer.content_type == "video/mp4"
    assert answer.headers["ETag"] == '"abc"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "private"
    assert "Content-Range" not in answer.headers


async def test_a_player_seeks_and_resumes(serve: Serve, clip: Path) -> None:
    client = await serve(clip)
    for header, start, stop in (
        ("bytes=0-", 0, len(DATA)),
        ("bytes=1000-600000", 1000, 600_001),
        ("bytes=-500", len(DATA) - 500, len(DATA)),
    ):
        answer = await client.get("/", headers={"Range": header})
        assert answer.status == HTTPStatus.PARTIAL_CONTENT
        assert await answer.read() == DATA[start:stop]
        assert (
            answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(DATA)}"
        )
    same = {"Range": "bytes=5-9", "If-Range": '"abc"'}
    assert (await client.get("/", headers=same)).status == HTTPStatus.PARTIAL_CONTENT
    other = await client.get("/", headers={**same, "If-Range": '"old"'})
    assert other.status == HTTPStatus.OK
    assert await other.read() == DATA
    several = await client.get("/", headers={"Range": "bytes=0-1,5-6"})
    assert several.status == HTTPStatus.OK
    beyond = await client.get("/", headers={"Range": f"bytes={len(DATA)}-"})
    assert beyond.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    assert beyond.headers["Content-Range"] == f"bytes */{len(DATA)}"


async def test_head_and_what_is_known_send_no_bytes(serve: Serve, clip: Path) -> None:
    client = await serve(clip)
    head = await client.head("/")
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(DATA)))
    assert await head.read() == b""
    part = await client.head("/", headers={"Range": "bytes=0-9"})
    assert (part.status, part.headers["Content-Length"]) == (206, "10")
    known = await client.get("/", headers={"If-None-Match": '"abc"'})
    assert (known.status, await known.read()) == (304, b"")


async def test_a_file_of_another_size_has_another_name(
    serve: Serve, clip: Path
) -> None:
    await asyncio.to_thread(clip.write_bytes, DATA[:50])
    client = await serve(clip)
    answer = await client.get("/")
    assert await answer.read() == DATA[:50]
    assert answer.headers["ETag"] != '"abc"'


async def test_a_file_that_went_after_it_was_listed_is_not_found(
    serve: Serve, clip: Path
) -> None:
    await asyncio.to_thread(clip.unlink)
    client = await serve(clip)
    assert (await client.get("/")).status == HTTPStatus.NOT_FOUND
    await asyncio.to_thread(clip.mkdir)
    assert (await client.get("/")).status == HTTPStatus.NOT_FOUND
    client = await serve(clip / ("x" * 300))
    assert (await client.get("/")).status == HTTPStatus.SERVICE_UNAVAILABLE


async def test_a_share_that_hangs_is_said_and_the_loop_goes_on(
    serve: Serve, tmp_path: Path
) -> None:
    """Opening a pipe that nobody writes to waits for ever, as a dead mount does."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    client = await serve(pipe)
    latest = 0.0
    is_over = asyncio.Event()

    async def watch() -> None:
        nonlocal latest
        while not is_over.is_set():
            before = time.monotonic()
            await asyncio.sleep(0.01)
            latest = max(latest, time.monotonic() - before)

    with patch.object(file_reader, "PATIENCE_S", 0.3):
        watching = asyncio.create_task(watch())
        answers = await asyncio.gather(*(client.get("/") for _ in range(4)))
        is_over.set()
        await watching
    assert {answer.status for answer in answers} == {HTTPStatus.SERVICE_UNAVAILABLE}
    assert latest < 5, "the loop was never held for as long as the share hangs"
    assert FileReader.open_count() == 4
    with patch.object(file_reader, "MOST_OPEN", 4):
        assert (await client.get("/")).status == HTTPStatus.TOO_MANY_REQUESTS
    with patch.object(file_reader, "MOST_READING_OF_ALL", 4):
        other = await client.get("/", headers={"X-Person": "other"})
        assert other.status == HTTPStatus.SERVICE_UNAVAILABLE
    handle = os.open(pipe, os.O_RDWR)  # the share is back: the threads end
    async with asyncio.timeout(20):
        while FileReader.open_count():  # noqa: ASYNC110 - a thread tells nobody
            await asyncio.sleep(0.01)
    os.close(handle)


@pytest.mark.parametrize("way", ["fails", "is cut off"])
async def test_half_a_file_is_never_taken_for_the_whole(
    serve: Serve, clip: Path, way: str
) -> None:
    client = await serve(clip)
    real = FileReader.read

    async def read(self: FileReader, offset: int, count: int) -> bytes:
        if offset == 0:
            return await real(self, offset, count)
        if way == "fails":
            raise NvrError(ErrorKind.STORAGE_FAILED, "I/O error")
        return b""

    with patch.object(FileReader, "read", read):
        answer = await client.get("/")
        assert answer.status == HTTPStatus.OK
        with pytest.raises(aiohttp.ClientError):
            await answer.read()
    assert await (await client.get("/")).read() == DATA


async def test_a_client_that_goes_away_leaves_nothing_open(
    serve: Serve, clip: Path
) -> None:
    with clip.open("ab") as file:
        file.truncate(200 * 1024 * 1024)
    client = await serve(clip)
    answer = await client.get("/")
    await answer.content.read(1000)
    answer.close()
    async with asyncio.timeout(20):
        while FileReader.open_count():  # noqa: ASYNC110 - a thread tells nobody
            await asyncio.sleep(0.01)


async def test_a_reader_that_was_never_opened_closes(tmp_path: Path) -> None:
    FileReader(tmp_path / "x").close()
    assert FileReader.open_count() == 0


async def test_what_hangs_for_one_person_keeps_nobody_else_from_reading(
    serve: Serve, clip: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    hanging, fine = await serve(pipe), await serve(clip)
    with (
        patch.object(file_reader, "PATIENCE_S", 0.2),
        patch.object(file_reader, "MOST_READING", 3),
    ):
        answers = await asyncio.gather(*(hanging.get("/") for _ in range(6)))
        assert {answer.status for answer in answers} == {503}
        assert (await fine.get("/")).status == HTTPStatus.SERVICE_UNAVAILABLE
        other = await fine.get("/", headers={"X-Person": "other"})
        assert await other.read() == DATA
    handle = os.open(pipe, os.O_RDWR)
    async with asyncio.timeout(20):
        while FileReader._reading:  # noqa: ASYNC110 - a thread tells nobody
            await asyncio.sleep(0.01)
    os.close(handle)


async def slow_reader(port: int, person: str) -> socket.socket:
    """Ask for a file over a connection that takes next to nothing, and take nothing."""
    loop = asyncio.get_running_loop()
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    plug.setblocking(False)
    await loop.sock_connect(plug, ("127.0.0.1", port))
    ask = f"GET / HTTP/1.1\r\nHost: x\r\nX-Person: {person}\r\n\r\n"
    await loop.sock_sendall(plug, ask.encode())
    return plug


async def test_readers_who_take_nothing_block_nobody_and_are_ended(
    serve: Serve, clip: Path
) -> None:
    with clip.open("ab") as file:
        file.truncate(64 * 1024 * 1024)
    client = await serve(clip)
    assert client.port
    plugs = [await slow_reader(client.port, "slow") for _ in range(64)]
    async with asyncio.timeout(30):
        while FileReader.open_count() < file_reader.MOST_OPEN:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
        while FileReader._reading:  # noqa: ASYNC110 - they wait, and hold no place to read
            await asyncio.sleep(0.01)
    assert FileReader.open_count() == file_reader.MOST_OPEN
    for person in ("owner", "other"):
        some = {"Range": "bytes=0-999999", "X-Person": person}
        answer = await client.get("/", headers=some)
        assert (await answer.read())[: len(DATA)] == DATA[:1_000_000]
    refused = await client.get("/", headers={"X-Person": "slow"})
    assert refused.status == HTTPStatus.TOO_MANY_REQUESTS
    for plug in plugs:
        plug.close()


async def test_a_connection_that_takes_nothing_is_ended(
    serve: Serve, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_response, "TAKE_S", 0.2)
    with clip.open("ab") as file:
        file.truncate(64 * 1024 * 1024)
    client = await serve(clip)
    assert client.port
    plug = await slow_reader(client.port, "slow")
    async with asyncio.timeout(30):
        while not FileReader.open_count():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
        while FileReader.open_count():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
    taken = 0
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while data := await loop.sock_recv(plug, 1 << 16):
            taken += len(data)
    assert taken < 64 * 1024 * 1024
    plug.close()


async def test_what_was_recorded_is_nothing_a_browser_may_run(
    serve: Serve, clip: Path
) -> None:
    client = await serve(clip)
    for method, headers in (
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"Range": "bytes=0-9"}),
        ("GET", {"Range": f"bytes={len(DATA)}-"}),
        ("GET", {"If-None-Match": '"abc"'}),
    ):
        answer = await client.request(method, "/", headers=headers)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (
            answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        )
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert not answer.headers.get("Server")


async def test_a_thread_is_used_again_while_others_read_and_ends_with_the_last(
    tmp_path: Path,
) -> None:
    path = tmp_path / "clip"
    path.write_bytes(b"film")

    async def thread_of(reader: FileReader) -> threading.Thread:
        await reader.open()
        return await reader.ask(lambda _file: threading.current_thread())

    async def is_closed(count: int) -> None:
        async with asyncio.timeout(10):
            while FileReader.open_count() > count:  # noqa: ASYNC110 - a thread tells nobody
                await asyncio.sleep(0.01)

    watching, first, second = (FileReader(path, name) for name in "abc")
    held = await thread_of(watching)
    used = await thread_of(first)
    first.close()
    await is_closed(1)
    assert await thread_of(second) is used
    assert held is not used
    for reader in (second, watching):
        reader.close()
    await is_closed(0)
    for thread in (held, used):
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()
