"""Views whose addresses are secrets: Home Assistant's own log each path at debug level."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import override

from aiohttp import web
from homeassistant.components.http import HomeAssistantView
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import KEY_ALLOW_ALL_CORS


class UnloggedView(HomeAssistantView):
    """A view without a login that never tells a log which address was asked for.

    Whoever knows the address may ask: `get` and `head` check what is in it.
    """

    requires_auth = False

    @override
    def register(
        self, hass: HomeAssistant, app: web.Application, router: web.UrlDispatcher
    ) -> None:
        assert self.url is not None
        allow_cors = app.get(KEY_ALLOW_ALL_CORS) if self.cors_allowed else None
        for method in ("get", "head"):
            answer: Callable[..., Awaitable[web.StreamResponse]] = getattr(self, method)
            for url in (self.url, *self.extra_urls):
                route = router.add_route(method, url, _handler(hass, answer))
                if allow_cors is not None:
                    allow_cors(route)


def _handler(
    hass: HomeAssistant, answer: Callable[..., Awaitable[web.StreamResponse]]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if hass.is_stopping:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        return await answer(request, **request.match_info)

    return handle
