"""Every door, tried by everybody: actions, views, pictures and players, REST and WebSocket.

One table says what each person may do to each camera; each door has to agree with it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
import itertools
from typing import Any, override

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components.media_player import (
    MediaPlayerEntity,
    MediaPlayerEntityFeature,
)
from homeassistant.components.media_source import async_resolve_media
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockUser,
    setup_test_component_platform,
)
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.intervals import TimeRange
from tests.shell.rig import MakeWhole, sync

pytestmark = pytest.mark.long

OPEN, CLOSED = "a", "b"
"""A camera that some may use, and one that is for administrators only."""
PEOPLE: dict[str, dict[str, frozenset[str]]] = {
    "owner": {OPEN: frozenset({POLICY_READ, POLICY_CONTROL}),
              CLOSED: frozenset({POLICY_READ, POLICY_CONTROL})},
    "administrator": {OPEN: frozenset({POLICY_READ, POLICY_CONTROL}),
                      CLOSED: frozenset({POLICY_READ, POLICY_CONTROL})},
    "one camera": {OPEN: frozenset({POLICY_READ, POLICY_CONTROL}), CLOSED: frozenset()},
    "reader": {OPEN: frozenset({POLICY_READ}), CLOSED: frozenset()},
    "stranger": {OPEN: frozenset(), CLOSED: frozenset()},
}  # fmt: skip
NOT_SIGNED_IN = "nobody"


@dataclass(frozen=True)
class Camera:
    """A camera with footage: what doors are opened with."""

    entity_id: str
    clip: int
    export: int
    range: dict[str, str]


type Act = Callable[[Camera], dict[str, Any]]
ACTIONS: dict[str, tuple[str, Act]] = {
    "get_status": (POLICY_READ, lambda c: {"entity_id": c.entity_id}),
    "sync": (POLICY_CONTROL, lambda c: {"entity_id": c.entity_id, "wait": False}),
    "save_clip": (POLICY_CONTROL, lambda c: {"entity_id": c.entity_id, **c.range}),
    "record": (POLICY_CONTROL, lambda c: {"entity_id": c.entity_id, "duration": 1}),
    "export": (POLICY_CONTROL, lambda c: {"entity_id": c.entity_id, **c.range}),
    "list_exports": (POLICY_READ, lambda c: {"entity_id": c.entity_id}),
    "verify": (POLICY_CONTROL, lambda c: {"entity_id": c.entity_id, **c.range}),
    "list_recordings": (POLICY_READ, lambda c: {"entity_id": c.entity_id}),
    "protect": (POLICY_CONTROL, lambda c: {"clip_id": c.clip}),
    "stop_recording": (POLICY_CONTROL, lambda c: {"entity_id": c.entity_id}),
    "cancel_sync": (POLICY_CONTROL, lambda c: {"entity_id": c.entity_id}),
    "share": (POLICY_CONTROL, lambda c: {"clip_id": c.clip}),
    "unprotect": (POLICY_CONTROL, lambda c: {"clip_id": c.clip}),
}
"""The policy and the data of each action that names a camera or its footage."""
OF_ADMINISTRATORS: dict[str, Act] = {
    "delete": lambda c: {"entity_id": c.entity_id, **c.range},
    "restore": lambda c: {"entity_id": c.entity_id},
    "purge": lambda c: {"entity_id": c.entity_id},
    "preview_retention": lambda c: {},
    "rescan": lambda c: {},
    "pause": lambda c: {},
    "resume": lambda c: {},
}
"""Actions that destroy footage, undo that, or concern the whole house."""
OF_WHO_MADE_IT = {"delete_export", "list_shares", "revoke_share"}
"""Actions whose rights hang on who made something: tried where they are."""
VIEWS: dict[str, Callable[[Camera], str]] = {
    "clip": lambda c: f"/api/{DOMAIN}/clip/{c.clip}",
    "thumbnail": lambda c: f"/api/{DOMAIN}/thumbnail/{c.clip}",
    "strip": lambda c: f"/api/{DOMAIN}/strip/{c.clip}",
    "frame": lambda c: f"/api/{DOMAIN}/frame/{c.clip}/1500",
    "export": lambda c: f"/api/{DOMAIN}/export/{c.export}",
}


WITH_HEAD = {"clip", "export"}


class Player(MediaPlayerEntity):
    """A player that resolves what it is told to play, as all of them do."""

    _attr_name = "Hall"
    _attr_supported_features = MediaPlayerEntityFeature.PLAY_MEDIA

    def __init__(self) -> None:
        self.played: list[str] = []

    @override
    async def async_play_media(
        self, media_type: str, media_id: str, **_options: Any
    ) -> None:
        played = await async_resolve_media(self.hass, media_id, self.entity_id)
        self.played.append(played.url)


@pytest.fixture
async def player(hass: HomeAssistant) -> Player:
    """Return a player that is set up."""
    made = Player()
    setup_test_component_platform(hass, "media_player", [made])
    assert await async_setup_component(
        hass, "media_player", {"media_player": {"platform": "test"}}
    )
    await hass.async_block_till_done()
    return made


@pytest.fixture
async def cameras(hass: HomeAssistant, whole: MakeWhole) -> dict[str, Camera]:
    """Return two cameras of one NVR with footage and a film each."""
    await whole("mapping-video-source")
    await sync(hass)
    hub = hass.data[DOMAIN]
    found: dict[str, Camera] = {}
    clips = await hub.library.browse.recent(99)
    for name, entity_id in zip(
        (OPEN, CLOSED), sorted(hass.states.async_entity_ids("camera")), strict=False
    ):
        unique_id = er.async_get(hass).async_get(entity_id).unique_id
        key = unique_id.removesuffix("_live")
        clip = next(clip for clip in clips if clip.camera == key)
        start_ms = clip.facts.range.start_ms
        film = await hub.archive.exports.make(
            {key: name}, TimeRange(start_ms, start_ms + 1000), keep_gaps=True
        )
        found[name] = Camera(
            entity_id,
            clip.id,
            film.id,
            {
                name: datetime.fromtimestamp(second, UTC).isoformat()
                for name, second in (
                    ("start", start_ms / 1000),
                    ("end", start_ms / 1000 + 1),
                )
            },
        )
    return found


@pytest.fixture
async def tokens(hass: HomeAssistant, cameras: dict[str, Camera]) -> dict[str, str]:
    """Return a token to sign in with for each person."""
    made: dict[str, str] = {}
    for name, rights in PEOPLE.items():
        groups = [await hass.auth.async_get_group("system-admin")]
        is_admin = name in {"owner", "administrator"}
        user = MockUser(
            name=name, is_owner=name == "owner", groups=groups if is_admin else []
        ).add_to_hass(hass)
        if not is_admin:
            user.mock_policy(
                {
                    "entities": {
                        "entity_ids": {
                            cameras[camera].entity_id: dict.fromkeys(policies, True)
                            for camera, policies in rights.items()
                            if policies
                        }
                    }
                }
            )
        refresh = await hass.auth.async_create_refresh_token(user, "http://localhost")
        made[name] = hass.auth.async_create_access_token(refresh)
    return made


@pytest.fixture
async def call(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    tokens: dict[str, str],
) -> Callable[..., Awaitable[bool]]:
    """Return how to call an action over a door as a person; False is a refusal."""
    assert await async_setup_component(hass, "api", {})
    assert await async_setup_component(hass, "websocket_api", {})
    client = await hass_client_no_auth()

    async def over(door: str, person: str, domain: str, name: str, data: Any) -> bool:
        has_answer = domain == DOMAIN
        if door == "rest":
            bearer = {"Authorization": f"Bearer {tokens.get(person, 'x')}"}
            path = f"/api/services/{domain}/{name}"
            answer = await client.post(
                f"{path}?return_response" if has_answer else path,
                json=data,
                headers=bearer,
            )
            assert answer.status in {
                HTTPStatus.OK,
                HTTPStatus.UNAUTHORIZED,
                HTTPStatus.INTERNAL_SERVER_ERROR,
            }, await answer.text()
            return answer.status == HTTPStatus.OK
        socket = await hass_ws_client(hass, tokens[person])
        await socket.send_json_auto_id(
            {
                "type": "call_service",
                "domain": domain,
                "service": name,
                "service_data": data,
                "return_response": has_answer,
            }
        )
        answer = await socket.receive_json()
        await socket.close()
        if not answer["success"]:
            assert answer["error"]["code"] in {"unauthorized", "home_assistant_error"}
        return bool(answer["success"])

    return over


async def test_the_table_knows_every_action_and_every_view(
    hass: HomeAssistant, cameras: dict[str, Camera]
) -> None:
    assert set(hass.services.async_services_for_domain(DOMAIN)) == (
        ACTIONS.keys() | OF_ADMINISTRATORS.keys() | OF_WHO_MADE_IT
    )
    views = {
        resource.canonical.split("/")[3]
        for resource in hass.http.app.router.resources()
        if resource.canonical.startswith(f"/api/{DOMAIN}/")
    }
    # of a device, see below; by a link, whose maker's rights count; below a secret address
    assert views == {*VIEWS, "report", "shared", "hls", "s"}


@pytest.mark.parametrize("door", ["rest", "websocket"])
async def test_an_action_is_done_for_those_who_may_and_for_nobody_else(
    call: Callable[..., Awaitable[bool]], cameras: dict[str, Camera], door: str
) -> None:
    for name, (policy, data) in ACTIONS.items():
        for person, rights in PEOPLE.items():
            for camera, policies in rights.items():
                done = await call(door, person, DOMAIN, name, data(cameras[camera]))
                assert done is (policy in policies), (name, person, camera)
        if door == "rest":
            opened = data(cameras[OPEN])
            assert not await call(door, NOT_SIGNED_IN, DOMAIN, name, opened)


@pytest.mark.parametrize("door", ["rest", "websocket"])
async def test_what_destroys_is_done_for_administrators_and_for_nobody_else(
    call: Callable[..., Awaitable[bool]], cameras: dict[str, Camera], door: str
) -> None:
    for name, data in OF_ADMINISTRATORS.items():
        for person in PEOPLE:
            done = await call(door, person, DOMAIN, name, data(cameras[OPEN]))
            assert done is (person in {"owner", "administrator"}), (name, person)
        if door == "rest":
            opened = data(cameras[OPEN])
            assert not await call(door, NOT_SIGNED_IN, DOMAIN, name, opened)


async def test_a_view_answers_those_who_may_see_the_camera(
    hass_client_no_auth: ClientSessionGenerator,
    cameras: dict[str, Camera],
    tokens: dict[str, str],
) -> None:
    client = await hass_client_no_auth()
    for name, camera, method in itertools.product(VIEWS, cameras, ("get", "head")):
        if method == "head" and name not in WITH_HEAD:
            continue
        path = VIEWS[name](cameras[camera])
        assert (await client.request(method, path)).status == HTTPStatus.UNAUTHORIZED
        for person, rights in PEOPLE.items():
            bearer = {"Authorization": f"Bearer {tokens[person]}"}
            status = (await client.request(method, path, headers=bearer)).status
            may = POLICY_READ in rights[camera]
            expected = HTTPStatus.OK if may else HTTPStatus.FORBIDDEN
            assert status == expected, (name, method, person, camera)


async def test_the_report_on_a_device_is_for_administrators(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    tokens: dict[str, str],
) -> None:
    client = await hass_client_no_auth()
    [entry] = hass.config_entries.async_entries(DOMAIN)
    path = f"/api/{DOMAIN}/report/{entry.entry_id}"
    assert (await client.get(path)).status == HTTPStatus.UNAUTHORIZED
    for person, token in tokens.items():
        bearer = {"Authorization": f"Bearer {token}"}
        is_admin = person in {"owner", "administrator"}
        # there is none yet
        expected = HTTPStatus.NOT_FOUND if is_admin else HTTPStatus.FORBIDDEN
        assert (await client.get(path, headers=bearer)).status == expected, person


@pytest.mark.parametrize("door", ["rest", "websocket"])
async def test_a_player_is_given_the_footage_that_who_asks_may_see(
    hass: HomeAssistant,
    player: Player,
    call: Callable[..., Awaitable[bool]],
    cameras: dict[str, Camera],
    door: str,
) -> None:
    for user in await hass.auth.async_get_users():
        if user.name in PEOPLE and not user.is_admin:
            user.permissions = _with_player(user, player.entity_id)
    for person, rights in PEOPLE.items():
        for camera, policies in rights.items():
            player.played.clear()
            clip = f"media-source://{DOMAIN}/clip/{cameras[camera].clip}"
            data = {
                "entity_id": player.entity_id,
                "media_content_id": clip,
                "media_content_type": "video/mp4",
            }
            await call(door, person, "media_player", "play_media", data)
            assert bool(player.played) is (POLICY_READ in policies), (person, camera)


def _with_player(user: Any, entity_id: str) -> Any:
    """Return a person's rights and those on a player, which are not what is tried."""

    class Rights:
        def __init__(self, before: Any) -> None:
            self._before = before

        def __getattr__(self, name: str) -> Any:
            return getattr(self._before, name)

        def check_entity(self, entity: str, policy: str) -> bool:
            return entity == entity_id or self._before.check_entity(entity, policy)

    return Rights(user.permissions)
