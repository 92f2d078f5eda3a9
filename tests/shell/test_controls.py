"""What people may change on a camera's page: selects, numbers, switches."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.vtrack_nvr.const import (
    CONF_MODE,
    CONF_RETENTION_DAYS,
    CONF_SECOND_STORAGE,
    CONF_SOURCE,
)
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.models import CameraKey, RecordingJob
from custom_components.vtrack_nvr.core.sync.settings import SyncMode
from custom_components.vtrack_nvr.runtime.recording_jobs import RecordingJobs
from tests.insides import workers_of
from tests.shell.rig import MakeWhole, until

pytestmark = pytest.mark.usefixtures("entity_registry_enabled_by_default")

CAM = CameraKey("nvr/1")


def kept(entry: MockConfigEntry) -> dict[str, object]:
    [subentry] = entry.subentries.values()
    return dict(subentry.data)


async def test_what_is_kept_is_chosen_without_a_new_start(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    runtime = entry.runtime_data
    select = "select.first_what_to_keep"
    assert hass.states.get(select).state == "everything"
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": select, "option": "on_demand"},
        blocking=True,
    )
    await hass.async_block_till_done()
    assert hass.states.get(select).state == "on_demand"
    assert kept(entry)[CONF_MODE] == "on_demand"
    assert entry.runtime_data is runtime
    [camera] = runtime.cameras.values()
    worker = workers_of(runtime.hub.engine)[runtime.key]
    assert worker.state.cameras[camera.key].spec.settings.mode is SyncMode.ON_DEMAND


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("keep_for", "retention_days", 90),
        ("keep_at_most", "retention_gb", 200),
        ("before_an_event", "pre_roll", 5),
        ("after_an_event", "post_roll", 60),
    ],
)
async def test_numbers_are_the_settings_of_the_form(
    hass: HomeAssistant, whole: MakeWhole, name: str, key: str, value: int
) -> None:
    _, entry = await whole()
    number = f"number.first_{name}"
    await hass.services.async_call(
        "number", "set_value", {"entity_id": number, "value": value}, blocking=True
    )
    await hass.async_block_till_done()
    assert kept(entry)[key] == value
    assert float(hass.states.get(number).state) == value


async def test_clips_are_not_deleted_before_they_would_be_moved(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole()
    [subentry] = entry.subentries.values()
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, CONF_SECOND_STORAGE: "/somewhere"}
    )
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            "number",
            "set_value",
            {"entity_id": "number.first_keep_for", "value": 3},
            blocking=True,
        )
    assert caught.value.translation_key == "second_too_late"
    assert kept(entry)[CONF_RETENTION_DAYS] == 30


async def test_the_live_stream_is_recorded_or_left_to_the_device(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    switch = "switch.first_record_live"
    for action, source, state in (
        ("turn_on", "live", "on"),
        ("turn_off", "replay", "off"),
    ):
        await hass.services.async_call(
            "switch", action, {"entity_id": switch}, blocking=True
        )
        await hass.async_block_till_done()
        assert kept(entry)[CONF_SOURCE] == source
        await until(hass, lambda wanted=state: hass.states.get(switch).state == wanted)


async def test_the_devices_own_recording_is_switched(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    nvr, _ = await whole(mode="on_demand")
    switch = "switch.first_record_on_the_device"
    await until(hass, lambda: hass.states.get(switch) is not None)
    assert hass.states.get(switch).state == "off"
    for action, state in (("turn_on", "on"), ("turn_off", "off")):
        await hass.services.async_call(
            "switch", action, {"entity_id": switch}, blocking=True
        )
        assert hass.states.get(switch).state == state
    [channel] = nvr.channels
    assert channel.timeline.is_growing is False


class FakeJobs:
    """A device with recording jobs, or without."""

    def __init__(self, *jobs: RecordingJob) -> None:
        self.jobs = list(jobs)
        self.error: NvrError | None = None

    async def recording_jobs(self) -> tuple[RecordingJob, ...]:
        if self.error:
            raise self.error
        return tuple(self.jobs)

    async def set_recording_job(self, token: str, *, is_active: bool) -> None:
        self.jobs = [
            RecordingJob(job.token, job.recording_token, is_active)
            if job.token == token
            else job
            for job in self.jobs
        ]


async def test_all_jobs_of_a_camera_are_switched_together() -> None:
    device = FakeJobs(
        RecordingJob("a", "main", is_active=True),
        RecordingJob("b", "sub", is_active=False),
        RecordingJob("c", "other", is_active=False),
    )
    jobs = RecordingJobs(device, lambda: {CAM: ("main", "sub")})
    offered: list[bool] = []
    jobs.async_when_offered(CAM, lambda: offered.append(True))
    assert jobs.is_on(CAM) is None
    await jobs.async_look()
    assert offered == [True]
    jobs.async_when_offered(CAM, lambda: offered.append(True))
    assert offered == [True, True]
    await jobs.async_set(CAM, is_on=True)
    assert [job.is_active for job in device.jobs] == [True, True, False]
    await jobs.async_set(CAM, is_on=False)
    assert jobs.is_on(CAM) is False


async def test_a_device_that_does_not_answer_changes_nothing() -> None:
    device = FakeJobs(RecordingJob("a", "main", is_active=True))
    jobs = RecordingJobs(device, lambda: {CAM: ("main",)})
    await jobs.async_look()
    device.error = NvrError(ErrorKind.TIMEOUT)
    await jobs.async_look()
    assert jobs.is_on(CAM) is True


async def test_a_camera_without_a_job_cannot_be_switched() -> None:
    jobs = RecordingJobs(FakeJobs(), lambda: {CAM: ("main",)})
    with pytest.raises(NvrError) as caught:
        await jobs.async_set(CAM, is_on=True)
    assert caught.value.kind is ErrorKind.UNSUPPORTED


async def test_a_refusal_of_the_device_is_said_in_words(
    hass: HomeAssistant, whole: MakeWhole
) -> None:
    _, entry = await whole(mode="on_demand")
    switch = "switch.first_record_on_the_device"
    await until(hass, lambda: hass.states.get(switch) is not None)

    async def refuse(_token: str, *, is_active: bool) -> None:
        raise NvrError(ErrorKind.NO_PERMISSION)

    entry.runtime_data.device.set_recording_job = refuse
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(
            "switch", "turn_on", {"entity_id": switch}, blocking=True
        )
    assert caught.value.translation_key == "no_permission"
    assert er.async_get(hass).async_get(switch) is not None
