"""Every line of the table of performance, with its bar: what we hold ourselves to.

A bar stands at one place only, here. `row_of` makes the row of a line from what was measured.
"""

from benchmarks._rows import Bar, Line, Row


def most(limit: float) -> Bar:
    """Return a bar for the value that may not be exceeded."""
    return Bar(limit)


def most_of_peer(limit: float) -> Bar:
    """Return a bar for the ratio that may not be exceeded."""
    return Bar(limit, is_ratio=True)


def least_of_peer(limit: float) -> Bar:
    """Return a bar for the ratio that has to be reached."""
    return Bar(limit, is_least=True, is_ratio=True)


FFMPEG = "ffmpeg -c copy"
GSTREAMER = "GStreamer rtspsrc"
NGINX = "nginx, plain file"
AIOHTTP = "aiohttp, plain file"
MB_S = "MB/s"
CPU_GB = "CPU-s/GB"
NONE = most(0)

LINES = (
    Line(
        "download.speed",
        "replay of one stream, sender without a limit, tables checked",
        MB_S,
        least_of_peer(1),
        FFMPEG,
        aim=least_of_peer(2.5),
    ),
    Line(
        "download.cpu",
        "the same: processor time",
        CPU_GB,
        most_of_peer(1),
        FFMPEG,
        aim=most_of_peer(0.4),
    ),
    Line(
        "download.speed_decoded",
        "the same, the ends of each clip decoded",
        MB_S,
        least_of_peer(1),
        FFMPEG,
        aim=least_of_peer(1.5),
    ),
    Line(
        "download.cpu_decoded",
        "the same, the ends of each clip decoded: processor time",
        CPU_GB,
        most_of_peer(1),
        FFMPEG,
        aim=most_of_peer(0.7),
    ),
    Line(
        "download.wall",
        "wall time of the same bytes, tables checked",
        "s",
        peer="raw socket read",
        aim=most_of_peer(1.5),
    ),
    Line(
        "download.gstreamer_speed",
        "replay of one stream beside GStreamer",
        MB_S,
        peer=GSTREAMER,
    ),
    Line(
        "download.gstreamer_cpu",
        "the same: processor time",
        CPU_GB,
        peer=GSTREAMER,
    ),
    Line(
        "download.late",
        "10 downloads at 40 Mbit/s: lateness of the loop above idle, p99",
        "ms",
        most(5),
    ),
    Line("download.memory", "10 downloads at 40 Mbit/s: memory added", "MB", most(60)),
    Line("receive.h264", "packets of 1400 bytes into H.264 pictures, no I/O", CPU_GB),
    Line("receive.h265", "packets of 1400 bytes into H.265 pictures, no I/O", CPU_GB),
    Line(
        "live.cpu",
        "5 live streams of 4 Mbit/s recorded: processor time",
        "CPU-s",
        peer="5 ffmpeg -c copy",
    ),
    Line("live.memory", "the same: memory added", "MB", peer="5 ffmpeg -c copy"),
    Line("live.late", "the same: lateness of the loop above idle, p99", "ms"),
    Line("live.holes", "the same: packets that were lost", "", NONE),
    Line(
        "probe.held",
        "1024 addresses, 12 ports each, without a pace: loop held at most",
        "ms",
        most(50),
    ),
    Line("probe.time", "the same: all of them asked", "s"),
    Line(
        "plan.longest",
        "incremental plan, a month of 32 cameras with 784 segments a day: longest",
        "ms",
        most(100),
    ),
    Line("library.setup", "set-up with 1 000 000 clips", "s", most(1)),
    Line("library.page", "slowest of 16 pages and lists: p95", "ms", most(50)),
    Line(
        "library.commit",
        "10 writers beside 10 readers: queue to commit, p99",
        "ms",
        most(100),
    ),
    Line("library.errors", "the same: lock errors", "", NONE),
    Line("library.retention", "10 000 clips deleted: lateness of the loop, p99", "ms"),
    Line(
        "backfill.first_byte",
        "clip that is asked for while a day is copied: first byte, slowest",
        "s",
        most(5),
    ),
    Line("backfill.lost", "the same: pictures lost or doubled", "", NONE),
    Line("backfill.mislabelled", "the same: pictures with a wrong time", "", NONE),
    Line("backfill.speed", "the same: footage copied", "× real time"),
    Line("kills.lost", "kill -9 of a syncing home: pictures lost or doubled", "", NONE),
    Line(
        "kills.mislabelled",
        "the same: wrong times, stray files, rounds without a kill",
        "",
        NONE,
    ),
    Line("playback.kept", "click to first picture, kept: p95", "ms", most(250)),
    Line(
        "playback.growing",
        "click to first picture, still being written: p95",
        "ms",
        most(250),
    ),
    Line(
        "playback.device",
        "click to first picture, still on the device: slowest",
        "ms",
        most(5000),
    ),
    Line(
        "playback.chromium",
        "click to first picture, kept, in Chromium with hls.js: p95",
        "ms",
        most(250),
    ),
    Line(
        "playback.requests", "requests to the first picture, as Apple asks", "", most(5)
    ),
    Line(
        "playback.requests_chromium",
        "requests to the first picture, Chromium",
        "",
        most(5),
    ),
    Line("playback.first_byte", "a clip's first byte: p95", "ms", most(50), AIOHTTP),
    Line(
        "playback.late",
        "20 viewers beside 10 downloads: lateness of the loop, p99",
        "ms",
    ),
    Line("playback.memory", "memory for each of 20 viewers", "MiB"),
    Line("playback.segments", "20 viewers of segments", MB_S, peer=AIOHTTP),
    Line("playback.segments_nginx", "20 viewers of segments", MB_S, peer=NGINX),
    Line("playback.list", "playlist of 6 h among 1 000 000 clips, first time", "ms"),
    Line("playback.list_again", "the same, clips known", "ms"),
    Line("dashboard.tiles", "month of 32 cameras among 1 000 000 clips: p95", "ms"),
    Line("dashboard.bytes", "largest answer of tiles", "KB", most(256)),
    Line("dashboard.held", "index held longest by one question", "ms", most(100)),
    Line(
        "dashboard.draw",
        "timeline of 32 cameras and a day, drawn anew: p95",
        "ms",
        most(8),
    ),
    Line("dashboard.pan", "frame of panning: p95", "ms", most(2)),
    Line(
        "dashboard.click",
        "click in the timeline to the picture of that moment: p95",
        "ms",
        most(250),
    ),
    Line(
        "dashboard.paint",
        "load of the module to a timeline on the screen, warm: median",
        "s",
        most(1),
    ),
    Line("dashboard.idle", "questions of a page left alone for a minute", "", NONE),
    Line("dashboard.told", "messages to it a second", "", most(1)),
    Line("dashboard.heap", "JavaScript memory with a month in sight", "MB", most(60)),
    Line("export.memory", "film of a day: memory added at most", "MiB", most(64)),
    Line("export.time", "the same: time", "s", peer="ffmpeg -f concat -c copy"),
    Line("house.setup", "10 recorders with 160 cameras: set-up", "s", most(2)),
    Line("house.memory", "the same: memory added", "MB", most(150)),
    Line("house.cpu", "the same, idle: processor", "% of a core", most(5)),
    Line(
        "house.rows",
        "the same, idle: recorder rows a minute, busiest camera",
        "",
        most(5),
    ),
    Line("hostile.held", "loop held at most by any device or user", "ms", most(50)),
    Line("hostile.memory", "the same: memory grown at most", "MB", most(200)),
    Line("hostile.lost", "the same: kinds of harm that were not withstood", "", NONE),
    Line("years.start", "start with three years of 32 event recorders", "s"),
    Line("years.held", "index held longest by upkeep and questions", "ms"),
    Line("years.disk", "index and journals of it", "MB"),
    Line(
        "load.memory",
        "10 recorders, 160 cameras, everybody at once: Home Assistant whole",
        "MB",
        most(500),
    ),
    Line("load.memory_added_idle", "memory added by us, idle", "MB", most(150)),
    Line("load.cpu_idle", "processor added by us, idle", "% of a core", most(5)),
    Line("load.cpu", "processor, syncing, whole", "% of a core", most(50)),
    Line("load.held", "everybody at once: loop held at most", "ms", most(50)),
    Line("load.api", "the same: commands and actions, p95", "ms", most(100)),
    Line("load.api_many", "the same, begun beside 9 others: p95", "ms", most(100)),
    Line("load.save_clip", "the same: clip from the device, p95", "ms", most(5000)),
    Line("load.success", "the same: operations done", "%", Bar(99, is_least=True)),
    Line("endurance.lost", "a month with every fault: pictures lost", "", NONE),
    Line("endurance.mislabelled", "the same: pictures with a wrong time", "", NONE),
    Line("endurance.twice", "the same: pictures kept twice", "", NONE),
    Line("endurance.other", "the same: rows, files and log that are wrong", "", NONE),
    Line("endurance.budget", "deleted beyond a day's budget", "B", NONE),
    Line("endurance.redated", "clips dated by a host's clock that was wrong then"),
    Line("endurance.again", "pictures kept once more after that clock was put right"),
    # A year adds 150 MB at most.
    Line("endurance.memory", "memory grows, in a day", "kB", most(400)),
    # One in four days is noise of what is open when it is measured.
    Line("endurance.handles", "open files grow, in a day", "", most(0.25)),
    # Each upkeep begins a thread when it is first due: the last one after a week.
    Line("endurance.threads", "threads grow, in a day", "", most(0.5)),
    Line("endurance.tasks", "tasks grow, in a day", "", most(0.25)),
    # A decoder lives for one clip.
    Line("endurance.processes", "child processes grow, in a day", "", most(0.1)),
    # 100 clips of 1 kB with their spans, 300 runs of 150 B, and the log.
    Line("endurance.index", "index grows, in a day", "B", most(400_000)),
    # 100 clips with two lines of 350 B, and 100 lines of what is lost, between checks.
    Line("endurance.journals", "journals grow, in a day", "B", most(100_000)),
)

_BY_NAME = {line.name: line for line in LINES}


def limit_of(name: str) -> float:
    """Return the bar of a line that has one."""
    bar = _BY_NAME[name].bar
    assert bar is not None, name
    return bar.limit


def row_of(
    name: str, value: float | None = None, peer: float | None = None, said: str = ""
) -> Row:
    """Return the row of a line; KeyError for one that is not in the table."""
    return Row(_BY_NAME[name], value, peer, said)
