"""The views of playback over a library of its own, for players of others."""

from types import SimpleNamespace

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.components.http import KEY_HASS

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.runtime import HUB
from custom_components.vtrack_nvr.views_playback import ViewingView
from tests.core.playback.rig import PlaybackRig


async def serve(rig: PlaybackRig) -> TestServer:
    """Serve what is below tokens of a rig's desk; the caller closes it."""
    hub = SimpleNamespace(archive=SimpleNamespace(desk=rig.desk))
    hass = SimpleNamespace(data={HUB: hub}, is_stopping=False)
    app = web.Application()
    app[KEY_HASS] = hass
    view = ViewingView()
    view.register(hass, app, app.router)
    server = TestServer(app)
    await server.start_server()
    return server


def address(server: TestServer, token: str, what: str = "index.m3u8") -> str:
    """Return where something below a token is."""
    return str(server.make_url(f"/api/{DOMAIN}/s/{token}/{what}"))
