"""Commands that open a stretch for a player; `docs/playback.md` tells what they answer."""

from typing import Any

import voluptuous as vol

from ..core.errors import ErrorKind, NvrError
from ..exceptions import as_home_assistant_error
from ..playback_sessions import async_close_playback, async_open_playback
from .caller import Caller
from .command import command
from .errors import BAD_RANGE, CommandError
from .fields import CAMERA, MS, bounded_text, camera_of, flag

CODES = {
    ErrorKind.GONE: "unknown_camera",
    ErrorKind.NO_PERMISSION: "no_rights",
    ErrorKind.NO_FOOTAGE: "no_footage",
    ErrorKind.LIMIT: "limit",
}
"""What the kinds of errors are called there; the others by their own names."""


@command(
    "playback/open",
    {
        **CAMERA,
        vol.Required("from"): MS,
        vol.Required("to"): MS,
        vol.Optional("fetch", default=False): flag,
        vol.Optional("original", default=False): flag,
    },
)
async def playback_open(caller: Caller, msg: dict[str, Any]) -> dict[str, Any]:
    """Return where a stretch of a camera plays."""
    camera = camera_of(msg)
    try:
        return await async_open_playback(
            caller.hass,
            caller.user,
            caller.connection.refresh_token_id,
            camera,
            msg["from"],
            msg["to"],
            fetch=msg["fetch"],
        )
    except ValueError as error:
        raise CommandError(BAD_RANGE, "bad_range") from error
    except NvrError as error:
        told = as_home_assistant_error(error, camera)
        raise CommandError(
            CODES.get(error.kind, str(error.kind)),
            str(told.translation_key),
            **(told.translation_placeholders or {}),
        ) from error


@command("playback/close", {vol.Required("token"): bounded_text(100, least=1)})
async def playback_close(caller: Caller, msg: dict[str, Any]) -> None:
    """End what was opened."""
    await async_close_playback(caller.hass, caller.user, msg["token"])
