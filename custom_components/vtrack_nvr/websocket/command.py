"""How a command is made: its name, its fields, who may, and what errors become."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
import voluptuous as vol

from ..const import DOMAIN
from ..core.errors import NvrError
from .caller import Caller
from .errors import FAILED, TOO_MANY, CommandError, as_command_error, not_allowed

MOST_OPEN: Final = 32
"""Commands of one connection that are worked on at the same time."""

type Work = Callable[[Caller, dict[str, Any]], Awaitable[Any]]

COMMANDS: dict[str, Any] = {}
"""All commands by their names, as Home Assistant registers them."""
WORKS: dict[str, Work] = {}
"""What each of them does once its fields and rights are looked at."""
_open: dict[ActiveConnection, int] = {}


def command(
    name: str, fields: dict[Any, Any] | None = None, *, admin: bool = False
) -> Callable[[Work], Work]:
    """Make a function a command: it returns the answer, or raises what is told."""
    schema: Any = {vol.Required("type"): f"{DOMAIN}/{name}", **(fields or {})}

    def decorate(work: Work) -> Work:
        async def handle(
            hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
        ) -> None:
            await _answer(work, Caller(hass, connection), msg, admin=admin)

        responding = websocket_api.async_response(handle)
        WORKS[name] = work
        COMMANDS[name] = websocket_api.websocket_command(schema)(responding)
        return work

    return decorate


@callback
def async_register_commands(hass: HomeAssistant) -> None:
    """Let Home Assistant take the commands."""
    for handler in COMMANDS.values():
        websocket_api.async_register_command(hass, handler)


async def _answer(
    work: Work, caller: Caller, msg: dict[str, Any], *, admin: bool
) -> None:
    connection = caller.connection
    try:
        if _open.get(connection, 0) >= MOST_OPEN:
            raise CommandError(TOO_MANY, "too_many", most=MOST_OPEN)
        _open[connection] = _open.get(connection, 0) + 1
        try:
            if admin:
                caller.require_admin()
            result = await work(caller, msg)
        finally:
            _open[connection] -= 1
            if not _open[connection]:
                del _open[connection]
    except CommandError as error:
        _send(connection, msg, error.code, error)
    except NvrError as error:
        _send(connection, msg, *as_command_error(error, name_of(msg)))
    except Unauthorized:
        refusal = not_allowed()
        _send(connection, msg, refusal.code, refusal)
    except HomeAssistantError as error:
        _send(connection, msg, FAILED, error)
    else:
        connection.send_result(msg["id"], result)


def name_of(msg: dict[str, Any]) -> str:
    """Return how an error names what was asked for."""
    named = msg.get("camera") or msg.get("nvr") or msg.get("clip") or DOMAIN
    return str(named)


def _send(
    connection: ActiveConnection,
    msg: dict[str, Any],
    code: str,
    error: HomeAssistantError,
) -> None:
    connection.send_error(
        msg["id"],
        code,
        str(error),
        translation_domain=error.translation_domain,
        translation_key=error.translation_key,
        translation_placeholders=error.translation_placeholders,
    )
