"""Times of live footage whatever the sender's clocks, its network and its reports do."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
import itertools
import random

from hypothesis import example, given, settings, strategies as st

from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.rtp.live_clock import Dated, LiveClock

START_MS = 1_700_000_000_000
VIDEO, SOUND = 0, 1
BOUND_MS = 500
LIPS_MS = 200
BASES = {VIDEO: 4_294_000_000, SOUND: 77}
"""RTP times of the first unit; the pictures' are about to wrap."""


@dataclass(frozen=True)
class Sender:
    """What a camera, its network and the host do; times in milliseconds."""

    fps: int = 25
    group: int = 25
    seconds: int = 25
    sound_rate: int | None = 8000
    jitter: int = 0
    late_keys: int = 0
    """How much longer key pictures take than others."""
    burst: int = 0
    """How much footage from before the session comes at once."""
    pace: float = 1.0
    """How fast the RTP clocks of all tracks run."""
    jumps: tuple[tuple[int, int], ...] = ()
    """(after so many ms, by how much) the RTP times of the video jump."""
    stalls: tuple[tuple[int, int], ...] = ()
    """(at, for how long) the network delivers nothing, and then all at once."""
    pauses: tuple[tuple[int, int], ...] = ()
    """(at, for how long) nothing is filmed, and RTP times do not count it."""
    b_frames: bool = False
    reports: str = "none"
    seed: int = 0


@dataclass
class Outcome:
    """Units in the order they came out, with when they were captured."""

    video: list[tuple[int, Dated]] = field(default_factory=list)
    sound: list[tuple[int, Dated]] = field(default_factory=list)

    @property
    def errors(self) -> list[float]:
        return [d.placed.time_us / 1000 - true for true, d in self.video]

    @property
    def sound_errors(self) -> list[float]:
        return [d.placed.time_us / 1000 - true for true, d in self.sound]


type Arrival = tuple[float, int, float, int, bool]
"""When it came, track, when it was captured, RTP time, whether it is a key picture."""


def _filmed(sender: Sender, media: float) -> float:
    """Return when the camera takes what it counts as `media`."""
    for at, length in sorted(sender.pauses):
        if media >= at:
            media += length
    return media


def _rtp(sender: Sender, track: int, media: float) -> int:
    if track == VIDEO:
        moved = sum(by for after, by in sender.jumps if media >= after)
        return BASES[VIDEO] + round((media * sender.pace + moved) * 90)
    assert sender.sound_rate
    return BASES[SOUND] + round(media * sender.pace * sender.sound_rate / 1000)


def _pictures(sender: Sender, rng: random.Random) -> Iterator[Arrival]:
    step = 1000 / sender.fps
    group = sender.group - sender.group % 3 if sender.b_frames else sender.group
    count = int((sender.seconds * 1000 - sum(n for _, n in sender.pauses)) / step)
    for number in range(count):
        shown = number
        if sender.b_frames:  # I P B: the B-frame goes out behind the picture after it
            shown += (0, 1, -1)[number % 3]
        media = shown * step
        is_key = number % group == 0
        delay = rng.random() * sender.jitter + (sender.late_keys if is_key else 0)
        leaves = _filmed(sender, max(shown, number) * step)
        rtp = _rtp(sender, VIDEO, media)
        yield leaves + delay, VIDEO, _filmed(sender, media), rtp, is_key


def _sounds(sender: Sender, rng: random.Random) -> Iterator[Arrival]:
    if not sender.sound_rate:
        return
    length = sender.seconds * 1000 - sum(n for _, n in sender.pauses)
    for media in range(0, length, 40):
        captured = _filmed(sender, media)
        rtp = _rtp(sender, SOUND, media)
        yield captured + rng.random() * sender.jitter, SOUND, captured, rtp, True


def _received(sender: Sender) -> list[Arrival]:
    """Return what comes, each track in the order of sending."""
    rng = random.Random(sender.seed)
    arrived: list[Arrival] = []
    for track in (_pictures(sender, rng), _sounds(sender, rng)):
        latest = float(sender.burst)
        for came, *rest in track:
            for at, length in sender.stalls:
                if at <= came < at + length:
                    came = at + length
            latest = max(latest, came)
            arrived.append((latest, *rest))
    return sorted(arrived, key=lambda item: item[0])


def run(sender: Sender, *, most_bytes: int = 1 << 30) -> Outcome:
    """Feed a clock as a session does."""
    rates = {VIDEO: 90_000} | ({SOUND: sender.sound_rate} if sender.sound_rate else {})
    clock = LiveClock(rates, VIDEO, most_bytes=most_bytes)
    rng = random.Random(sender.seed + 1)
    outcome = Outcome()
    captured_of: dict[int, list[float]] = {VIDEO: [], SOUND: []}
    due = 2_000.0
    said: dict[int, int] = {}
    out: list[Dated] = []
    for arrival, track, captured, rtp, is_key in _received(sender):
        arrival_ms = START_MS + int(arrival)
        while sender.reports != "none" and arrival >= due:
            for about in rates:
                told = _rtp(sender, about, due)
                wrong = {
                    "good": 0,
                    "late": 0,
                    "hour": -3_600_000,
                    "contrary": rng.choice(
                        [by for by in CONTRARY if by != said.get(about)]
                    ),
                }[sender.reports]
                said[about] = wrong
                came = due + (1_500 if sender.reports == "late" else 20)
                clock.report(
                    about,
                    int((START_MS + due + wrong) * 1000),
                    told & 0xFFFFFFFF,
                    START_MS + int(max(came, arrival)),
                )
            due += 2_000.0
        captured_of[track].append(captured)
        unit = AccessUnit(track, b"x" * 10, rtp & 0xFFFFFFFF, None, is_key)
        out += clock.place(unit, arrival_ms)
    out += clock.finish()
    video, sound = iter(captured_of[VIDEO]), iter(captured_of[SOUND])
    for dated in out:
        if dated.unit.track == VIDEO:
            outcome.video.append((START_MS + next(video), dated))
        else:
            outcome.sound.append((START_MS + next(sound), dated))
    assert next(video, None) is None
    assert next(sound, None) is None
    return outcome


def check(outcome: Outcome, bound_ms: int = BOUND_MS) -> None:
    """Hold a run against the rules."""
    for errors in (outcome.errors, outcome.sound_errors):
        assert all(abs(error) <= bound_ms for error in errors), (
            min(errors),
            max(errors),
        )
    key_us = front_us = 0
    for number, (_, dated) in enumerate(outcome.video):
        time_us = dated.placed.time_us
        if dated.unit.is_key:
            assert time_us > front_us, number
            key_us = time_us
        assert time_us >= key_us, number
        front_us = max(front_us, time_us)
    times = [dated.placed.time_us for _, dated in outcome.video]
    assert len(set(times)) == len(times)
    sound = [dated.placed.time_us for _, dated in outcome.sound]
    assert all(b > a for a, b in itertools.pairwise(sound))


JUMPS = st.lists(
    st.tuples(
        st.integers(2_000, 20_000),
        st.one_of(
            st.integers(-5_000, 5_000),
            st.sampled_from((-3_600_000, 3_600_000, 40, -40, -80)),
        ),
    ),
    max_size=4,
).map(tuple)
CONTRARY = (-700, 0, 900, 40_000)
"""How far off reports are that contradict each other: each the one before it."""
REPORTS = st.sampled_from(("none", "good", "late", "hour", "contrary"))


@st.composite
def senders(draw: st.DrawFn) -> Sender:
    """Draw a sender with any of the kinds of trouble, and the network's mood."""
    fps = draw(st.sampled_from((5, 10, 25)))
    sender = Sender(
        fps=fps,
        group=draw(st.sampled_from((10, 25, 100))),
        seconds=22,
        sound_rate=draw(st.sampled_from((8000, 16_000, 48_000, None))),
        jitter=draw(st.sampled_from((0, 20, 100))),
        late_keys=draw(st.sampled_from((0, 60, 120, 300))),
        b_frames=fps > 5 and draw(st.booleans()),
        reports=draw(REPORTS),
        seed=draw(st.integers(0, 1 << 16)),
    )
    kind = draw(st.sampled_from(("jumps", "burst", "pace", "stall", "pause")))
    if kind == "jumps":
        return replace(sender, jumps=draw(JUMPS))
    if kind == "burst":
        return replace(sender, burst=draw(st.integers(0, 10_000)))
    if kind == "pace":
        pace = draw(st.sampled_from((0.8, 0.9, 1.1, 1.2)))
        calm = min(sender.late_keys, 120), min(sender.jitter, 50)
        return replace(sender, pace=pace, late_keys=calm[0], jitter=calm[1])
    stretch = draw(st.integers(3_000, 9_000)), draw(st.integers(600, 8_000))
    if kind == "stall":
        return replace(sender, stalls=(stretch,))
    # a pause between a B-frame and its neighbours can be told apart by nobody
    return replace(sender, pauses=(stretch,), b_frames=False)


def lips(outcome: Outcome) -> float:
    """Return how far sound and the picture of the same moment lie apart, in ms."""
    shown = sorted(
        (true, dated.placed.time_us / 1000 - true) for true, dated in outcome.video
    )
    worst = 0.0
    for (true, _), error in zip(outcome.sound, outcome.sound_errors, strict=True):
        at = min(bisect_left(shown, (true, 0.0)), len(shown) - 1)
        worst = max(worst, abs(shown[at][1] - error))
    return worst


@settings(max_examples=150, deadline=None)
@given(senders())
def test_every_unit_is_dated_by_its_arrival_whatever_the_sender_does(
    sender: Sender,
) -> None:
    outcome = run(sender)
    check(outcome)
    if not sender.jumps:
        assert lips(outcome) <= LIPS_MS


@example(
    [(0, 0, 0, False)] * 12
    + [(0, 1, 0, False), (700, 0, 0, False)]
    + [(0, 1, 7201, False), (0, 1, 14402, False), (0, 1, 0, False)]
)
@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3_000),
            st.integers(0, 1),
            st.one_of(st.integers(0, 0xFFFFFFFF), st.integers(0, 9_000)),
            st.booleans(),
        ),
        max_size=80,
    )
)
def test_noise_is_dated_by_its_arrival_too(
    noise: list[tuple[int, int, int, bool]],
) -> None:
    clock = LiveClock({VIDEO: 90_000, SOUND: 8000}, VIDEO, most_bytes=100)
    now_ms = START_MS
    out: list[Dated] = []
    for passed_ms, track, rtp, is_key in noise:
        now_ms += passed_ms
        out += clock.place(AccessUnit(track, b"xx", rtp, None, is_key), now_ms)
    out += clock.finish()
    assert len(out) == len(noise)
    earliest_us = START_MS * 1000 - 100 * 1_000_000
    assert all(
        earliest_us <= dated.placed.time_us <= now_ms * 1000 + 1_000_000
        for dated in out
    )


def place(clock: LiveClock, n: int, arrival_ms: int, *, size: int = 10) -> list[Dated]:
    unit = AccessUnit(VIDEO, bytes(size), n * 3600, None, n % 10 == 0)
    return clock.place(unit, START_MS + arrival_ms)


def make(most_bytes: int = 10_000) -> LiveClock:
    return LiveClock({VIDEO: 90_000, SOUND: 8000}, VIDEO, most_bytes=most_bytes)


def test_the_past_that_comes_at_once_is_dated_back() -> None:
    outcome = run(Sender(burst=10_000, jitter=0))
    assert max(map(abs, (*outcome.errors, *outcome.sound_errors))) < 1


def test_jumps_of_the_rtp_times_leave_no_trace() -> None:
    for by in (-3_000, -300, -40, 3_000, 3_600_000):
        outcome = run(Sender(jumps=((8_000, by), (12_000, by))))
        assert max(map(abs, outcome.errors)) <= 40
        assert all(dated.placed.step is None for _, dated in outcome.video)


def test_nothing_is_held_for_longer_than_real_time_needs_to_show() -> None:
    clock = make()
    times = [n * 40 for n in range(30) if not place(clock, n, n * 40)]
    assert times[-1] == 680, "0.7 s, and then no more"


def test_what_is_held_is_bounded_in_bytes_and_time() -> None:
    clock = make(most_bytes=1_000)
    assert [len(place(clock, n, 0, size=400)) for n in range(4)] == [0, 0, 3, 1]
    slow = make()
    held = [len(place(slow, 20 * n, n * 400)) for n in range(40)]
    assert sum(held[:30]) == 0, "it catches up all the time"
    assert sum(held) == 40


def test_what_comes_late_is_held_until_it_is_known_why() -> None:
    clock = make()
    for n in range(50):
        place(clock, n, n * 40)
    network, device = make(), make()
    for made in (network, device):
        for n in range(50):
            place(made, n, n * 40)
        assert place(made, 50, 50 * 40 + 2_000) == []
    out: list[Dated] = []
    for n in range(51, 101):  # the network delivers what it owes
        out += place(network, n, max(n * 40, 50 * 40 + 2_000))
    out += network.finish()
    assert [d.placed.time_us // 1000 - START_MS for d in out] == [
        n * 40 for n in range(50, 101)
    ]
    out = []
    for n in range(51, 101):  # the device's RTP times had stood still
        out += place(device, n, n * 40 + 2_000)
    out += device.finish()
    assert [d.placed.time_us // 1000 - START_MS for d in out] == [
        n * 40 + 2_000 for n in range(50, 101)
    ]
    assert [bool(d.placed.step) for d in out] == [True] + [False] * 50


def test_a_host_clock_set_back_is_a_step_for_pictures_and_sound() -> None:
    clock = make()
    out: list[Dated] = []
    for n in range(100):
        moved = n * 40 - (60_000 if n >= 50 else 0)
        out += place(clock, n, moved)
        sound = AccessUnit(SOUND, b"s", n * 320, None, True)
        out += clock.place(sound, START_MS + moved)
    for dated in out:
        n = dated.unit.rtp_time // (3600 if dated.unit.track == VIDEO else 320)
        moved = n * 40 - (60_000 if n >= 50 else 0)
        assert dated.placed.time_us // 1000 - START_MS == moved
    pictures = [dated for dated in out if dated.unit.track == VIDEO]
    assert [n for n, d in enumerate(pictures) if d.placed.step] == [50]


def test_reports_of_both_tracks_date_both() -> None:
    clock = make()
    for n in range(300):
        place(clock, n, n * 40 + 150)
        clock.place(
            AccessUnit(SOUND, b"s", n * 320, None, True), START_MS + n * 40 + 30
        )
        if n in {100, 200}:
            for track, ticks in ((VIDEO, 3600), (SOUND, 320)):
                clock.report(
                    track,
                    (START_MS + n * 40) * 1000,
                    n * ticks,
                    START_MS + n * 40 + 160,
                )
    [picture] = place(clock, 300, 300 * 40 + 150)
    [sound] = clock.place(
        AccessUnit(SOUND, b"s", 300 * 320, None, True), START_MS + 300 * 40 + 30
    )
    assert picture.by_report
    assert sound.by_report
    due_us = (START_MS + 300 * 40) * 1000
    assert picture.placed.time_us == due_us
    assert abs(sound.placed.time_us - due_us) <= 1_000


def test_sound_does_not_follow_every_whim_of_its_network() -> None:
    clock = make()
    for n in range(800):
        late = 60 if n > 100 else 0
        place(clock, n, n * 40)
        sound = AccessUnit(SOUND, b"s", n * 320, None, True)
        out = clock.place(sound, START_MS + n * 40 + late)
    [dated] = out
    assert abs(dated.placed.time_us // 1000 - START_MS - 799 * 40) <= 1


def test_units_and_reports_of_other_tracks_are_passed_over() -> None:
    clock = make()
    clock.report(9, 1, 1, START_MS)
    assert clock.place(AccessUnit(9, b"x", 0, None, True), START_MS) == []
    assert clock.finish() == []
