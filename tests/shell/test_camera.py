"""The live picture of a camera."""

from dataclasses import asdict
from unittest.mock import patch

from homeassistant.components.camera import async_get_image, async_get_stream_source
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.vtrack_nvr.const import CONF_PROFILES, DOMAIN
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from tests.shell.conftest import StartNvr, entry_for
from tests.shell.rig import MakeWhole, until


def live(hass: HomeAssistant) -> str:
    [entity_id] = hass.states.async_entity_ids("camera")
    return entity_id


async def test_the_sub_stream_is_there_for_those_who_switch_it_on(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    cameras = {
        entity.unique_id.rpartition("_live")[2]: entity
        for entity in entities
        if entity.domain == "camera"
    }
    assert cameras[""].disabled_by is None
    assert cameras["_sub"].disabled_by is er.RegistryEntryDisabler.INTEGRATION
    er.async_get(hass).async_update_entity(cameras["_sub"].entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    sources = {
        await async_get_stream_source(hass, entity.entity_id)
        for entity in cameras.values()
    }
    assert len(sources) == 2


async def test_a_camera_of_one_stream_has_one_entity(
    hass: HomeAssistant, media_dir: object, start_nvr: StartNvr
) -> None:
    nvr = (await start_nvr("h265-media2-only"))[0]
    entry = await entry_for(hass, nvr, media_dir, mode="on_demand")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert sum(entity.domain == "camera" for entity in entities) == 1


async def test_the_live_picture_follows_a_changed_stream(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    before = await async_get_stream_source(hass, live(hass))
    [subentry] = entry.subentries.values()
    [camera] = entry.runtime_data.cameras.values()
    hass.config_entries.async_update_subentry(
        entry,
        subentry,
        data={**subentry.data, CONF_PROFILES: [asdict(camera.profile(sub=True))]},
    )
    await hass.async_block_till_done()
    after = await async_get_stream_source(hass, live(hass))
    assert after not in {None, before}


async def test_a_device_that_refuses_a_still_is_said_not_to_have_given_one(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole(mode="on_demand")
    nvr.faults.snapshot_status = 500
    with pytest.raises(HomeAssistantError):
        await async_get_image(hass, live(hass))
    [camera] = entry.runtime_data.cameras.values()
    assert entry.runtime_data.has_snapshot(camera)


async def test_a_device_without_stills_gets_them_from_the_stream(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole(mode="on_demand")
    nvr.faults.no_snapshot = True
    [camera] = entry.runtime_data.cameras.values()
    assert await entry.runtime_data.async_snapshot(camera, sub=False) is None
    assert not entry.runtime_data.has_snapshot(camera)
    entity = hass.data["camera"].get_entity(live(hass))
    assert entity.use_stream_for_stills


async def test_a_stream_that_cannot_be_had_is_an_error_in_words(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    with (
        patch.object(
            entry.runtime_data.device,
            "stream_uri",
            side_effect=NvrError(ErrorKind.BUSY),
        ),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await async_get_stream_source(hass, live(hass))
    assert raised.value.translation_key == "busy"


async def test_the_login_stays_out_of_the_address_of_a_device_without_one(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole("no-login", mode="on_demand")
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_USERNAME: "", CONF_PASSWORD: ""}
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    source = await async_get_stream_source(hass, live(hass))
    assert source is not None
    assert source.startswith("rtsp://127.0.0.1:")


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/live.m3u8",
        "https://127.0.0.1/live.m3u8",
        "file:///etc/passwd",
        "rtmp://127.0.0.1/live",
        "concat:a|b",
    ],
)
async def test_only_addresses_of_rtsp_are_handed_to_the_player(
    hass: HomeAssistant, whole: MakeWhole, address: str
) -> None:
    nvr, _ = await whole(mode="on_demand")
    nvr.faults.stream_uri = address
    nvr.reset_counts()
    with pytest.raises(HomeAssistantError) as raised:
        await async_get_stream_source(hass, live(hass))
    assert raised.value.translation_key in {"not_rtsp", "protocol"}
    assert nvr.counts()["rtsp"]["requests"] == {}


async def test_the_address_of_another_host_is_that_of_the_device(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, _ = await whole(mode="on_demand")
    path = f":{nvr.rtsp_port}/live/1/main"
    nvr.faults.stream_uri = f"rtsp://10.0.0.1@192.0.2.9{path}"
    source = await async_get_stream_source(hass, live(hass))
    login = f"{nvr.spec.user}:{nvr.spec.password}"
    assert source == f"rtsp://{login}@127.0.0.1{path}"


async def test_the_player_gets_a_login_only_for_a_device_that_asks_for_a_digest(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, _ = await whole(mode="on_demand")
    nvr.faults.rtsp.challenges = ("basic",)
    with pytest.raises(HomeAssistantError) as raised:
        await async_get_stream_source(hass, live(hass))
    assert raised.value.translation_key == "cleartext_login"
    nvr.faults.rtsp.challenges = ("md5", "basic")
    source = await async_get_stream_source(hass, live(hass))
    assert source is not None
    assert f"//{nvr.spec.user}:" in source
    asked = nvr.counts()["rtsp"]["requests"]["DESCRIBE"]
    assert await async_get_stream_source(hass, live(hass)) == source
    assert nvr.counts()["rtsp"]["requests"]["DESCRIBE"] == asked
    assert nvr.counts()["rtsp"]["auth_failures"] == 0


async def test_a_device_that_asks_for_no_login_is_told_none(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole("no-login", mode="on_demand")
    assert entry.data[CONF_PASSWORD]
    source = await async_get_stream_source(hass, live(hass))
    assert source is not None
    assert source.startswith("rtsp://127.0.0.1:")


async def test_a_person_may_choose_that_the_player_sends_the_password_readable(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, entry = await whole("rtsp-basic-only", mode="on_demand")
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "cleartext": ["rtsp"]}
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.data["cleartext"] == ["rtsp"]
    source = await async_get_stream_source(hass, live(hass))
    assert source is not None
    assert f"//{nvr.spec.user}:" in source


async def test_the_picture_is_unavailable_while_the_device_is_and_the_log_says_so_once(
    hass: HomeAssistant, whole: MakeWhole, caplog: pytest.LogCaptureFixture
) -> None:
    nvr, entry = await whole(mode="on_demand")
    await nvr.stop()
    await hass.services.async_call(DOMAIN, "sync", {"wait": True}, blocking=True)

    def is_gone() -> bool:
        return hass.states.get(live(hass)).state == STATE_UNAVAILABLE

    coordinator = entry.runtime_data.coordinator
    await coordinator.async_refresh()
    await until(hass, is_gone, 60)
    await coordinator.async_refresh()
    assert caplog.text.count(f"{entry.title} is unavailable") == 1
    await nvr.start()

    def is_back() -> bool:
        return hass.states.get(live(hass)).state != STATE_UNAVAILABLE

    await hass.services.async_call(DOMAIN, "sync", {"wait": True}, blocking=True)
    await coordinator.async_refresh()
    await until(hass, is_back, 60)
    assert caplog.text.count(f"{entry.title} is available again") == 1
