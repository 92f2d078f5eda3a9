"""The small files of the shell: who may see what, what is said when something is away."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, MagicMock, patch

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
    HomeAssistantError,
    ServiceValidationError,
)
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest

from custom_components.vtrack_nvr import backup, system_health
from custom_components.vtrack_nvr.const import DOMAIN
from custom_components.vtrack_nvr.core.errors import (
    STORAGE_KINDS,
    ErrorKind,
    NvrError,
)
from custom_components.vtrack_nvr.core.models import CameraKey
from custom_components.vtrack_nvr.exceptions import setup_errors, translated_errors
from custom_components.vtrack_nvr.flow_report import Phrases
from custom_components.vtrack_nvr.flow_storage import storage_options
from custom_components.vtrack_nvr.issues import IssueKeeper
from custom_components.vtrack_nvr.permissions import may_see
from custom_components.vtrack_nvr.repairs import BrakeFlow
from custom_components.vtrack_nvr.runtime.gates import EntityGate
from custom_components.vtrack_nvr.runtime.listening import async_listen
from custom_components.vtrack_nvr.runtime.storage import (
    StorageChoice,
    async_storage_choices,
    is_backed_up,
)
from custom_components.vtrack_nvr.views import _status_of

CAMERA = CameraKey("nvr/1")


# Permissions


def user(*, is_admin: bool = False, readable: str = "") -> MagicMock:
    found = MagicMock(is_admin=is_admin)
    found.permissions.check_entity = lambda entity, policy: (
        entity == readable and policy == POLICY_READ
    )
    return found


async def test_footage_follows_the_permission_on_the_camera(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    entity = entity_registry.async_get_or_create(
        "camera", DOMAIN, f"{CAMERA}_live"
    ).entity_id
    assert may_see(hass, None, CAMERA)
    assert may_see(hass, user(is_admin=True), CAMERA)
    assert may_see(hass, user(readable=entity), CAMERA)
    assert not may_see(hass, user(readable="camera.other"), CAMERA)
    assert not may_see(hass, user(readable=entity), CameraKey("former"))


# Errors


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_every_kind_of_error_has_its_sentence(kind: ErrorKind) -> None:
    with (
        pytest.raises(HomeAssistantError) as raised,
        translated_errors("Porch"),
    ):
        raise NvrError(kind, "detail")
    assert raised.value.translation_key == str(kind)
    is_users_fault = kind in {ErrorKind.NO_FOOTAGE, ErrorKind.UNSUPPORTED}
    assert isinstance(raised.value, ServiceValidationError) is is_users_fault


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        (ErrorKind.AUTH_REFUSED, ConfigEntryAuthFailed),
        (ErrorKind.UNREACHABLE, ConfigEntryNotReady),
        (ErrorKind.TLS, ConfigEntryError),
    ],
)
def test_set_up_asks_retries_or_gives_up(
    kind: ErrorKind, raised: type[Exception]
) -> None:
    with pytest.raises(raised), setup_errors("Porch"):
        raise NvrError(kind)


def test_views_say_whether_footage_is_away_or_gone() -> None:
    for kind in STORAGE_KINDS:
        assert _status_of(NvrError(kind)) is HTTPStatus.SERVICE_UNAVAILABLE
    assert _status_of(NvrError(ErrorKind.GONE)) is HTTPStatus.NOT_FOUND


# Storage


async def test_media_dirs_and_mounts_below_them_are_offered(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    share = tmp_path / "media" / "nas"
    share.mkdir(parents=True)
    hass.config.media_dirs = {
        "local": str(tmp_path / "media"),
        "later": str(tmp_path / "not" / "there"),
    }
    with patch(
        "custom_components.vtrack_nvr.runtime.storage.os.path.ismount",
        lambda path: Path(path) == share,
    ):
        choices = await async_storage_choices(hass)
        labels = [
            option["label"]
            for option in await storage_options(hass, await Phrases.async_load(hass))
        ]
    assert [(item.name, item.is_mount) for item in choices] == [
        ("local", False),
        ("local/nas", True),
        ("later", False),
    ]
    assert "share of its own" in labels[1]


async def test_a_folder_inside_the_configuration_warns_of_backups(
    hass: HomeAssistant,
) -> None:
    hass.config.media_dirs = {"local": hass.config.path("media")}
    [choice] = await async_storage_choices(hass)
    assert is_backed_up(choice)
    [option] = await storage_options(hass, await Phrases.async_load(hass))
    assert "backups" in option["label"]
    mounted = StorageChoice("/share", "share", 1, 2, is_mount=True, is_in_config=True)
    assert not is_backed_up(mounted)


async def test_a_share_that_does_not_answer_is_not_offered(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    with patch(
        "custom_components.vtrack_nvr.runtime.storage.shutil.disk_usage",
        side_effect=OSError,
    ):
        assert await async_storage_choices(hass) == []


# Gates


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        ("on", True),
        ("off", False),
        ("armed_away", True),
        ("disarmed", False),
        ("not_home", True),
        ("home", False),
        ("unavailable", True),
        ("unknown", True),
    ],
)
async def test_a_gate_follows_its_entity(
    hass: HomeAssistant, state: str, is_open: bool
) -> None:
    hass.states.async_set("schedule.night", state)
    gate = EntityGate(hass, {CAMERA: ("schedule.night",)}, pytest.fail)
    assert gate.is_open(CAMERA) is is_open
    assert gate.is_open(CameraKey("without gate"))


async def test_a_gate_whose_entity_is_gone_is_open_and_says_so(
    hass: HomeAssistant,
) -> None:
    missing: list[str] = []
    gate = EntityGate(hass, {CAMERA: ("schedule.gone",)}, missing.append)
    assert gate.is_open(CAMERA)
    assert missing == ["schedule.gone"]


# Issues and repairs


def hub_with(**health: Any) -> MagicMock:
    values = {
        "roots": (),
        "braked": None,
        "full_of_protected": (),
        "index_events": (),
        "problem": None,
        **health,
    }
    hub = MagicMock()
    hub.library.health = AsyncMock(return_value=MagicMock(**values))
    return hub


@pytest.mark.parametrize("kind", sorted(STORAGE_KINDS))
async def test_a_storage_problem_is_an_issue_until_it_is_over(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry, kind: ErrorKind
) -> None:
    root = MagicMock(id=1, path="/media", problem=NvrError(kind))
    hub = hub_with(roots=(root,))
    keeper = IssueKeeper(hass, hub)
    keeper.async_start()
    await hass.async_block_till_done()
    assert {issue.translation_key for issue in issue_registry.issues.values()} == {
        str(kind)
    }
    root.problem = None
    told: Callable[[Any], None] = hub.library.subscribe.call_args.args[0]
    told(MagicMock(kind="storage"))
    await hass.async_block_till_done()
    assert not issue_registry.issues


async def test_retention_that_waits_or_has_nothing_left_is_an_issue(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry
) -> None:
    hub = hub_with(braked=object(), full_of_protected=(1,))
    IssueKeeper(hass, hub).async_start()
    await hass.async_block_till_done()
    assert {issue.issue_id for issue in issue_registry.issues.values()} == {
        "retention_brake",
        "only_protected_left",
    }


async def test_an_index_that_was_rebuilt_or_is_damaged_is_told(
    hass: HomeAssistant, issue_registry: ir.IssueRegistry
) -> None:
    rebuilt = MagicMock(kind="rebuilt")
    hub = hub_with(index_events=(rebuilt,), problem=ErrorKind.INDEX_FAILED)
    IssueKeeper(hass, hub).async_start()
    await hass.async_block_till_done()
    assert {issue.issue_id for issue in issue_registry.issues.values()} == {
        "index_rebuilt",
        "index_damaged",
    }


async def test_retention_goes_on_with_exactly_what_was_shown(
    hass: HomeAssistant,
) -> None:
    hub = MagicMock()
    hub.library.care.braked = MagicMock(token="T", clips=3, bytes=2e9, braked=(1,))
    hub.library.care.run_retention = AsyncMock()
    hass.data[DOMAIN] = hub
    flow = BrakeFlow()
    flow.hass = hass
    form = await flow.async_step_init()
    assert form["description_placeholders"] == {
        "clips": "3",
        "gigabytes": "2.0",
        "cameras": "1",
    }
    hub.library.care.run_retention.assert_not_called()
    with patch.object(flow, "async_create_entry", return_value={"type": "done"}):
        await flow.async_step_confirm({})
    hub.library.care.run_retention.assert_awaited_once_with("T")
    hub.library.care.braked = None
    result = await flow.async_step_init()
    assert result["type"] is FlowResultType.ABORT


# Events of devices


async def test_listening_ends_where_a_device_has_no_events(
    hass: HomeAssistant,
) -> None:
    async def events(kinds: list[ErrorKind]) -> Any:
        raise NvrError(kinds.pop(0))
        yield

    kinds = [ErrorKind.TIMEOUT, ErrorKind.UNSUPPORTED]
    device = MagicMock()
    device.events = lambda: events(kinds)
    with patch("custom_components.vtrack_nvr.runtime.listening.FIRST_PAUSE_S", 0):
        await async_listen(device, MagicMock(), MagicMock())
    assert not kinds


# Backup and system information


async def test_the_index_holds_still_during_a_backup(hass: HomeAssistant) -> None:
    await backup.async_pre_backup(hass)
    await backup.async_post_backup(hass)
    hub = MagicMock()
    hub.library.pre_backup = AsyncMock()
    hub.library.post_backup = AsyncMock()
    hass.data[DOMAIN] = hub
    await backup.async_pre_backup(hass)
    hub.library.pre_backup.assert_awaited_once()
    hub.library.post_backup.assert_not_awaited()
    await backup.async_post_backup(hass)
    hub.library.post_backup.assert_awaited_once()


async def test_system_information_sums_up(hass: HomeAssistant) -> None:
    hub = hub_with(
        roots=(
            MagicMock(clips=2, clip_bytes=1_500_000_000, problem=None),
            MagicMock(clips=1, clip_bytes=0, problem=NvrError(ErrorKind.STORAGE_FULL)),
        ),
        index_bytes=2_000_000,
    )
    hub.engine.status.return_value.nvrs = {"a": 1}
    hass.data[DOMAIN] = hub
    register = MagicMock()
    system_health.async_register(hass, register)
    [info] = register.async_register_info.call_args.args
    assert await info(hass) == {
        "clips": 3,
        "gigabytes": 1.5,
        "storage_problems": 1,
        "index_megabytes": 2.0,
        "devices": 1,
    }
