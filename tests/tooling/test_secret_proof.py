"""The demo's search for a password finds it in every place and encoding."""

import asyncio
import base64
from collections.abc import Callable
from contextlib import closing
import html
import json
import os
from pathlib import Path
import sqlite3
import sys
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web
import pytest

from scripts.demo_lib.processes import running, start
from scripts.demo_lib.secret_proof import (
    ALLOWED,
    PASSWORD,
    Overheard,
    SecretScan,
    secret_in_files,
)

SCAN = SecretScan(PASSWORD)
ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "json": json.dumps,
    "json in json": lambda text: json.dumps(json.dumps(text)),
    "repr": repr,
    "url": lambda text: quote(text, safe=""),
    "url of a form": quote_plus,
    "lower-case url": lambda text: quote(text, safe="").lower().replace("zq7", "Zq7")
    .replace("mango", "Mango").replace("se%20cret9", "Se%20cret9"),
    "url twice": lambda text: quote(quote(text, safe=""), safe=""),
    "xml": escape,
    "html": html.escape,
    "hex": lambda text: text.encode().hex(),
    "basic": lambda text: base64.b64encode(f"viewer:{text}".encode()).decode(),
}  # fmt: skip


def test_the_password_needs_every_escape() -> None:
    assert set('"&<%@/:+\\ ') <= set(PASSWORD)
    assert not PASSWORD.isascii()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_that_holds_the_password_is_told_by_its_place(
    tmp_path: Path, encoding: str
) -> None:
    written = ENCODINGS[encoding](PASSWORD)
    (tmp_path / "clip.mp4").write_bytes(b"\0\xff" + written.encode() + b"\xfe\0")
    found = secret_in_files(tmp_path, SCAN)
    assert found == ["the password is in the file clip.mp4"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "utf-16-be"])
def test_bytes_of_other_alphabets_are_found(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "journal").write_bytes(b"\0" + PASSWORD.encode(encoding))
    assert secret_in_files(tmp_path, SCAN) == ["the password is in the file journal"]


def test_names_of_files_and_rows_of_databases_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / quote(PASSWORD, safe="")).touch()
    with closing(sqlite3.connect(tmp_path / "index.db")) as database:
        # A page holds 4096 bytes: the password lies on the border of two.
        database.execute("PRAGMA page_size = 4096")
        database.execute("CREATE TABLE t (text)")
        database.executemany(
            "INSERT INTO t VALUES (?)",
            [("x" * (4_050 + n) + PASSWORD + "x" * 9_000,) for n in range(60)],
        )
        database.commit()
    assert secret_in_files(tmp_path, SCAN) == [
        "the password is in a file's name in .",
        "the password is in the file index.db",
    ]


def test_only_the_entries_of_home_assistant_may_hold_it(tmp_path: Path) -> None:
    for name in (*ALLOWED, ".storage/core.config_entries.bak", ".storage/other"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"password": PASSWORD}), encoding="utf-8")
    assert secret_in_files(tmp_path, SCAN) == [
        "the password is in the file .storage/core.config_entries.bak",
        "the password is in the file .storage/other",
    ]
    assert secret_in_files(tmp_path, SecretScan("another-Pass-9")) == []


async def test_what_processes_show_is_seen(tmp_path: Path) -> None:
    overheard = Overheard(SCAN)
    wait = "import time; print(flush=True); time.sleep(60)"
    shows = {"LOGIN": quote(PASSWORD)}
    async with overheard.processes():
        child = await start(
            "child",
            [sys.executable, "-c", wait, f"rtsp://viewer:{quote(PASSWORD)}@camera"],
            log=tmp_path / "log",
            cwd=tmp_path,
            environment={**os.environ, **shows},
            piped=True,
        )
        assert child.process.stdout is not None
        async with running(child), asyncio.timeout(60):
            while len(overheard.wrong) < 2:  # noqa: ASYNC110 - it only looks
                await asyncio.sleep(0.02)
    program = Path(sys.executable).name
    assert overheard.wrong == {
        f"the password is in the arguments of {program}",
        f"the password is in the environment of {program}",
    }
    assert PASSWORD not in str(overheard.wrong)


@pytest.mark.usefixtures("socket_enabled")
async def test_addresses_headers_and_answers_are_heard() -> None:
    overheard = Overheard(SCAN)

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(
            {"password": PASSWORD}, headers={"Location": quote(PASSWORD)}
        )

    app = web.Application()
    app.router.add_get("/form", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession(trace_configs=[overheard.trace()]) as session:
        url = f"http://{host}:{port}/form"
        async with session.get(url, params={"p": PASSWORD}) as heard:
            await heard.read()
    await runner.cleanup()
    assert overheard.wrong == {
        "the password is in an address asked with GET",
        "the password is in the headers of /form",
        "the password is in the answer of /form",
    }
