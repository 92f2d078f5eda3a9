from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import time

import pytest

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.frames import AccessUnit
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from custom_components.vtrack_nvr.core.rtp.replay_extension import CLEAN, ReplayStamp
from custom_components.vtrack_nvr.core.rtsp.session_values import PlayRequest
from custom_components.vtrack_nvr.core.stream.unit_stream import (
    Batch,
    EndSignal,
    SenderTimes,
    UnitStream,
)
from tests.core.rtp.packets import fragment_h264, rtp
from tests.core.rtsp.loopback import SDP, LoopbackServer, Peer

BYE = bytes.fromhex("80cb0000")
REPORT = bytes.fromhex("80c80006 00000001 e93dfba5 80000000 00001267 00000000 00000000")
MOMENT_US = 1_704_164_645_500_000
WAITS = replace(Waits(), connect=2.0, reply=2.0, teardown=0.3)


@contextmanager
def connected(
    script: Callable[[Peer], None],
) -> Iterator[tuple[UnitStream, LoopbackServer]]:
    with (
        LoopbackServer(script) as server,
        UnitStream(
            Endpoint(server.url, "admin", "secret"),
            clock=SystemClock(),
            waits=WAITS,
            bounds=Bounds(),
            cancel=CancelToken(),
        ) as stream,
    ):
        yield stream, server


def start(stream: UnitStream, tracks: int = 2) -> None:
    for track in stream.describe().tracks[:tracks]:
        stream.setup(track, require_replay=True)
    stream.play(PlayRequest(require_replay=True))


def receive_until(
    stream: UnitStream, done: Callable[[Batch], bool]
) -> tuple[list[AccessUnit], Batch]:
    units: list[AccessUnit] = []
    deadline = time.monotonic() + 5
    while True:
        batch = stream.receive(0.05)
        units += batch.units
        if done(batch):
            return units, batch
        assert time.monotonic() < deadline


def send_pictures(peer: Peer, count: int = 5, lost: int = -1) -> None:
    sequence = 0
    for number in range(count):
        nal = bytes((0x65 if number == 0 else 0x41, 0x80)) + bytes(2000)
        payloads = list(fragment_h264(nal, 500))
        for place, payload in enumerate(payloads):
            if sequence != lost:
                peer.frame(
                    0,
                    rtp(
                        payload,
                        sequence,
                        number * 3600,
                        marker=place == len(payloads) - 1,
                        stamp=ReplayStamp(MOMENT_US + number * 40_000, CLEAN, 5)
                        if place == 0
                        else None,
                    ),
                )
            sequence += 1
        peer.frame(2, rtp(bytes(160), number, number * 160, payload_type=0))


def test_units_of_all_tracks_come_in_order_until_bye() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        send_pictures(peer)
        peer.frame(1, BYE)
        peer.frame(3, BYE)
        peer.serve_teardown()

    with connected(script) as (stream, server):
        start(stream)
        units, batch = receive_until(stream, lambda b: b.ended is not None)
        assert stream.parameter_sets(0)[0][0] == 0x67
    assert batch.ended is EndSignal.BYE
    assert batch.bye_tracks == {0, 1}
    assert [unit.track for unit in units] == [0, 1] * 5
    assert [u.time_us for u in units if u.track == 0] == [
        MOMENT_US + n * 40_000 for n in range(5)
    ]
    assert [u.play_cseq for u in units if u.track == 0] == [5] * 5
    assert server.methods[-1] == "TEARDOWN"


def test_bytes_and_holes_are_counted_per_batch() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        send_pictures(peer, lost=7)
        peer.serve_teardown()

    with connected(script) as (stream, _):
        start(stream)
        batches = []
        units = 0
        while units < 10:
            batch = stream.receive(0.5)
            units += len(batch.units)
            batches.append(batch)
        assert stream.receive(0.01) == replace(
            Batch(), arrival_ms=pytest.approx(time.time() * 1000, abs=5000)
        )
    assert sum(b.holes for b in batches) == 1
    assert sum(u.is_damaged for b in batches for u in b.units) == 1
    assert sum(b.bytes for b in batches) > 10_000
    assert all(abs(b.arrival_ms - time.time() * 1000) < 5000 for b in batches)


def test_what_came_before_an_orderly_close_is_handed_out() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.frame(0, rtp(b"\x65\x88\x01", 1, 0))
        peer.frame(0, rtp(b"\x41\x9a\x02", 2, 3600))

    with connected(script) as (stream, _):
        start(stream)
        units, batch = receive_until(stream, lambda b: b.ended is not None)
        assert batch.ended is EndSignal.CLOSED
        units += stream.finish()
    assert [unit.rtp_time for unit in units] == [0, 3600]


@pytest.mark.parametrize(
    ("request_", "ended"),
    [
        (b"ANNOUNCE x RTSP/1.0\r\nCSeq: 1\r\nx-notice: 2101\r\n\r\n", EndSignal.NOTICE),
        (b"TEARDOWN x RTSP/1.0\r\nCSeq: 1\r\n\r\n", EndSignal.TERMINATED),
    ],
)
def test_the_devices_own_word_ends_the_stream(
    request_: bytes, ended: EndSignal
) -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.send(request_)
        peer.serve_teardown()

    with connected(script) as (stream, _):
        start(stream)
        _, batch = receive_until(stream, lambda b: b.ended is not None)
    assert batch.ended is ended


def test_sender_reports_are_handed_out() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.frame(1, REPORT)
        peer.frame(3, REPORT[:8] + bytes(20))
        peer.serve_teardown()

    with connected(script) as (stream, _):
        start(stream)
        reports: list[SenderTimes] = []
        receive_until(
            stream, lambda b: bool(reports.extend(b.reports)) or len(reports) == 2
        )
    assert reports == [SenderTimes(0, MOMENT_US, 0x1267), SenderTimes(1, 0, 0)]


def test_a_codec_nobody_reads_is_refused_before_the_device_is_asked() -> None:
    def script(peer: Peer) -> None:
        peer.reply(peer.expect("OPTIONS"))
        peer.reply(peer.expect("DESCRIBE"), body=SDP.replace("H264", "VP8").encode())
        peer.read()

    with connected(script) as (stream, server):
        track = stream.describe().tracks[0]
        with pytest.raises(NvrError) as error:
            stream.setup(track)
    assert error.value.kind is ErrorKind.UNSUPPORTED_CODEC
    assert server.methods == ["OPTIONS", "DESCRIBE"]


def test_a_move_forgets_what_was_under_way() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        peer.frame(0, rtp(b"\x65\x88\x01", 1, 0))
        pause = peer.expect("PAUSE")
        peer.frame(0, rtp(b"\x41\x9a\x01", 2, 0))
        peer.reply(pause)
        peer.reply(peer.expect("PLAY"))
        peer.frame(0, rtp(b"\x65\x88\x02", 500, 9, marker=True))
        peer.serve_teardown()

    with connected(script) as (stream, _):
        start(stream, 1)
        stream.pause()
        stream.play(PlayRequest(start_ms=0, immediate=True))
        units, batch = receive_until(stream, lambda b: bool(b.units))
        stream.keep_alive()
    assert [unit.data[-1] for unit in units] == [2]
    assert batch.holes == 0


def test_a_reset_is_raised_and_loses_nothing_that_was_complete() -> None:
    def script(peer: Peer) -> None:
        peer.serve_until_play()
        send_pictures(peer, 1)
        time.sleep(0.05)
        peer.reset()

    with connected(script) as (stream, _):
        start(stream)
        units: list[AccessUnit] = []
        with pytest.raises(NvrError) as error:
            receive_until(stream, lambda b: bool(units.extend(b.units)))
        units += stream.drain().units
    assert error.value.kind is ErrorKind.INTERRUPTED
    assert len(units) == 2
