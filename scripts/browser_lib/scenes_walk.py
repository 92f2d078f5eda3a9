"""The walk through the timeline in any browser: what is seen against what there is.

The house is the simulator's scenario `walk`: House has four cameras that saw the same, with a
border of clips and a gap; Attic's footage is on the device only.
"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
import time
from typing import Any

from ..demo_lib.index_rows import ClipRow, read_index
from .walker import Walker, expect
from .world import World

FRAME_MS = 100
MINUTE_MS = 60_000
NEAR_MS = 1_500
"""A film that plays has gone on before its first picture was read."""
SHARE_TOLD = 0.95
CAMERAS = ("Porch", "Drive", "Garden", "Hall")
ATTIC = "Attic"
TOGETHER_MS = 500
"""Further apart than this a camera is brought back by a jump (frontend/src/player/sync.ts)."""

type Scene = Callable[[Walker], None]
type Spans = list[tuple[int, int]]


def kept_spans(walker: Walker, camera: str) -> Spans:
    """Return what the index on the disk says is kept of a camera, joined, in UTC ms."""
    rows = [row for row in _rows(walker) if row.camera == camera]
    found: Spans = []
    for row in sorted(rows, key=lambda each: each.start_ms):
        end_ms = row.last_frame_ms + FRAME_MS
        if found and row.start_ms - found[-1][1] <= FRAME_MS:
            found[-1] = (found[-1][0], end_ms)
        else:
            found.append((row.start_ms, end_ms))
    expect(len(found) > 0, f"nothing of {camera} is kept")
    return found


def _rows(walker: Walker) -> list[ClipRow]:
    rows = read_index(Path(walker.told["config"]))
    return [row for row in rows if row.state == "complete"]


def clip_border(walker: Walker, camera: str) -> int:
    """Return where one clip of a camera ends and the next one goes on."""
    starts = {row.start_ms for row in _rows(walker) if row.camera == camera}
    spans = kept_spans(walker, camera)
    inside = [at for at in starts if any(begin < at < end for begin, end in spans)]
    expect(len(inside) > 0, "no clip goes on where another one ended")
    return min(inside)


def timeline_equals_library(walker: Walker) -> None:
    """Hold each second of the lanes, as drawn, against the index; and what the server tells."""
    begin, _ = kept_spans(walker, CAMERAS[0])[0]
    keys = {name: walker.key_of(name) for name in CAMERAS}
    walker.open_timeline([keys[CAMERAS[0]]], begin, 600)
    seconds = 0
    for name, key in keys.items():
        spans = kept_spans(walker, name)
        first_ms = spans[0][0] // 1000 * 1000 - 30_000
        drawn = walker.run(
            "return await walk.secondsOf(camera, begin);", camera=key, begin=first_ms
        )
        view_ms = drawn["view"]["from"]
        wide_ms = (drawn["view"]["to"] - view_ms) / drawn["width"]
        expect(abs(wide_ms - 1000) < 1, f"a pixel is {wide_ms:.1f} ms wide")
        wrong = [
            round(view_ms + number * 1000)
            for number, is_kept in enumerate(drawn["seen"])
            if _contradicts(view_ms + number * 1000, spans, is_kept=is_kept)
        ]
        expect(not wrong, f"{name}: {len(wrong)} seconds are drawn wrong: {wrong[:5]}")
        seconds += len(drawn["seen"])
        last_ms = spans[-1][1] + 30_000
        told = walker.ask(
            "coverage/spans", camera=key, from_ms=first_ms, to_ms=last_ms
        )["spans"]
        said = _joined(
            (each["from_ms"], each["to_ms"]) for each in told if each["state"] == "kept"
        )
        expect(
            [(round(a / 1000), round(b / 1000)) for a, b in said]
            == [(round(a / 1000), round(b / 1000)) for a, b in spans],
            f"{name}: the server tells {said}, the index {spans}",
        )
    walker.tell(
        f"{seconds} seconds in {len(keys)} lanes are drawn as the index has them"
    )


def _contradicts(at_ms: float, spans: Spans, *, is_kept: bool) -> bool:
    """Return whether a second is drawn as what it is not at all; a part of it may be kept."""
    covered = sum(
        max(0, min(end, at_ms + 1000) - max(begin, at_ms)) for begin, end in spans
    )
    return covered > 999 if not is_kept else covered < 1


def _joined(ranges: Any) -> Spans:
    found: Spans = []
    for begin, end in sorted(ranges):
        if found and begin <= found[-1][1] + FRAME_MS:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def _click(
    walker: Walker, camera: str, at_ms: int
) -> tuple[float, list[dict[str, Any]]]:
    """Click a moment in a lane; return what lies under that pixel and what is played then."""
    place = walker.run("return walk.place(camera, at);", camera=camera, at=at_ms)
    under = walker.run("return walk.momentAt(x);", x=place["x"])
    walker.click(place)
    seen = walker.run(
        "await walk.until(() => { const [one] = walk.shown();"
        " return one?.time && Math.abs(one.time - under) < near && one.phase === 'playing'; },"
        " 120, 'the moment that was clicked');"
        "return await walk.watch(under + 2000);",
        under=under,
        near=NEAR_MS * 2,
    )
    walker.run("walk.player().pause();")
    return under, seen


def _wrong_in(walker: Walker, seen: list[dict[str, Any]]) -> list[str]:
    """Return where a picture is not of the time that the player says it is of."""
    beside = [
        each["time"] - each["said"]
        for each in seen
        if each["time"] is not None and each["said"] is not None
    ]
    # The clock may be read a picture before or after what is on the screen.
    wrong = [each for each in beside if abs(each) > walker.late_ms]
    return (
        [f"{len(wrong)} of {len(beside)} pictures are told wrong: {wrong[:5]} ms"]
        if (len(wrong) > len(beside) * (1 - SHARE_TOLD))
        else []
    )


def click_shows_that_moment(walker: Walker) -> None:
    """Click in the lane; the pictures that follow are of that time, and so says the player."""
    key = walker.key_of(CAMERAS[0])
    begin, end = kept_spans(walker, CAMERAS[0])[0]
    walker.open_timeline([key], begin + 10_000, 300)
    told = []
    for at_ms in (begin + 40_000, end - 20_000, begin + 65_000):
        under, seen = _click(walker, key, at_ms)
        first = seen[0]["time"] - under
        expect(
            -2 * FRAME_MS <= first <= 2 * NEAR_MS,
            f"a click at {under:.0f} shows a picture {first:+.0f} ms beside",
        )
        wrong = _wrong_in(walker, seen)
        expect(not wrong, "; ".join(wrong))
        told.append(len(seen))
    # At rest it is exact: the moment asked for, and no other.
    for second in (33.35, 77.75, 121.15):
        at_ms = round(begin + second * 1000)
        walker.run("walk.player().seek(at, false);", at=at_ms)
        (shown,) = walker.pictures_at_rest()
        off = at_ms - shown["time"]
        expect(
            -1 <= off <= FRAME_MS,
            f"{second} s after the begin the picture is {off} ms older",
        )
    walker.tell(
        f"{sum(told)} pictures of 3 clicks have the right times, 3 seeks the exact picture"
    )


def over_a_border_and_a_gap(walker: Walker) -> None:
    """Play over the border of two clips without a miss, and over a gap; seek into the gap."""
    camera = CAMERAS[0]
    key = walker.key_of(camera)
    spans = kept_spans(walker, camera)
    border = clip_border(walker, camera)
    walker.open_timeline([key], border - 2000, 600)
    walker.run("walk.player().play();")
    seen = walker.run("return await walk.watch(to);", to=border + 2000)
    times = [each["time"] for each in seen]
    expect(times == sorted(times), f"pictures in another order: {times}")
    holes = [later - before for before, later in pairwise(times)]
    expect(max(holes) <= 1000, f"{max(holes)} ms went by unseen at the border")
    wrong = _wrong_in(walker, seen)
    expect(not wrong, "; ".join(wrong))

    gap, after = spans[0][1], spans[1][0]
    walker.run("walk.player().seek(at, true);", at=gap - 2000)
    seen = walker.run("return await walk.watch(to);", to=after + 1000)
    times = [each["time"] for each in seen if each["time"] is not None]
    inside = [at for at in times if gap <= at < after]
    expect(not inside, f"pictures of a gap: {inside}")
    last = [at for at in times if gap - 2000 - FRAME_MS <= at < gap]
    first = min(at for at in times if at >= after)
    expect(bool(last), "nothing was seen before the gap")
    expect(
        first - after <= NEAR_MS, f"the first after the gap is {first - after} ms late"
    )
    walker.run("walk.player().pause();")

    walker.run("walk.player().seek(at, false);", at=(gap + after) // 2)
    (shown,) = walker.pictures_at_rest()
    expect(
        abs(shown["time"] - after) <= FRAME_MS,
        f"a seek into the gap shows {shown['time'] - after:+d} ms from its end",
    )
    walker.run("walk.player().seek(at, false);", at=border + 50)
    (shown,) = walker.pictures_at_rest()
    expect(
        0 <= border + 50 - shown["time"] <= FRAME_MS,
        f"a seek onto the border shows {shown['time'] - border:+d} ms from it",
    )
    walker.tell(
        f"played over the border at most {max(holes)} ms apart, from {(last[-1] - gap)} ms before"
        f" the gap to {first - after} ms after it"
    )


def scrubbing_shows_the_frame(walker: Walker) -> None:
    """Drag the playhead: at rest the exact picture is above it, and on release in the player."""
    camera = CAMERAS[1]
    key = walker.key_of(camera)
    begin, _ = kept_spans(walker, camera)[0]
    walker.open_timeline([key], begin + 20_000, 300)
    told = []
    for goal_s in (61, 95):
        goal = begin + goal_s * 1000 + 500
        start = walker.run("return walk.ruler(at);", at=begin + 30_000)
        end = walker.run("return walk.ruler(at);", at=goal)
        walker.hands.move(start["x"], start["y"])
        walker.hands.down()
        for step in range(1, 7):
            x = round(start["x"] + (end["x"] - start["x"]) * step / 6)
            walker.hands.move(x, start["y"])
        at_ms = walker.run("return walk.momentAt(x);", x=end["x"])
        above = walker.run("return await walk.preview();")
        off = at_ms - above["time"]
        expect(
            -FRAME_MS <= off <= 1000 + FRAME_MS,
            f"the picture above the pointer is {off:.0f} ms older than the moment",
        )
        walker.hands.up()
        (shown,) = walker.pictures_at_rest()
        exact = at_ms - shown["time"]
        expect(
            -FRAME_MS <= exact <= FRAME_MS,
            f"on release the picture is {exact:.0f} ms beside the moment",
        )
        told.append(f"{off:.0f} and {exact:.0f}")
    walker.tell(
        f"pictures above the pointer and on release, ms before the moment: {'; '.join(told)}"
    )


def four_cameras_in_step(walker: Walker) -> None:
    """Play four cameras; how far apart their pictures are is told, by the pictures themselves."""
    keys = [walker.key_of(name) for name in CAMERAS]
    begin, end = kept_spans(walker, CAMERAS[0])[0]
    seconds = float(walker.told["seconds"])
    expect(end - begin > (seconds + 5) * 1000, f"there are no {seconds:.0f} s to play")
    walker.open_timeline(keys, begin + 1000, 600)
    walker.run("walk.player().play();")
    walker.run("await walk.watch(to);", to=begin + 3000)
    found = walker.run("return await walk.spread(seconds);", seconds=seconds)
    walker.run("walk.player().pause();")
    played = (found[-1][1] - found[0][1]) / 1000
    spreads = sorted(each[0] for each in found)
    p95 = spreads[int(len(spreads) * 0.95)]
    walker.tell(
        f"{len(keys)} cameras over {played:.0f} s of footage, {len(spreads)} looks: pictures are"
        f" {median(spreads):.0f} ms apart (median), {p95:.0f} (p95), {spreads[-1]:.0f} (most)"
    )
    expect(played > seconds / 4, f"in {seconds:.0f} s only {played:.0f} s were played")
    expect(median(spreads) < TOGETHER_MS, "the cameras are not in step")
    shown = walker.pictures_at_rest()
    times = [each["time"] for each in shown]
    expect(
        max(times) - min(times) <= max(FRAME_MS, walker.late_ms - FRAME_MS * 2),
        f"standing still they show {[at - min(times) for at in times]} ms apart",
    )


def footage_on_the_device_plays(walker: Walker) -> None:
    """Click where footage is on the device only: it plays while it is fetched, and is kept then."""
    key = walker.key_of(ATTIC)
    begin, _ = kept_spans(walker, CAMERAS[0])[0]
    before = _clips_of(walker, ATTIC)
    walker.open_timeline([walker.key_of(CAMERAS[0])], begin + 5000, 300)
    state = walker.ask("coverage/at", camera=key, t_ms=begin + 30_000)["state"]
    expect(before > 0 or state == "on_request", f"on the device, but told as {state}")
    place = walker.run("return walk.place(camera, at);", camera=key, at=begin + 30_000)
    if before == 0:
        _see_on_request(walker, key, begin, place)
    under = walker.run("return walk.momentAt(x);", x=place["x"])
    begun = time.monotonic()
    # The device sends slowly at first: what is seen then is not complete yet.
    with World(walker.told).faults(ATTIC, rtsp={"slow_start": 12}):
        walker.click(place)
        walker.run(
            "await walk.until(() => { const [one] = walk.shown();"
            " return one?.camera === camera && one.time; }, 170, 'a picture of the device');",
            camera=key,
        )
        took = time.monotonic() - begun
        complete = _clips_of(walker, ATTIC) - before
        seen = walker.run("return await walk.watch(to);", to=begin + 45_000)
    wrong = _wrong_in(walker, seen)
    expect(not wrong, "; ".join(wrong))
    first = seen[0]["time"] - under
    expect(-FRAME_MS <= first <= 2 * NEAR_MS, f"it begins {first:+.0f} ms beside")
    walker.run("walk.player().pause();")
    walker.run(
        "await walk.until(async () => (await walk.ask({type: 'vtrack_nvr/coverage/at', camera,"
        " t_ms})).state === 'kept', 170, 'what was watched is kept');",
        camera=key,
        t_ms=begin + 40_000,
    )
    walker.tell(
        f"footage on the device: a picture {took:.1f} s after the click, {complete} clips complete"
        f" then; {len(seen)} pictures with the right times; kept afterwards"
    )
    expect(before > 0 or complete == 0, "it was seen only when it was complete")


def _see_on_request(
    walker: Walker, key: str, begin: int, place: dict[str, float]
) -> None:
    """Hold lane and tooltip against footage that is copied only on request."""
    walker.run(
        "await walk.until(() => walk.isDrawn(camera, held, 'on_request'), 60, 'the lane of the device');",
        camera=key,
        held=begin + 30_000,
    )
    is_empty = (
        "return !['on_request', 'kept'].some(state => walk.isDrawn(camera, at, state));"
    )
    expect(
        walker.run(is_empty, camera=key, at=begin + 140_000),
        "footage is drawn where there is none",
    )
    walker.hands.move(place["x"], place["y"])
    words = walker.run(
        "return await walk.until(() => walk.deep('vtrack-preview')?.renderRoot"
        ".querySelector('figcaption')?.textContent, 30, 'the words above the pointer');"
    )
    expect("On the device, on request" in words, f"the lane is told as {words!r}")


def _clips_of(walker: Walker, camera: str) -> int:
    return sum(row.camera == camera for row in _rows(walker))


def socket_lost_and_back(walker: Walker) -> None:
    """Lose Home Assistant's connection while a film plays: it plays on, and changes come again."""
    camera = CAMERAS[2]
    key = walker.key_of(camera)
    begin, _ = kept_spans(walker, camera)[0]
    walker.open_timeline([key], begin + 5000, 300)
    walker.run("walk.player().play();")
    walker.run("await walk.watch(to);", to=begin + 7000)
    walker.run(
        "document.querySelector('home-assistant').hass.connection.socket.close();"
    )
    seen = walker.run("return await walk.watch(to);", to=begin + 14_000)
    wrong = _wrong_in(walker, seen)
    expect(not wrong, "; ".join(wrong))
    walker.run(
        "await walk.until(() => document.querySelector('home-assistant').hass.connected"
        " && !walk.deep('vtrack-nvr-panel').renderRoot.querySelector('.banner'),"
        " 120, 'the connection is back');"
    )
    walker.run("walk.player().pause();")
    clip = walker.ask("clips/list", filter={"cameras": [key]})["clips"][-1]
    for is_protected in (True, False):
        walker.ask("clips/protect", ids=[clip["id"]], is_protected=is_protected)
        _see_protected(walker, key, clip, is_protected=is_protected)
    walker.tell(
        f"{len(seen)} pictures while the socket was lost; changes come again after it"
    )


def _see_protected(
    walker: Walker, key: str, clip: dict[str, Any], *, is_protected: bool
) -> None:
    """Wait until the lane tells that a clip is protected, or no more."""
    walker.run(
        "const line = walk.timeline();"
        "line.show(begin, begin + line.box().width * 1000);"
        "await walk.until(() => { let gold = false;"
        " line.scene().tiles.eachRun(0, camera, begin, end,"
        " (_from, _to, _main, mark) => { gold ||= (mark & 16) !== 0; });"
        " return gold === wanted; }, 120, 'the lane tells of the change');",
        camera=key,
        begin=clip["start_ms"],
        end=clip["end_ms"],
        wanted=is_protected,
    )


SCENES: tuple[Scene, ...] = (
    timeline_equals_library,
    click_shows_that_moment,
    over_a_border_and_a_gap,
    scrubbing_shows_the_frame,
    four_cameras_in_step,
    footage_on_the_device_plays,
    socket_lost_and_back,
)
