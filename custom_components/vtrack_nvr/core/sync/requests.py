"""Requests by people and automations: from the wish to footage that is kept.

A request is a row of the library, so it outlives a restart. It is tried from two seconds
after its end, every five seconds at first: search the stretch, then fetch what the device
lists, ahead of everything else.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import logging

from ..errors import ErrorKind, Limit, LimitError, NvrError
from ..fetch_job import EndReason, FetchOutcome
from ..intervals import Ranges, TimeRange, difference, intersection, union
from ..ledger import Want
from ..models import CameraKey, CoverageSpan, CoverageState, NvrKey
from .backlog import PENDING
from .backoff import pause_s
from .camera_state import CameraState
from .engine_context import EngineContext
from .fetch_result import FAULTY_MS, HOPELESS, NOT_THE_STRETCH
from .plan import OpenWant, PlannedFetch
from .runs import Run, Runs
from .status import FootageSource, SavedClip
from .sweeper import Sweeper

_LOGGER = logging.getLogger(__name__)

QUICK_TRIES = 12
SLOWER = 6
"""After the quick tries the pause is this many times longer."""
DIRECT_EVERY = 6
"""Every so many tries footage is asked for although the device does not list it."""
LIVE_GRACE_MS = 60_000
"""How long after its clip's end a live recording may take to be complete."""

LIVE_SEAM_MS = 1_500
"""What lies between a loss and the clip after it is not waited for."""
REMEMBERED = 256
WATCHED = "watched"
"""The note of requests that end with whoever watches, and with a restart."""
_GAVE_WAY = frozenset({EndReason.YIELDED, EndReason.CANCELLED})


@dataclass(slots=True, eq=False)
class OpenRequest:
    """A request and where it stands; `open` is what can be fetched now."""

    want: Want
    tries: int = 0
    failures: int = 0
    """Searches and fetches in a row that failed."""
    next_s: float = 0.0
    open: Ranges = ()
    given_up: Ranges = ()
    missed: Ranges = ()
    """What the live recording told that it has not; the device may have it."""
    fruitless: dict[int, int] = field(default_factory=dict)
    """How often a fetch from a moment on brought nothing."""
    is_searched: bool = False
    is_busy: bool = False
    """It is being advanced or fetched for now."""
    turn_s: float | None = None
    """When it may ask the device; None: not yet in the queue for that."""
    run: Run | None = None
    """Its line in the history, from its first fetch on."""


class Requests:
    """The open requests of one NVR."""

    def __init__(
        self,
        nvr: NvrKey,
        cameras: Mapping[CameraKey, CameraState],
        sweeper: Sweeper,
        runs: Runs,
        rooms: EngineContext,
    ) -> None:
        """Know of none yet."""
        self._runs = runs
        self._nvr = nvr
        self._cameras = cameras
        self._sweeper = sweeper
        self._rooms = rooms
        self._open: dict[int, OpenRequest] = {}
        self._closed: dict[int, str] = {}
        self._waiting: dict[int, list[asyncio.Future[str]]] = {}
        self._watched: dict[int, int] = {}
        """How many watch what is fetched for a request."""
        self._turn_s = 0.0
        """When the device may be asked for the next request."""

    async def load(self) -> None:
        """Take up the requests that were open before a restart; viewers have gone."""
        for want in await self._rooms.library.wants(self._nvr):
            if want.note != WATCHED:
                self._open.setdefault(want.id, OpenRequest(want))
            elif want.id not in self._open:
                await self._rooms.library.close_want(want.id, "cancelled")

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    async def add(
        self,
        camera: CameraState,
        wanted: TimeRange,
        note: str,
        *,
        is_watched: bool = False,
    ) -> Want:
        """Store a request, or return the open one that it is a part of.

        One that `is_watched` goes ahead of the others until `unwatch`, which is to be called
        as often as this for the same.

        Raises `LimitError`: REQUESTS where too many of the camera are open, REQUEST_AHEAD
        where it ends too far in the future.
        """
        limits = self._rooms.limits
        if wanted.end_ms > self._rooms.clock.now_ms() + limits.request_ahead_ms:
            hours = str(limits.request_ahead_ms // 3_600_000)
            raise LimitError(Limit.REQUEST_AHEAD, {"most": hours})
        mine = [
            request.want
            for request in self._open.values()
            if request.want.camera == camera.key
            and (request.want.id in self._watched) is is_watched
        ]
        for want in mine:
            if want.range == wanted and is_watched:
                self._watched[want.id] += 1
                return want
            if is_watched:
                continue
            if want.range == wanted or (
                # a long one would let whoever asks for a moment wait for all of it
                want.range.duration_ms <= limits.request_merge_ms
                and want.range.start_ms <= wanted.start_ms
                and wanted.end_ms <= want.range.end_ms
            ):
                return replace(want, range=wanted)
        if len(mine) >= limits.requests_open:
            raise LimitError(Limit.REQUESTS, {"most": str(limits.requests_open)})
        if is_watched:
            note = WATCHED
        want = await self._rooms.library.add_want(camera.key, wanted, note)
        self._open.setdefault(want.id, OpenRequest(want))
        if is_watched:
            self._watched[want.id] = 1
        await camera.refresh(wanted)
        if camera.spec.live is not None and not is_watched:
            await camera.spec.live.want(camera.key, wanted)
        return want

    def due(self, now_s: float) -> list[OpenRequest]:
        """Return the requests to advance now."""
        return [
            request
            for request in self._open.values()
            if not request.is_busy
            and request.next_s <= now_s
            and request.want.camera in self._cameras
        ]

    def next_s(self) -> float | None:
        """Return when the next request is due."""
        return min(
            (
                request.next_s
                for request in self._open.values()
                if not request.is_busy and request.want.camera in self._cameras
            ),
            default=None,
        )

    async def advance(self, request: OpenRequest, *, can_talk: bool) -> None:
        """Look where a request stands: close it, open it to the planner, or wait.

        Raises what the device or the library raise; the request is then tried later.
        """
        now_ms = self._rooms.clock.now_ms()
        want = request.want
        settle_ms = int(self._rooms.waits.request_settle * 1000)
        if now_ms < want.range.end_ms + settle_ms:
            self._pause(request, (want.range.end_ms + settle_ms - now_ms) / 1000)
            return
        camera = self._cameras[want.camera]
        self._put_off(request)
        left, reachable, listed = await self._look(camera, request)
        is_old = now_ms - max(want.made_ms, want.range.end_ms) > (
            self._rooms.limits.request_max_age_s * 1000
        )
        if not left or (request.is_searched and not reachable) or is_old:
            await self._close_by(request, camera, left, is_old=is_old)
            return
        if self._is_live_to_come(camera, want, now_ms) and any(
            item.duration_ms > LIVE_SEAM_MS
            for item in difference(reachable, request.missed)
        ):
            return
        if not camera.has_replay:
            await self._close_by(request, camera, left, is_old=False)
            return
        if still := intersection(request.open, reachable):
            # Listed before and still waiting for a session: no need to search again.
            self._show(request, still)
        elif not request.is_searched and not difference(reachable, listed):
            # A sweep has seen all of it: a search now would only cost time.
            request.is_searched = True
            self._show(request, reachable)
        elif can_talk and self._has_turn(request):
            await self._open_up(request, camera)

    def fetched(self, job: PlannedFetch, outcome: FetchOutcome | None) -> None:
        """Take note that a fetch for a request ended (None: it never began)."""
        request = self._open.get(job.want_id or 0)
        if request is None:
            return
        request.is_busy = False
        self._show(request, ())
        if (run := request.run) is not None:
            run.clips += outcome.clips if outcome else 0
            run.bytes += outcome.bytes if outcome else 0
            run.errors += outcome is None or outcome.error is not None
        if outcome is None:
            self.failed(request)
        elif outcome.clips:
            request.next_s = 0.0
            request.tries = request.failures = 0
        else:
            if outcome.error is not None and outcome.reason not in _GAVE_WAY:
                self.failed(request)
            self._count_fruitless(request, job.range, outcome)

    def failed(self, request: OpenRequest) -> None:
        """Rest after a search or a fetch that failed; quickly tried again at first."""
        request.failures += 1
        waits = self._rooms.waits
        pauses = (waits.request_retry, waits.request_retry, *waits.camera_retry)
        self._pause(request, pause_s(pauses, request.failures, self._rooms.rng))

    def _count_fruitless(
        self, request: OpenRequest, tried: TimeRange, outcome: FetchOutcome
    ) -> None:
        """Give a stretch up that brings nothing again and again."""
        kind = outcome.error.kind if outcome.error else None
        if kind in NOT_THE_STRETCH or outcome.reason in _GAVE_WAY:
            return
        limit = self._rooms.limits.max_tries
        count = request.fruitless.get(tried.start_ms, 0)
        count += limit if kind in HOPELESS else 1
        request.fruitless[tried.start_ms] = count
        if count >= limit:
            end_ms = tried.end_ms
            if outcome.error is not None:
                end_ms = min(end_ms, tried.start_ms + FAULTY_MS)
            stretch = TimeRange(tried.start_ms, end_ms)
            request.given_up = union((*request.given_up, stretch))
            request.next_s = 0.0

    def fetching(self, want_id: int) -> None:
        """Take note that a fetch for a request begins."""
        if (request := self._open.get(want_id)) is not None:
            request.is_busy = True

    async def note_run(self, want_id: int) -> None:
        """Open the request's line in the history, if it has none; it is no condition."""
        request = self._open.get(want_id)
        if request is None or request.run is not None:
            return
        try:
            request.run = await self._runs.serve(request.want.camera)
        except NvrError as error:
            _LOGGER.debug("%s: history not written: %s", self._nvr, error)

    def look_again(self, camera: CameraKey, kept: TimeRange) -> None:
        """Make requests due whose footage may have come from elsewhere."""
        for request in self._open.values():
            if request.want.camera == camera and request.want.range.overlaps(kept):
                request.next_s = 0.0

    async def close(self, request: OpenRequest, outcome: str) -> None:
        """Close a request and tell who waits."""
        want = request.want
        if self._open.pop(want.id, None) is None:
            return
        self._watched.pop(want.id, None)
        self._show(request, ())
        self._closed[want.id] = outcome
        while len(self._closed) > REMEMBERED:
            del self._closed[next(iter(self._closed))]
        await self._rooms.library.close_want(want.id, outcome)
        if request.run is not None:
            await self._runs.close(request.run, outcome)
        if (camera := self._cameras.get(want.camera)) is not None:
            await camera.refresh(want.range)
        for future in self._waiting.pop(want.id, []):
            if not future.done():
                future.set_result(outcome)

    async def cancel(self, want_id: int) -> None:
        """Close a request unserved."""
        if (request := self._open.get(want_id)) is not None:
            await self.close(request, "cancelled")

    async def cancel_camera(self, camera: CameraKey) -> int:
        """Close all requests of a camera unserved; returns how many were open."""
        mine = [r for r in self._open.values() if r.want.camera == camera]
        for request in mine:
            await self.close(request, "cancelled")
        return len(mine)

    async def unwatch(self, want_id: int) -> bool:
        """Close what nobody watches any more; return whether it was open until now."""
        left = self._watched.get(want_id, 0) - 1
        if left > 0:
            self._watched[want_id] = left
            return False
        is_open = want_id in self._open
        await self.cancel(want_id)
        return is_open

    def is_open(self, want_id: int) -> bool:
        """Return whether a request is still open."""
        return want_id in self._open

    def give_up(self) -> None:
        """Let go of whoever waits; the requests stay open in the library."""
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_result("cancelled")
        self._waiting.clear()

    async def end_runs(self) -> None:
        """Close the lines of the requests that stay open over a stop."""
        for request in self._open.values():
            run, request.run = request.run, None
            if run is not None:
                await self._runs.close(run, str(ErrorKind.CANCELLED))

    def waiter(self, want: Want) -> asyncio.Future[str]:
        """Return a future of the outcome; it is done at once for a closed request."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if want.id in self._open:
            self._waiting.setdefault(want.id, []).append(future)
        else:
            future.set_result(self._closed.get(want.id, "closed"))
        return future

    async def _look(
        self, camera: CameraState, request: OpenRequest
    ) -> tuple[Ranges, Ranges, Ranges]:
        """Return what is not kept, what of that may still come, what a sweep listed."""
        wanted = request.want.range
        spans = await camera.refresh(wanted)
        left = difference(
            (wanted,), [s.range for s in spans if s.state is CoverageState.KEPT]
        )
        listed = union(span.range for span in spans if span.state in PENDING)
        request.missed = union(
            span.range
            for span in spans
            if span.state is CoverageState.ON_DEVICE and span.reason
        )
        hopeless = (*_settled(spans), *request.given_up)
        return left, difference(left, hopeless), listed

    async def _open_up(self, request: OpenRequest, camera: CameraState) -> None:
        """Search for a request and hand what is there to the planner."""
        want = request.want
        present = await self._sweeper.search_range(camera, want.range)
        _, reachable, _ = await self._look(camera, request)
        can_fetch = intersection(reachable, present)
        if not can_fetch and request.tries % DIRECT_EVERY == 0:
            can_fetch = reachable
        request.is_searched = True
        self._show(request, can_fetch)

    async def _close_by(
        self,
        request: OpenRequest,
        camera: CameraState,
        left: Ranges,
        *,
        is_old: bool,
    ) -> None:
        if not left:
            outcome = "kept"
        elif is_old:
            outcome = "expired"
        elif left == (request.want.range,):
            outcome = "missing"
        else:
            outcome = "partly"
        _LOGGER.debug("%s: request %s: %s", camera.key, request.want.id, outcome)
        await self.close(request, outcome)

    def _is_live_to_come(self, camera: CameraState, want: Want, now_ms: int) -> bool:
        """Return whether the live recording may still bring the footage."""
        if camera.decision.source is not FootageSource.LIVE:
            return False
        clip_ms = camera.spec.settings.clip_ms
        return now_ms < want.range.end_ms + clip_ms + LIVE_GRACE_MS

    def _show(self, request: OpenRequest, can_fetch: Ranges) -> None:
        """Let the planner see what of a request can be fetched now."""
        request.open = can_fetch
        camera = self._cameras.get(request.want.camera)
        if camera is not None:
            camera.open_wants = tuple(
                OpenWant(
                    other.want.id,
                    other.want.made_ms,
                    other.open,
                    is_watched=other.want.id in self._watched,
                )
                for other in self._open.values()
                if other.want.camera == camera.key and other.open
            )

    def _has_turn(self, request: OpenRequest) -> bool:
        """Return whether the device may be searched for a request now, else queue it.

        Some at once, beyond that one after the other at an even pace: many requests are no
        reason to flood a device.
        """
        now_s, pace_s = self._rooms.clock.monotonic(), self._rooms.waits.request_pace
        if request.turn_s is None:
            burst_s = self._rooms.limits.request_burst * pace_s
            request.turn_s = max(self._turn_s, now_s - burst_s + pace_s)
            self._turn_s = request.turn_s + pace_s
        if request.turn_s > now_s:
            request.tries -= 1  # waiting for its turn is no try
            request.next_s = request.turn_s
            return False
        request.turn_s = None
        return True

    def _put_off(self, request: OpenRequest) -> None:
        """Set the next try: quick at first, slower later."""
        request.tries += 1
        retry_s = self._rooms.waits.request_retry
        self._pause(
            request, retry_s if request.tries <= QUICK_TRIES else retry_s * SLOWER
        )

    def _pause(self, request: OpenRequest, seconds: float) -> None:
        request.next_s = self._rooms.clock.monotonic() + seconds


def _settled(spans: tuple[CoverageSpan, ...]) -> Ranges:
    """Return what will never come: nothing was there, or it cannot be had."""
    return union(
        span.range
        for span in spans
        if span.state in {CoverageState.ABSENT, CoverageState.LOST}
        or (span.state is CoverageState.FAILED and span.reason in HOPELESS)
    )


async def saved_clip(
    rooms: EngineContext, camera: CameraKey, wanted: TimeRange, outcome: str
) -> SavedClip:
    """Return what the library holds of a range."""
    spans = await rooms.library.coverage(camera, wanted)
    kept = intersection(
        (span.range for span in spans if span.state is CoverageState.KEPT), (wanted,)
    )
    return SavedClip(
        camera=camera,
        range=wanted,
        outcome=outcome,
        clips=await rooms.library.clips(camera, wanted),
        kept=kept,
        missing=difference((wanted,), kept),
    )
