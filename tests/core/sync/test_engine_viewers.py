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

from .world import (
    CAM,
    CAM2,
    HOUR,
    MINUTE,
    NOW,
    NVR,
    World,
    a_world,
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


def attach(world: World, viewers: Living, sessions: int | None) -> None:
    world.engine.attach_nvr(
        NvrSpec(
            NVR,
            world.device,
            {
                CAM: CameraSpec(recording_tokens=("r1",)),
                CAM2: CameraSpec(recording_tokens=("r2",)),
            },
            NvrSettings(sessions=sessions),
            viewers=viewers,
        )
    )


async def test_what_is_watched_goes_before_what_was_asked_for() -> None:
    async with a_world(speed=4.0) as world:
        world.record(3 * HOUR)
        world.attach(settings=ON_DEMAND)
        await world.engine.sync_now()
        asked = TimeRange(NOW - 2 * HOUR, NOW - HOUR)
        await world.engine.request(CAM, asked)
        await world.sleep(60)
        assert world.fetcher.running == 1
        begun_ms = world.clock.now_ms()
        watched = TimeRange(NOW - 3 * HOUR, NOW - 3 * HOUR + MINUTE)
        want = await world.engine.watch(CAM, watched)
        await world.sleep(5)
        last = world.fetcher.begun[-1]
        assert last.job.device_range == watched
        assert last.at_ms - begun_ms <= 3_000
        saved = await world.engine.wait_for(want)
        assert saved.outcome == "kept"
        assert world.fetcher.most_running == 1
        await world.sleep(1800)
        assert not world.library.open_wants, "the request went on and was served"


async def test_a_viewer_does_not_wait_for_a_request_that_is_under_way_elsewhere_in_it() -> (
    None
):
    async with a_world(speed=2.0) as world:
        world.record(3 * HOUR)
        world.attach(settings=ON_DEMAND)
        await world.engine.sync_now()
        await world.engine.request(CAM, TimeRange(NOW - 2 * HOUR, NOW - HOUR))
        await world.sleep(30)
        watched = TimeRange(NOW - 80 * MINUTE, NOW - 79 * MINUTE)
        await world.engine.watch(CAM, watched)
        await world.sleep(5)
        assert world.fetcher.begun[-1].job.device_range == watched


async def test_the_last_viewer_is_served_first() -> None:
    async with a_world(speed=1.0) as world:
        world.record(3 * HOUR)
        world.attach(settings=ON_DEMAND)
        await world.engine.sync_now()
        first = TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + 10_000)
        await world.engine.watch(CAM, first)
        await world.sleep(2)
        await world.engine.watch(CAM, TimeRange(NOW - 90 * MINUTE, NOW - 89 * MINUTE))
        await world.sleep(1)
        last = TimeRange(NOW - 30 * MINUTE, NOW - 29 * MINUTE)
        await world.engine.watch(CAM, last)
        await world.sleep(30)
        begun = [item.job.device_range for item in world.fetcher.begun]
        assert begun[:2] == [first, last]


async def test_what_nobody_watches_any_more_is_fetched_no_further_and_kept() -> None:
    async with a_world(speed=2.0) as world:
        world.fetcher.gop_ms = 2_000
        world.record(3 * HOUR)
        world.attach(settings=ON_DEMAND)
        await world.engine.sync_now()
        watched = TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + 10 * MINUTE)
        want = await world.engine.watch(CAM, watched)
        await world.sleep(30)
        assert world.fetcher.running == 1
        assert await world.engine.unwatch(want)
        assert not await world.engine.unwatch(want)
        await world.sleep(5)
        assert world.fetcher.running == 0
        assert not world.engine.is_open(want)
        (kept,) = world.library.book(CAM).kept
        assert kept.start_ms <= watched.start_ms
        assert 20_000 < kept.duration_ms < 3 * MINUTE
        await world.sleep(600)
        assert world.fetcher.running == 0
        assert world.kept_ms() == kept.duration_ms


async def test_two_who_watch_the_same_end_it_together() -> None:
    async with a_world(speed=1.0) as world:
        world.record(3 * HOUR)
        world.attach(settings=ON_DEMAND)
        await world.engine.sync_now()
        watched = TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + 10 * MINUTE)
        first = await world.engine.watch(CAM, watched)
        second = await world.engine.watch(CAM, watched)
        assert first.id == second.id
        assert not await world.engine.unwatch(first)
        assert world.engine.is_open(second)
        assert await world.engine.unwatch(second)


async def test_a_request_of_the_same_outlives_its_viewer() -> None:
    async with a_world(speed=2.0) as world:
        world.record(3 * HOUR)
        world.attach(settings=ON_DEMAND)
        await world.engine.sync_now()
        wanted = TimeRange(NOW - 2 * HOUR, NOW - 2 * HOUR + MINUTE)
        viewed = await world.engine.watch(CAM, wanted)
        asked = await world.engine.request(CAM, wanted)
        assert asked.id != viewed.id
        await world.sleep(3)
        await world.engine.unwatch(viewed)
        saved = await world.engine.wait_for(asked)
        assert saved.is_whole


async def test_viewers_are_forgotten_at_a_restart() -> None:
    async with a_world(speed=1.0) as world:
        world.record(3 * HOUR)
        world.attach(settings=ON_DEMAND)
        await world.engine.sync_now()
        wanted = TimeRange(NOW - 2 * HOUR, NOW - HOUR)
        want = await world.engine.watch(CAM, wanted)
        assert want.note == WATCHED
        await world.sleep(5)
        await world.engine.stop()
        second = make_engine(world.library, world.fetcher, world.clock)
        second.attach_nvr(
            NvrSpec(NVR, world.device, {CAM: CameraSpec(ON_DEMAND, ("r1",))})
        )
        async with running(second):
            await world.sleep(60)
            assert world.fetcher.running == 0
            assert world.library.closed_wants[want.id] == "cancelled"


async def test_footage_of_a_moment_ago_is_watched_as_soon_as_it_settled() -> None:
    async with a_world() as world:
        world.record(HOUR)
        world.attach(settings=ON_DEMAND)
        await world.engine.sync_now()
        now_ms = world.clock.now_ms()
        wanted = TimeRange(now_ms - 30_000, now_ms - 3_000)
        want = await world.engine.watch(CAM, wanted)
        saved = await world.engine.wait_for(want, 30)
        assert saved.outcome == "kept"


async def test_a_live_viewer_pauses_replay_of_a_device_with_one_session() -> None:
    async with a_world(speed=8.0) as world:
        viewers = Living()
        world.record(3 * HOUR)
        world.record(3 * HOUR, token="r2")
        attach(world, viewers, None)
        await world.sleep(60)
        assert world.fetcher.running == 1
        viewers.is_there = True
        world.engine.look_at_viewers(NVR)
        await world.sleep(5)
        assert world.fetcher.running == 0
        begun = len(world.fetcher.begun)
        await world.sleep(300)
        assert len(world.fetcher.begun) == begun
        viewers.is_there = False
        await world.sleep(30)
        assert world.fetcher.running == 1


async def test_a_live_viewer_takes_one_of_two_sessions() -> None:
    async with a_world(speed=4.0) as world:
        viewers = Living()
        world.record(3 * HOUR)
        world.record(3 * HOUR, token="r2")
        attach(world, viewers, 2)
        await world.sleep(60)
        assert world.fetcher.running == 2
        viewers.is_there = True
        await world.sleep(30)
        assert world.fetcher.running == 1
        await world.sleep(300)
        assert world.fetcher.running == 1, "replay is slowed, not stopped"
        viewers.is_there = False
        await world.sleep(60)
        assert world.fetcher.running == 2


async def test_what_a_person_waits_for_is_fetched_beside_a_live_viewer() -> None:
    async with a_world(speed=8.0) as world:
        viewers = Living()
        world.record(3 * HOUR)
        world.record(3 * HOUR, token="r2")
        attach(world, viewers, None)
        await world.sleep(30)
        viewers.is_there = True
        wanted = TimeRange(NOW - 150 * MINUTE, NOW - 149 * MINUTE)
        saved = await world.engine.save_clip(CAM, wanted, deadline_s=60)
        assert saved.is_whole
        assert world.fetcher.most_running == 1
        on_device = world.ms_in(CoverageState.ON_DEVICE)
        await world.sleep(120)
        assert world.ms_in(CoverageState.ON_DEVICE) >= on_device
        assert total_ms(world.library.book(CAM2).kept) < HOUR
