"""Starts Home Assistant, waits for it, creates its owner and signs in."""

import asyncio
from pathlib import Path
import time

import aiohttp

from .api import Api
from .config_dir import ConfigDir
from .errors import DemoError
from .processes import Child, start

USER = "demo"
PASSWORD = "demo"  # only ever reachable on loopback

_RESTART_ASKED = 100


async def launch(python: Path, config: ConfigDir) -> Child:
    """Start Home Assistant on this configuration; it is not ready yet."""
    return await start(
        "Home Assistant",
        [
            python,
            "-m",
            "homeassistant",
            "--skip-pip",
            "--log-no-color",
            "-c",
            config.folder,
        ],
        log=config.folder / "console.log",
        cwd=config.folder,
        # Ours leads to this tree, whose integration could take the place of that in `config`.
        environment={"PYTHONPATH": ""},
    )


async def wait_until_ready(
    session: aiohttp.ClientSession, url: str, child: Child, patience: float = 120
) -> None:
    """Return when Home Assistant answers; raise DemoError if it ends or takes too long."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not child.is_running:
            raise DemoError(
                f"Home Assistant ended with code {child.process.returncode}"
            )
        try:
            async with session.get(f"{url}/manifest.json") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.2)
    raise DemoError(f"Home Assistant did not answer within {patience:.0f} s")


async def wait_until_started(api: Api, child: Child, patience: float = 120) -> None:
    """Return when Home Assistant has set everything up."""
    deadline = time.monotonic() + patience
    while (await api.get("/api/config"))["state"] != "RUNNING":
        if not child.is_running or time.monotonic() > deadline:
            raise DemoError("Home Assistant did not finish its start")
        await asyncio.sleep(0.2)


async def create_owner(session: aiohttp.ClientSession, url: str) -> Api:
    """Create the owner as the first page of the frontend does, and sign in."""
    async with session.post(
        f"{url}/api/onboarding/users",
        json={
            "client_id": f"{url}/",
            "name": "Demo",
            "username": USER,
            "password": PASSWORD,
            "language": "en",
        },
    ) as answer:
        if answer.status != 200:
            raise DemoError(f"the owner could not be created: {await answer.text()}")
        code = (await answer.json())["auth_code"]
    return await _exchange(session, url, code)


async def sign_in(
    session: aiohttp.ClientSession, url: str, user: str = USER, password: str = PASSWORD
) -> Api:
    """Sign in; as the owner created before if nobody else is named."""
    client = {"client_id": f"{url}/"}
    async with session.post(
        f"{url}/auth/login_flow",
        json={**client, "handler": ["homeassistant", None], "redirect_uri": f"{url}/"},
    ) as answer:
        flow = await answer.json()
    async with session.post(
        f"{url}/auth/login_flow/{flow['flow_id']}",
        json={**client, "username": user, "password": password},
    ) as answer:
        result = await answer.json()
    if result.get("type") != "create_entry":
        raise DemoError(f"Home Assistant refused the login of {user}: {result}")
    return await _exchange(session, url, result["result"])


async def _exchange(session: aiohttp.ClientSession, url: str, code: str) -> Api:
    data = {"client_id": f"{url}/", "grant_type": "authorization_code", "code": code}
    async with session.post(f"{url}/auth/token", data=data) as answer:
        if answer.status != 200:
            raise DemoError(f"no token was given: {await answer.text()}")
        tokens = await answer.json()
    return Api(session, url, tokens["access_token"])
