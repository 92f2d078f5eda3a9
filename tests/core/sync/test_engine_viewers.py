"""Stories of people who watch: footage on the device, and the device live."""

from custom_components.vtrack_nvr.core.intervals import TimeRange, total_ms
from custom_components.vtrack_nvr.core.models import CoverageState
from custom_components.vtrack_nvr.core.sync.requests import WATCHED
from custom_components.vtrack_nvr.core.sync.settings import (
    CameraSettings,
    CameraSpec,
    NvrSettings,
    NvrSpec,
    SyncMode,
)

from .rig import (
    CAM,
    CAM2,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    EngineRig,
    a_rig,
    make_engine,
    running,
)

ON_DEMAND = CameraSettings(mode=SyncMode.ON_DEMAND)


class Living:
    """Somebody in front of a screen, or nobody."""

    def __init__(self) -> None:
        self.is_there = False

    def is_watched(self) -> bool:
        return self.is_there


def attach(rig: EngineRig, viewers: Living, sessions: int | None) -> None:
    rig.engine.attach_nvr(
        NvrSpec(
            NVR,
            rig.device,
            {
                CAM: CameraSpec(recording_tokens=("r1",)),
                CAM2: CameraSpec(recording_tokens=("r2",)),
            },
            NvrSettings(sessions=sessions),
            viewers=viewers,
        )
    )


async def test_what_is_watched_goes_before_what_was_asked_for() -> None:
    async with a_rig(speed=4.0) as rig:
        rig.record(3 * HOUR)
        rig.attach(settings=ON_DEMAND)
        await rig.engine.sync_now()
        asked = TimeRange(NOW - 2 * HOUR, NOW - HOUR)
        await rig.engine.request(CAM, asked)
        await rig.sleep(60)
        assert rig.fetcher.running == 1
        begun_ms = rig.clock.now_ms()
        watched = TimeRange(NOW - 3 * HOUR, NOW - 3 * HOUR + MINUTE)
        want = await rig.engine.watch(CAM, watched)
        await rig.sleep(5)
        last = rig.fetcher.begun[-1]
        assert last.job.device_range == watched
        assert last.at_ms - begun_ms <= 3_000
        saved = await rig.engine.wait_for(want)
        assert saved.outcome == "kept"
        assert rig.fetcher.most_running == 1
        await rig.sleep(1800)
        assert not rig.library.open_wants, "the request went on and was served"


async def test_a_viewer_does_not_wait_for_a_request_that_is_under_way_elsewhere_in_it() -> (
    None
):
    async with a_rig(speed=2.0) as rig:
        rig.record(3 * HOUR)
        rig.attach(settings=ON_DEMAND)
        await rig.engine.sync_now()
        await rig.engine.request(CAM, TimeRange(NOW - 2 * HOUR, NOW - HOUR))
        await rig.sleep(30)
        watched = TimeRange(NOW - 80 * MINUTE, NOW - 79 * MINUTE)
        await rig.engine.watch(CAM, watched)
        await rig.sleep(5)
        assert rig.fetcher.begun[-1].job.device_range == watched


async def test_the_last_viewer_is_served_first() -> None:
    async with a_rig(speed=1.0) as rig:
        rig.record(3 * HOUR)
        rig.attach(settings=ON_DEMAND)
        await rig.engine.sync_now()
        first = TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + 10_000)
        await rig.engine.watch(CAM, first)
        await rig.sleep(2)
        await rig.engine.watch(CAM, TimeRange(NOW - 90 * MINUTE, NOW - 89 * MINUTE))
        await rig.sleep(1)
        last = TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        await rig.engine.watch(CAM, last)
        await rig.sleep(30)
        begun = [item.job.device_range for item in rig.fetcher.begun]
        assert begun[:2] == [first, last]


async def test_what_nobody_watches_any_more_is_fetched_no_further_and_kept() -> None:
    async with a_rig(speed=2.0) as rig:
        rig.fetcher.gop_ms = 2_000
        rig.record(3 * HOUR)
        rig.attach(settings=ON_DEMAND)
        await rig.engine.sync_now()
        watched = TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + 10 * MINUTE)
        want = await rig.engine.watch(CAM, watched)
        await rig.sleep(30)
        assert rig.fetcher.running == 1
        assert await rig.engine.unwatch(want)
        assert not await rig.engine.unwatch(want)
        await rig.sleep(5)
        assert rig.fetcher.running == 0
        assert not rig.engine.is_open(want)
        (kept,) = rig.library.book(CAM).kept
        assert kept.start_ms <= watched.start_ms
        assert 20_000 < kept.duration_ms < 3 * MINUTE
        await rig.sleep(600)
        assert rig.fetcher.running == 0
        assert rig.kept_ms() == kept.duration_ms


async def test_two_who_watch_the_same_end_it_together() -> None:
    async with a_rig(speed=1.0) as rig:
        rig.record(3 * HOUR)
        rig.attach(settings=ON_DEMAND)
        await rig.engine.sync_now()
        watched = TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + 10 * MINUTE)
        first = await rig.engine.watch(CAM, watched)
        second = await rig.engine.watch(CAM, watched)
        assert first.id == second.id
        assert not await rig.engine.unwatch(first)
        assert rig.engine.is_open(second)
        assert await rig.engine.unwatch(second)


async def test_a_request_of_the_same_outlives_its_viewer() -> None:
    async with a_rig(speed=2.0) as rig:
        rig.record(3 * HOUR)
        rig.attach(settings=ON_DEMAND)
        await rig.engine.sync_now()
        wanted = TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + MINUTE)
        viewed = await rig.engine.watch(CAM, wanted)
        asked = await rig.engine.request(CAM, wanted)
        assert asked.id != viewed.id
        await rig.sleep(3)
        await rig.engine.unwatch(viewed)
        saved = await rig.engine.wait_for(asked)
        assert saved.is_whole


async def test_viewers_are_forgotten_at_a_restart() -> None:
    async with a_rig(speed=1.0) as rig:
        rig.record(3 * HOUR)
        rig.attach(settings=ON_DEMAND)
        await rig.engine.sync_now()
        wanted = TimeRange(NOW - 2 * HOUR, NOW - HOUR)
        want = await rig.engine.watch(CAM, wanted)
        assert want.note == WATCHED
        await rig.sleep(5)
        await rig.engine.stop()
        second = make_engine(rig.library, rig.fetcher, rig.clock)
        second.attach_nvr(
            NvrSpec(NVR, rig.device, {CAM: CameraSpec(ON_DEMAND, ("r1",))})
        )
        async with running(second):
            await rig.sleep(60)
            assert rig.fetcher.running == 0
            assert rig.library.closed_wants[want.id] == "cancelled"


async def test_footage_of_a_moment_ago_is_watched_as_soon_as_it_settled() -> None:
    async with a_rig() as rig:
        rig.record(HOUR)
        rig.attach(settings=ON_DEMAND)
        await rig.engine.sync_now()
        now_ms = rig.clock.now_ms()
        wanted = TimeRange(now_ms - 30_000, now_ms - 3_000)
        want = await rig.engine.watch(CAM, wanted)
        saved = await rig.engine.wait_for(want, 30)
        assert saved.outcome == "kept"


async def test_a_live_viewer_pauses_replay_of_a_device_with_one_session() -> None:
    async with a_rig(speed=8.0) as rig:
        viewers = Living()
        rig.record(3 * HOUR)
        rig.record(3 * HOUR, token="r2")
        attach(rig, viewers, None)
        await rig.sleep(60)
        assert rig.fetcher.running == 1
        viewers.is_there = True
        rig.engine.look_at_viewers(NVR)
        await rig.sleep(5)
        assert rig.fetcher.running == 0
        begun = len(rig.fetcher.begun)
        await rig.sleep(300)
        assert len(rig.fetcher.begun) == begun
        viewers.is_there = False
        await rig.sleep(30)
        assert rig.fetcher.running == 1


async def test_a_live_viewer_takes_one_of_two_sessions() -> None:
    async with a_rig(speed=4.0) as rig:
        viewers = Living()
        rig.record(3 * HOUR)
        rig.record(3 * HOUR, token="r2")
        attach(rig, viewers, 2)
        await rig.sleep(60)
        assert rig.fetcher.running == 2
        viewers.is_there = True
        await rig.sleep(30)
        assert rig.fetcher.running == 1
        await rig.sleep(300)
        assert rig.fetcher.running == 1, "replay is slowed, not stopped"
        viewers.is_there = False
        await rig.sleep(60)
        assert rig.fetcher.running == 2


async def test_what_a_person_waits_for_is_fetched_beside_a_live_viewer() -> None:
    async with a_rig(speed=8.0) as rig:
        viewers = Living()
        rig.record(3 * HOUR)
        rig.record(3 * HOUR, token="r2")
        attach(rig, viewers, None)
        await rig.sleep(30)
        viewers.is_there = True
        wanted = TimeRange(NOW - 150 * MINUTE, NOW - 149 * MINUTE)
        saved = await rig.engine.save_clip(CAM, wanted, deadline_s=60)
        assert saved.is_whole
        assert rig.fetcher.most_running == 1
        on_device = rig.ms_in(CoverageState.ON_DEVICE)
        await rig.sleep(120)
        assert rig.ms_in(CoverageState.ON_DEVICE) >= on_device
        assert total_ms(rig.library.book(CAM2).kept) < HOUR
