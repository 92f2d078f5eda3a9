import time

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtsp import parser
from custom_components.vtrack_nvr.core.rtsp.messages import (
    Headers,
    Request,
    Response,
    RtspMessage,
    parse_head,
)
from custom_components.vtrack_nvr.core.rtsp.parser import (
    DiscardingSink,
    FrameSink,
    StreamParser,
)
from custom_components.vtrack_nvr.core.rtsp.refusals import OutOfStep

from .loopback import interleave

RTP = b"\x80\x60" + bytes(range(40))
OK = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"
DESCRIBED = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 5\r\n\r\nv=0$\n"
ANNOUNCE = b"ANNOUNCE rtsp://h/a RTSP/1.0\r\nCSeq: 9\r\nx-notice: 2101\r\n\r\n"


class Collector(FrameSink):
    def __init__(self) -> None:
        self.frames: list[tuple[int, bytes]] = []

    def take(self, view: memoryview, position: int, end: int) -> int:
        start = position
        position = DiscardingSink().take(view, position, end)
        while start < position:
            stop = start + 4 + (view[start + 2] << 8 | view[start + 3])
            self.frames.append((view[start + 1], bytes(view[start + 4 : stop])))
            start = stop
        return position


class Fed:
    """A parser with everything that came out of it, in order."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.sink = Collector()
        self.parser = StreamParser(bounds or Bounds(receive_bytes=4096), self.sink)
        self.parser.channels.update((0, 1))
        self.messages: list[RtspMessage] = []

    def feed(self, data: bytes, size: int | None = None) -> Fed:
        for start in range(0, len(data), size or len(data) or 1):
            self.messages += self.parser.feed_bytes(
                data[start : start + (size or len(data))]
            )
        return self

    @property
    def kinds(self) -> list[object]:
        return [m.method if isinstance(m, Request) else m.status for m in self.messages]


MIXED = (
    interleave(0, RTP)
    + OK
    + interleave(1, b"\x80\xc8")
    + interleave(0, RTP)
    + b"\r\n"
    + DESCRIBED
    + ANNOUNCE
    + interleave(0, RTP)
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, None])
def test_frames_and_messages_are_told_apart_in_any_pieces(size: int | None) -> None:
    fed = Fed().feed(MIXED, size)
    assert fed.kinds == [200, 200, "ANNOUNCE"]
    assert fed.messages[1].body == b"v=0$\n"
    assert fed.sink.frames == [(0, RTP), (1, b"\x80\xc8"), (0, RTP), (0, RTP)]
    assert fed.parser.skipped == 0


def test_bodies_are_the_length_they_say() -> None:
    fed = Fed().feed(DESCRIBED + b"RTSP/1.0 404\r\n\r\n")
    assert fed.messages == [
        Response(
            200, "OK", Headers([("CSeq", "2"), ("Content-Length", "5")]), b"v=0$\n"
        ),
        Response(404, ""),
    ]


def test_bare_line_feeds_end_a_head() -> None:
    assert Fed().feed(b"RTSP/1.0 200 OK\nCSeq: 1\n\nRTSP/1.0 404\n\r\n").kinds == [
        200,
        404,
    ]


def test_a_message_that_is_not_whole_is_awaited() -> None:
    fed = Fed().feed(DESCRIBED[:-1])
    assert fed.messages == []
    assert fed.feed(DESCRIBED[-1:]).kinds == [200]


def test_after_nonsense_the_next_plausible_frame_is_found() -> None:
    nonsense = b"\x00garbage$\x09\x00\x10" + b"$\x00\x00\x02xx" + b"$\x00\x00\x10\x00"
    for size in (None, 1, 3):
        fed = Fed().feed(
            interleave(0, RTP) + nonsense + interleave(0, RTP) * 2 + OK, size
        )
        assert fed.sink.frames == [(0, RTP)] * 3
        assert fed.kinds == [200]
        assert fed.parser.skipped == len(nonsense)


def test_after_nonsense_a_response_is_found() -> None:
    fed = Fed().feed(b"\x01\x02\x03" + OK)
    assert fed.kinds == [200]
    assert fed.parser.skipped == 3


def test_a_text_that_is_no_message_is_nonsense() -> None:
    fed = Fed().feed(b"HELLO world\r\n\r\n" + OK)
    assert fed.kinds == [200]
    assert fed.parser.skipped > 0


def test_too_much_nonsense_is_refused() -> None:
    fed = Fed(Bounds(receive_bytes=4096, resync_bytes=10_000))
    fed.feed(bytes(9_000))
    with pytest.raises(NvrError) as error:
        fed.feed(b"\x00" * 2_000)
    assert error.value.kind is ErrorKind.PROTOCOL


def test_without_patience_the_first_stray_byte_is_too_much() -> None:
    fed = Fed()
    fed.feed(bytes(9_000) + interleave(0, RTP))
    assert fed.parser.stumbles == 1
    fed.parser.patience = 0
    fed.feed(b"\r\n" + interleave(0, RTP) + OK)
    with pytest.raises(OutOfStep) as error:
        fed.feed(interleave(1, RTP) + b"\x00" + interleave(0, RTP))
    assert error.value.kind is ErrorKind.PROTOCOL
    assert [channel for channel, _ in fed.sink.frames] == [0, 0, 1]
    fed.parser.patience = 100
    fed.feed(interleave(0, RTP))
    assert len(fed.sink.frames) == 4, "it can go on behind what it refused"
    assert fed.parser.stumbles == 2


def test_nonsense_is_counted_anew_after_each_frame() -> None:
    fed = Fed(Bounds(receive_bytes=4096, resync_bytes=10_000))
    for _ in range(5):
        fed.feed(bytes(9_000) + interleave(0, RTP) + OK)
    assert len(fed.sink.frames) == 5


@pytest.mark.parametrize(
    "data",
    [
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 400,
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 400 + b"\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    ],
)
@pytest.mark.parametrize("size", [None, 100])
def test_oversized_messages_are_refused(data: bytes, size: int | None) -> None:
    fed = Fed(Bounds(receive_bytes=1000, header_bytes=2000, body_bytes=5000))
    with pytest.raises(NvrError) as error:
        fed.feed(data, size)
    assert error.value.kind is ErrorKind.PROTOCOL


def test_a_long_head_byte_by_byte_takes_no_quadratic_time() -> None:
    fed = Fed(Bounds())
    began = time.thread_time()
    fed.feed(b"RTSP/1.0 200 OK\r\n" + b"X: " + b"y" * 60_000 + b"\r\n\r\n", 1)
    assert fed.kinds == [200]
    assert time.thread_time() - began < 3


def test_a_head_is_read_once_however_slowly_its_body_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[bytes] = []

    def counted(head: bytes) -> RtspMessage:
        read.append(head)
        return parse_head(head)

    monkeypatch.setattr(parser, "parse_head", counted)
    message = b"RTSP/1.0 200 OK\r\nContent-Length: 500\r\n\r\n" + bytes(500)
    fed = Fed().feed(message * 2 + interleave(0, RTP), 1)
    assert fed.kinds == [200, 200]
    assert fed.sink.frames == [(0, RTP)]
    # Once to learn how long the body is, once when it is there.
    assert len(read) == 4


def test_blank_lines_without_end_are_passed_over_quickly() -> None:
    fed = Fed(Bounds())
    began = time.monotonic()
    fed.feed(b"\r\n" * 10_000_000 + OK)
    assert fed.kinds == [200]
    assert time.monotonic() - began < 20


def test_the_largest_frame_fits() -> None:
    fed = Fed(Bounds(receive_bytes=1000))
    fed.feed(interleave(0, bytes(0xFFFF)) + OK, 999)
    assert len(fed.sink.frames[0][1]) == 0xFFFF
    assert fed.kinds == [200]


def test_discarding_keeps_the_framing() -> None:
    parser = StreamParser(Bounds(receive_bytes=4096), DiscardingSink())
    assert len(parser.feed_bytes(MIXED)) == 3


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_mutated_and_cut_streams_end_in_our_kinds_only(data: st.DataObject) -> None:
    stream = bytearray(MIXED * 3)
    for _ in range(data.draw(st.integers(0, 15))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(
            st.integers(0, 255)
        )
    cut = data.draw(st.integers(0, len(stream)))
    size = data.draw(st.integers(1, 400))
    bounds = Bounds(receive_bytes=512, header_bytes=600, body_bytes=600)
    whole, pieces = Fed(bounds), Fed(bounds)
    outcomes = []
    for fed, step in ((whole, None), (pieces, size)):
        try:
            fed.feed(bytes(stream[:cut]), step)
        except NvrError as error:
            outcomes.append(error.kind)
        else:
            outcomes.append(None)
        assert sum(len(frame) for _, frame in fed.sink.frames) <= cut
    assert set(outcomes) <= {None, ErrorKind.PROTOCOL}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600), st.integers(1, 100))
def test_anything_is_survived(data: bytes, size: int) -> None:
    fed = Fed(Bounds(receive_bytes=128, header_bytes=300, body_bytes=300))
    try:
        fed.feed(data, size)
    except NvrError as error:
        assert error.kind is ErrorKind.PROTOCOL  # noqa: PT017 - both are fine
