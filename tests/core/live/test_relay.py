"""Packets of other codecs through a real ffmpeg and back, unit by unit."""

from collections.abc import Callable, Iterator
from fractions import Fraction
import os
from pathlib import Path
import shutil
import signal
import socket
import time

import av
import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import (
    AccessUnit,
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.live.ffmpeg_pipe import Ffmpeg
from custom_components.vtrack_nvr.core.live.forward import Forwarder
from custom_components.vtrack_nvr.core.live.relay import Relay, describe
from custom_components.vtrack_nvr.core.media import annexb
from custom_components.vtrack_nvr.core.media.units import TimedUnit
from custom_components.vtrack_nvr.core.parameter_sets import nal_type
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from custom_components.vtrack_nvr.core.rtsp.session_values import MediaTrack
from tests.simulator.footage import read_picture
from tests.simulator.footage_video import encode_gop
from tests.simulator.rtp_payload import video_payloads
from tests.simulator.timeline import NUMBER_EPOCH_MS, Look, frame_number

FFMPEG = shutil.which("ffmpeg") or ""
START = NUMBER_EPOCH_MS + 7_200_000
RTP_BASE = 0xFFFFFFFF - 20_000
"""The device's RTP time wraps round in every test."""
WAITS = Waits(ffmpeg_start=20.0, ffmpeg_end=20.0, ffmpeg_stop=0.1)


def track(codec: Codec, rtpmap: str = "", fmtp: str = "") -> MediaTrack:
    kind = 26 if codec is Codec.MJPEG else 96
    form = TrackFormat(TrackKind.VIDEO, codec, 90_000, name=rtpmap)
    return MediaTrack(3, form, kind, "rtsp://camera/1", "", rtpmap, fmtp)


class Line:
    """A relay that is fed with units whose packets the test makes."""

    def __init__(self, media: MediaTrack, *, waits: Waits = WAITS, **options) -> None:
        self.cancel = options.pop("cancel", CancelToken())
        self.relay = Relay(
            options.pop("binary", FFMPEG),
            media,
            clock=SystemClock(),
            waits=waits,
            bounds=options.pop("bounds", Bounds()),
            cancel=self.cancel,
        )
        self.units: list[AccessUnit] = []
        self.forwarder = self.relay.depacketizer(self.units)
        self.came: list[TimedUnit] = []
        self.number = 0

    def send(
        self,
        payloads: list[bytes],
        *,
        lose: int | None = None,
        has_jumped: bool = False,
    ) -> None:
        """Hand over one picture, without one of its packets where asked."""
        stamp = (RTP_BASE + self.number * 9000) & 0xFFFFFFFF
        is_after_loss = False
        for place, payload in enumerate(payloads):
            if place == lose:
                is_after_loss = True
                continue
            is_last = place == len(payloads) - 1
            self.forwarder.push(
                memoryview(payload), stamp, is_last, None, is_after_loss
            )
            is_after_loss = False
        for unit in self.units:
            unit = unit._replace(is_discontinuous=has_jumped)
            item = TimedUnit(START * 1000 + self.number * 100_000, unit)
            self.relay.add(item, is_picture=True)
        self.units.clear()
        self.number += 1

    def take(self) -> None:
        self.came += self.relay.take()

    def wait(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            self.take()
            time.sleep(0.01)

    def finish(self) -> list[TimedUnit]:
        self.came += self.relay.finish()
        return self.came


@pytest.fixture
def lines(socket_enabled: None) -> Iterator[Callable[..., Line]]:
    made: list[Line] = []

    def make(*arguments: object, **options) -> Line:
        line = Line(*arguments, **options)
        made.append(line)
        return line

    yield make
    for line in made:
        line.relay.close()


def pictures(name: str, count: int = 30) -> tuple[list[list[bytes]], str]:
    """Return the payloads of pictures, and the headers for the description."""
    look = Look("Yard", name, 320, 176, gop_ms=1000)
    found: list[list[bytes]] = []
    config = ""
    for start in range(START, START + count * 100, 1000):
        gop = encode_gop(look, start, 10)
        config = "".join(item.hex() for item in gop.parameter_sets)
        found += [video_payloads(name, (), unit.nals, 1400) for unit in gop.units]
    return found, config


def line_of(lines: Callable[..., Line], name: str, **options) -> Line:
    if name == "JPEG":
        return lines(track(Codec.MJPEG), **options)
    _, config = pictures(name, 10)
    return lines(
        track(Codec.MPEG4, "MP4V-ES/90000", f"profile-level-id=1;config={config}"),
        **options,
    )


@pytest.mark.parametrize("name", ["JPEG", "MPEG4"])
def test_every_picture_comes_back_under_its_own_time(
    lines: Callable[..., Line], name: str
) -> None:
    line = line_of(lines, name)
    line.relay.open()
    sent, _ = pictures(name)
    for payloads in sent:
        line.send(payloads)
        line.take()
    came = line.finish()
    assert [item.time_us for item in came] == [
        START * 1000 + n * 100_000 for n in range(30)
    ]
    assert [item.unit.rtp_time for item in came] == [
        (RTP_BASE + n * 9000) & 0xFFFFFFFF for n in range(30)
    ]
    keys = [item.unit.is_key for item in came]
    assert keys == [name == "JPEG" or n % 10 == 0 for n in range(30)]
    assert line.relay.lost == 0
    if name == "JPEG":
        shown = [read_picture(item.unit.data).number for item in came]
        assert shown == [frame_number(START) + n for n in range(30)]
    else:
        assert [item.unit.data for item in came] == [
            b"".join(payloads) for payloads in sent
        ]


def test_a_stream_that_begins_amid_a_group_keeps_its_times(
    lines: Callable[..., Line],
) -> None:
    line = line_of(lines, "MPEG4")
    line.relay.open()
    sent, _ = pictures("MPEG4")
    for payloads in sent[6:]:
        line.send(payloads)
    came = line.finish()
    assert [item.time_us - START * 1000 for item in came] == [
        n * 100_000 for n in range(4, 24)
    ]
    assert [item.unit.data for item in came] == [
        b"".join(payloads) for payloads in sent[10:]
    ]
    assert line.relay.lost == 0


def test_a_torn_picture_is_left_out_and_its_neighbours_keep_their_times(
    lines: Callable[..., Line],
) -> None:
    line = line_of(lines, "JPEG")
    line.relay.open()
    sent, _ = pictures("JPEG", 20)
    for number, payloads in enumerate(sent):
        line.send(payloads, lose=2 if number == 7 else None)
    came = line.finish()
    assert [item.time_us - START * 1000 for item in came] == [
        n * 100_000 for n in range(20) if n != 7
    ]
    assert line.relay.lost == 0, "the hole was already counted by its packet"


def test_a_whole_picture_that_ffmpeg_cannot_read_is_a_hole(
    lines: Callable[..., Line],
) -> None:
    line = line_of(lines, "JPEG")
    line.relay.open()
    sent, _ = pictures("JPEG", 10)
    for number, payloads in enumerate(sent):
        if number == 5:
            payloads = [payloads[0][:4] + b"\x7f" + payloads[0][5:]]
        line.send(payloads)
    came = line.finish()
    assert len(came) == 9
    assert line.relay.lost == 1


def test_a_jump_in_time_is_told_with_the_next_picture_that_comes(
    lines: Callable[..., Line],
) -> None:
    line = line_of(lines, "JPEG")
    line.relay.open()
    sent, _ = pictures("JPEG", 10)
    for number, payloads in enumerate(sent):
        if number == 5:
            payloads = [payloads[0][:4] + b"\x7f" + payloads[0][5:]]
        line.send(payloads, has_jumped=number == 5)
    came = line.finish()
    assert [item.unit.is_discontinuous for item in came].index(True) == 5
    assert sum(item.unit.is_discontinuous for item in came) == 1


def test_sound_keeps_its_place_between_the_pictures(
    lines: Callable[..., Line],
) -> None:
    line = line_of(lines, "JPEG")
    line.relay.open()
    sent, _ = pictures("JPEG", 10)
    for number, payloads in enumerate(sent):
        line.send(payloads)
        sound = AccessUnit(4, bytes([number]), number, None, True)
        line.relay.add(TimedUnit(number, sound), is_picture=False)
        line.take()
    came = line.finish()
    assert [item.unit.track for item in came] == [3, 4] * 10


def test_other_codecs_come_back_as_h264(lines: Callable[..., Line]) -> None:
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 176, "yuv420p"
    encoder.time_base = Fraction(1, 10)
    encoder.options = {"deadline": "realtime", "lag-in-frames": "0"}
    line = lines(track(Codec.UNKNOWN, "VP8/90000"))
    line.relay.open()
    for number in range(12):
        frame = av.VideoFrame(320, 176, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([number * 9]) * plane.buffer_size)
        frame.pts = number
        [packet] = encoder.encode(frame)
        data = bytes(packet)
        # RFC 7741 4.2: S on the first packet, no extension.
        payloads = [
            (b"\x10" if at == 0 else b"\x00") + data[at : at + 1300]
            for at in range(0, len(data), 1300)
        ]
        line.send(payloads)
        line.take()
    came = line.finish()
    assert [item.time_us - START * 1000 for item in came] == [
        n * 100_000 for n in range(12)
    ]
    made = line.relay.format
    assert made.codec is Codec.H264
    assert [nal_type(item, Codec.H264) for item in made.parameter_sets] == [7, 8]
    assert came[0].unit.is_key
    stream = annexb.join_nals(made.parameter_sets) + b"".join(u.unit.data for u in came)
    decoder = av.CodecContext.create("h264", "r")
    shown = decoder.decode(av.Packet(stream)) + decoder.decode(None)
    assert (shown[0].width, shown[0].height) == (320, 176)


def test_ffmpeg_that_dies_is_told(lines: Callable[..., Line]) -> None:
    line = line_of(lines, "JPEG")
    line.relay.open()
    sent, _ = pictures("JPEG", 10)
    for payloads in sent:
        line.send(payloads)
    line.wait(lambda: line.came)
    os.kill(line.relay.pid, signal.SIGKILL)
    with pytest.raises(NvrError) as caught:
        line.wait(lambda: False)
    assert caught.value.kind is ErrorKind.FFMPEG_FAILED
    came = len(line.finish())
    assert came >= 1


def test_ffmpeg_that_hangs_is_told_and_killed(lines: Callable[..., Line]) -> None:
    line = line_of(
        lines, "JPEG", bounds=Bounds(gop_bytes=2_000_000), waits=Waits(ffmpeg_end=0.2)
    )
    line.relay.open()
    pid = line.relay.pid
    os.kill(pid, signal.SIGSTOP)
    sent, _ = pictures("JPEG", 10)

    def feed() -> None:
        for _ in range(200):
            for payloads in sent:
                line.send(payloads)
            line.take()

    with pytest.raises(NvrError) as caught:
        feed()
    assert caught.value.kind is ErrorKind.FFMPEG_FAILED
    assert line.relay.is_behind
    line.finish()
    line.relay.close()
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("binary", ["/nowhere/ffmpeg", "/bin/false"])
def test_without_a_working_ffmpeg_it_does_not_begin(
    lines: Callable[..., Line], binary: str
) -> None:
    line = line_of(lines, "JPEG", binary=binary)
    with pytest.raises(NvrError) as caught:
        line.relay.open()
    assert caught.value.kind is ErrorKind.FFMPEG_FAILED
    assert line.relay.finish() == []


def test_ffmpeg_that_never_asks_is_not_waited_for(
    lines: Callable[..., Line], tmp_path: Path
) -> None:
    sleeper = tmp_path / "ffmpeg"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    line = line_of(
        lines, "JPEG", binary=str(sleeper), waits=Waits(ffmpeg_start=0.1, ffmpeg_end=0)
    )
    with pytest.raises(NvrError) as caught:
        line.relay.open()
    assert caught.value.kind is ErrorKind.FFMPEG_FAILED


def test_a_stop_ends_the_wait_for_ffmpeg(
    lines: Callable[..., Line], tmp_path: Path
) -> None:
    sleeper = tmp_path / "ffmpeg"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    cancel = CancelToken()
    cancel.cancel()
    line = line_of(lines, "JPEG", binary=str(sleeper), cancel=cancel)
    with pytest.raises(NvrError) as caught:
        line.relay.open()
    assert caught.value.kind is ErrorKind.CANCELLED


def test_a_clock_that_does_not_divide_ours_is_refused(
    lines: Callable[..., Line],
) -> None:
    form = TrackFormat(TrackKind.VIDEO, Codec.UNKNOWN, 44_100)
    line = lines(MediaTrack(0, form, 96, "rtsp://camera/1"))
    with pytest.raises(NvrError) as caught:
        line.relay.open()
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC


def test_an_unopened_relay_has_nothing(lines: Callable[..., Line]) -> None:
    line = line_of(lines, "JPEG")
    assert line.relay.finish() == []
    assert line.relay.format.codec is Codec.MJPEG


def test_only_the_child_gets_the_stream(lines: Callable[..., Line]) -> None:
    line = line_of(lines, "JPEG")
    line.relay.open()
    port = int(line.relay.url.split(":")[2].split("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1).close()


def test_the_description_says_what_the_device_said_and_no_more() -> None:
    hostile = track(Codec.MPEG4, "MP4V-ES/90000", "config=00\r\na=control:rtsp://x/")
    text = describe(hostile)
    assert "a=fmtp:96 config=00a=control:rtsp://x/\r\n" in text
    assert text.count("\r\na=control:") == 1
    assert "camera" not in text
    assert "rtpmap" not in describe(track(Codec.MJPEG))


def test_no_secret_in_arguments_and_environment(
    lines: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERVISOR_TOKEN", "tide-4711")
    line = line_of(lines, "JPEG")
    line.relay.open()
    for name in ("cmdline", "environ"):
        assert b"tide-4711" not in Path(f"/proc/{line.relay.pid}/{name}").read_bytes()


def forwarder(codec: Codec = Codec.MPEG4, limit: int = 1000) -> Forwarder:
    form = TrackFormat(TrackKind.VIDEO, codec, 90_000)
    return Forwarder(0, [], 96, form, limit)


def push(line: Forwarder, data: bytes, stamp: int, **options) -> None:
    line.push(
        memoryview(data),
        stamp,
        options.get("marker", False),
        None,
        options.get("is_after_loss", False),
    )


def test_units_without_a_marker_end_where_the_time_changes() -> None:
    line = forwarder()
    push(line, b"a", 5)
    push(line, b"b", 5)
    push(line, b"c", 6)
    push(line, b"d", 7, is_after_loss=True)
    line.release()
    line.finish()
    assert [unit.rtp_time for unit in line.out] == [5, 6, 7]
    assert [unit.is_damaged for unit in line.out] == [False, True, True]
    sequence = [
        int.from_bytes(line.packets[at + 6 : at + 8])
        for at in range(0, len(line.packets), 17)
    ]
    assert sequence == [0, 1, 2, 3, 4, 6], "the first unit twice, a hole"


def test_packets_after_the_marker_belong_to_the_same_unit() -> None:
    line = forwarder()
    push(line, b"a", 5, marker=True)
    push(line, b"b", 5, marker=True)
    push(line, b"c", 6)
    line.finish()
    assert [unit.rtp_time for unit in line.out] == [5]
    push(line, b"d", 7)
    line.reset()
    line.finish()
    assert [unit.rtp_time for unit in line.out] == [5]


def test_a_unit_beyond_its_bound_is_refused() -> None:
    line = forwarder(limit=10)
    push(line, bytes(6), 5)
    with pytest.raises(NvrError) as caught:
        push(line, bytes(6), 5)
    assert caught.value.kind is ErrorKind.PROTOCOL


def test_jpeg_too_large_for_its_own_header_is_said_so() -> None:
    with pytest.raises(NvrError) as caught:
        push(forwarder(Codec.MJPEG), b"\0\0\0\0\1\xff\0\x10rest", 5)
    assert caught.value.kind is ErrorKind.UNSUPPORTED_CODEC


def test_ffmpeg_can_be_ended_twice() -> None:
    process = Ffmpeg(FFMPEG, "rtsp://127.0.0.1:9/x", is_copy=True)
    process.end()
    process.end()
    assert process.read() == b""


def test_a_stop_waits_less_for_ffmpeg_than_the_end_of_a_stream(
    lines: Callable[..., Line],
) -> None:
    line = line_of(lines, "JPEG")
    line.relay.open()
    os.kill(line.relay.pid, signal.SIGSTOP)
    line.cancel.cancel()
    begun = time.monotonic()
    assert line.finish() == []
    assert time.monotonic() - begun < WAITS.ffmpeg_end / 2
