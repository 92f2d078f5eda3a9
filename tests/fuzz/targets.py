"""What is fuzzed: each reader of bytes that a device, a network or a share may write."""

# Reads private members: clips are written with the flags of older versions.

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from inspect import isfunction, signature
import io
from pathlib import Path
from pkgutil import iter_modules
import tempfile

from custom_components.vtrack_nvr.core import onvif
from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.frames import (
    Codec,
    TrackFormat,
    TrackKind,
)
from custom_components.vtrack_nvr.core.library import journal
from custom_components.vtrack_nvr.core.media import annexb, codec_headers, output
from custom_components.vtrack_nvr.core.media.clip_probe import ClipProbe
from custom_components.vtrack_nvr.core.media.cutting import cut_fragments
from custom_components.vtrack_nvr.core.media.fast_start import fast_start
from custom_components.vtrack_nvr.core.media.fragment_index import (
    FragmentIndex,
    GrowingIndex,
    read_index,
)
from custom_components.vtrack_nvr.core.media.silence import (
    Quiet,
    silence_like,
    with_silence,
)
from custom_components.vtrack_nvr.core.onvif import notifications, probe_match, soap
from custom_components.vtrack_nvr.core.onvif.xml import Element, parse_xml
from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtp.receiver import Receiver
from custom_components.vtrack_nvr.core.rtp.rtcp import parse_rtcp
from custom_components.vtrack_nvr.core.rtsp import headers as rtsp_headers
from custom_components.vtrack_nvr.core.rtsp.parser import DiscardingSink, StreamParser
from custom_components.vtrack_nvr.core.rtsp.sdp import parse_sdp
from tests.core.media import clip_files
from tests.core.rtp.packets import fragment_h264, fragment_h265, interleave, rtp

from .actions import action_target
from .commands import command_target
from .fuzzer import Target

DEVICES = Path(__file__).parent.parent / "devices"
BOUNDS = replace(Bounds(), access_unit_bytes=1_000_000)

H264 = TrackFormat(TrackKind.VIDEO, Codec.H264, 90_000)
H265 = TrackFormat(TrackKind.VIDEO, Codec.H265, 90_000)
AAC = TrackFormat(TrackKind.AUDIO, Codec.AAC, 16_000, config=bytes.fromhex("1408"))
LATM = TrackFormat(TrackKind.AUDIO, Codec.LATM, 16_000, name="MP4A-LATM")
PCMU = TrackFormat(TrackKind.AUDIO, Codec.PCMU, 8_000)
FORMATS = {
    "h264": H264,
    "h265": H265,
    "mjpeg": TrackFormat(TrackKind.VIDEO, Codec.MJPEG, 90_000),
    "mpeg4": TrackFormat(TrackKind.VIDEO, Codec.MPEG4, 90_000),
    "aac": AAC,
    "adts": TrackFormat(TrackKind.AUDIO, Codec.AAC, 16_000),
    "latm": LATM,
    "l16": TrackFormat(TrackKind.AUDIO, Codec.L16, 16_000),
    "g722": TrackFormat(TrackKind.AUDIO, Codec.G722, 8_000),
    "opus": TrackFormat(TrackKind.AUDIO, Codec.OPUS, 48_000),
    "plain": PCMU,
}


# SOAP and discovery


def _notices(answer: Element) -> object:
    return notifications.read_notifications(answer, {"vs0": "1"}, 10**12)


def _readers() -> Iterator[Callable[[Element], object]]:
    """Yield all functions that read an answer and need nothing else."""
    for module in iter_modules(onvif.__path__):
        found = import_module(f"{onvif.__name__}.{module.name}")
        for name, function in vars(found).items():
            if name.startswith("read_") and isfunction(function):
                parameters = list(signature(function).parameters.values())
                if [item.annotation for item in parameters] == [Element]:
                    yield function
    yield _notices


_READERS = tuple(dict.fromkeys(_readers()))


def read_soap(data: bytes) -> None:
    """Read an answer as each operation would."""
    body = soap.read_body(parse_xml(data), "fuzz")
    for reader in _READERS:
        try:
            reader(body)
        except NvrError:
            continue


def _soap_seeds() -> Iterator[bytes]:
    for path in sorted(DEVICES.rglob("*.xml")):
        yield path.read_bytes()
    yield (
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
        b"<PullMessagesResponse><NotificationMessage><Topic>tns1:RuleEngine/CellMotion"
        b'Detector/Motion</Topic><Message><Message UtcTime="2026-01-01T00:00:00Z"'
        b' PropertyOperation="Changed"><Source><SimpleItem Name="Source" Value="vs0"/>'
        b'</Source><Data><SimpleItem Name="IsMotion" Value="true"/></Data></Message>'
        b"</Message></NotificationMessage></PullMessagesResponse></s:Body></s:Envelope>"
    )


def read_datagram(data: bytes) -> None:
    """Read an answer to a search."""
    probe_match.read_matches(data, "127.0.0.1")


MATCH = (
    b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>'
    b"<ProbeMatches><ProbeMatch><EndpointReference><Address>urn:uuid:7f3d4c1e-0000-4000"
    b"-8000-000000000001</Address></EndpointReference><Types>dn:NetworkVideoTransmitter"
    b"</Types><Scopes>onvif://www.onvif.org/name/A%20B onvif://www.onvif.org/location/x"
    b" onvif://www.onvif.org/Profile/G</Scopes><XAddrs>http://127.0.0.1:8000/onvif/device"
    b"_service https://[::1]/onvif/device_service</XAddrs></ProbeMatch></ProbeMatches>"
    b"</e:Body></e:Envelope>"
)
_XML_WORDS = (
    b"<!DOCTYPE a [", b"<!ENTITY a 'b'>", b"&a;", b"<![CDATA[", b"]]>", b"<!--", b"-->",
    b"<?xml version='1.0' encoding='utf-16'?>", b'xmlns:a="b"', b"</s:Body>", b"&#0;",
    b"2026-13-41T25:61:61.999999999Z", b"PT99999999999999999999S", b"\xff\xfe", b"\0",
)  # fmt: skip


# RTSP


def read_rtsp(data: bytes) -> None:
    """Read a connection and what its headers say."""
    for message in StreamParser(BOUNDS, DiscardingSink()).feed_bytes(data):
        items = message.headers
        rtsp_headers.parse_session(items.get("Session"))
        rtsp_headers.parse_transport(items.get("Transport"))
        rtsp_headers.parse_clock_range(items.get("Range"))
        rtsp_headers.parse_rtp_info(items.get("RTP-Info"))
        rtsp_headers.parse_tokens(items.get("Public"))
        rtsp_headers.parse_number(items.get("Scale"))
        rtsp_headers.parse_notice(items.get("Notice"))


ANSWER = (
    b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 12345678;timeout=60\r\nTransport: RTP/AVP/TCP;"
    b"unicast;interleaved=0-1;ssrc=ABCDEF01\r\nRange: clock=20260101T000000.000Z-\r\n"
    b"RTP-Info: url=rtsp://127.0.0.1/t/1;seq=9;rtptime=3\r\nPublic: OPTIONS, PLAY\r\n"
    b"Scale: 1.0\r\nContent-Length: 3\r\n\r\nabc$\0\0\4abcdRTSP/1.0 401 Unauthorized\r\n"
    b'CSeq: 5\r\nWWW-Authenticate: Digest realm="a", nonce="b"\r\n\r\n'
)
SDP = (
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\na=control:rtsp://127.0.0.1/x\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;"
    b"sprop-parameter-sets=Z0IAKeKQFAe2AtwEBAaQeJEV,aM48gA==\r\na=control:track1\r\n"
    b"m=video 0 RTP/AVP 97\r\na=rtpmap:97 H265/90000\r\na=fmtp:97 sprop-vps=QAEM;sprop-sps"
    b"=QgEB;sprop-pps=RAHA\r\nm=audio 0 RTP/AVP 98\r\na=rtpmap:98 MPEG4-GENERIC/16000/1\r\n"
    b"a=fmtp:98 mode=AAC-hbr;config=1408;sizelength=13;indexlength=3;indexdeltalength=3\r\n"
    b"m=audio 0 RTP/AVP 99\r\na=rtpmap:99 MP4A-LATM/16000\r\na=fmtp:99 config=40002420\r\n"
    b"a=x-onvif-track:T1\r\nm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/9\r\n"
)


def read_sdp(data: bytes) -> None:
    """Read a description and the pictures it announces."""
    for track in parse_sdp(data, "rtsp://127.0.0.1/x/").tracks:
        if track.format.codec in {Codec.H264, Codec.H265}:
            codec_headers.size_of(track.format.parameter_sets, track.format.codec)


# RTP


def _received(name: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        receiver = Receiver(BOUNDS)
        receiver.add_track(0, FORMATS[name], 96, 0, 1)
        view = memoryview(bytearray(data))
        position = receiver.take(view, 0, len(view))
        receiver.stumbled()
        receiver.take(view, min(position + 1, len(view)), len(view))
        receiver.finish()
        receiver.restart()

    return read


def _frames(name: str) -> bytes:
    picture = bytes(range(256)) * 4
    if name == "h264":
        nals = [
            b"\x67\x42\x00\x29" + picture[:8],
            b"\x68\xce\x3c\x80",
            b"\x65\x88" + picture,
        ]
        payloads = [p for nal in nals for p in fragment_h264(nal, 300)]
        payloads.append(b"\x78\x00\x04\x67\x42\x00\x29\x00\x02\x68\xce")
    elif name == "h265":
        nals = [
            b"\x40\x01\x0c",
            b"\x42\x01\x01",
            b"\x44\x01\xc0",
            b"\x26\x01\x80" + picture,
        ]
        payloads = [p for nal in nals for p in fragment_h265(nal, 300)]
        payloads.append(b"\x60\x01\x00\x03\x40\x01\x0c\x00\x03\x44\x01\xc0")
    elif name == "aac":
        payloads = [
            b"\x00\x10\x00\x40" + picture[:8],
            b"\x00\x20\x00\x20\x00\x20" + picture[:8],
        ]
    elif name == "latm":
        payloads = [
            b"\x56\xe0\x08\x20\x00\x24\x20\x08" + picture[:9],
            b"\x08" + picture[:8],
        ]
    elif name == "mjpeg":
        # RFC 2435: the type and the tables of quality 50, then tables in band, restarts
        rest = b"\x28\x16"
        tables = b"\0\0\0\x80" + picture[1:129]
        payloads = [
            b"\0\0\0\0\x01\x32" + rest + picture[:400],
            b"\0\0\x01\x90\x01\x32" + rest + picture[400:700],
            b"\0\0\x02\xbc\x01\x32" + rest + picture[700:] + b"\xff\xd9",
            b"\0\0\0\0\x41\xff" + rest + b"\0\x04\xff\xff" + tables + picture[:200],
        ]
    elif name == "mpeg4":
        head = bytes.fromhex("000001b001000001b5090000010000000120008440fa285020")
        payloads = [
            head + b"\0\0\1\xb3\0\x10\7",
            b"\0\0\1\xb6\x10" + picture[:300],
            picture[300:600],
            b"\0\0\1\xb6\x50" + picture[:300],
        ]
    elif name == "adts":
        adts = bytes.fromhex("fff16040021ffc")
        payloads = [
            adts + picture[:9],
            adts + picture[:9] + adts + picture[:9],
            b"\x00\x10\x00\x80" + adts + picture[:9],
        ]
    elif name == "l16":
        payloads = [picture[:640], picture[:641], picture[:1]]
    elif name == "opus":
        payloads = [b"\x78" + picture[:60], b"\x0b\x82\x05" + picture[:40], b"\xfc"]
    else:
        payloads = [picture[:160]]
    return b"".join(
        interleave(0, rtp(payload, number, number // 3 * 3000, marker=number % 3 == 2))
        for number, payload in enumerate(payloads)
    )


def read_rtcp(data: bytes) -> None:
    """Read a compound packet."""
    for _item in parse_rtcp(memoryview(data)):
        pass


# Files


@cache
def _scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="vtrack-fuzz-"))


def read_mp4(data: bytes) -> None:
    """Adopt a file that somebody put on the storage."""
    path = _scratch() / "clip.mp4"
    path.write_bytes(data)
    ClipProbe().read_clip(path)


def _mp4_seeds() -> Iterator[bytes]:
    from tests.core.media.test_clip_probe import clip

    path = _scratch() / "seed.mp4"
    clip(path)
    yield path.read_bytes()[:60_000]
    data = path.read_bytes()
    at = data.find(b"moov")
    if at > 0:  # the tables alone, which are what is read
        yield data[:40] + data[at - 4 :]


def read_fragments(data: bytes) -> None:
    """Cut a clip for players, as it is and while it is being written."""
    file, size = io.BytesIO(data), len(data)
    growing = GrowingIndex()
    growing.extend(file, size // 2)
    growing.extend(file, size)
    if growing.index is not None:
        _cut_all(file, growing.index)
    for read in (read_index, fast_start):
        try:
            found = read(file, size)
        except NvrError:
            continue
        if isinstance(found, FragmentIndex):
            _cut_all(file, found)
        elif found is not None:
            found.read(file, 0, found.size)


def _cut_all(file: io.BytesIO, index: FragmentIndex) -> None:
    for at in range(min(len(index), 100)):
        assert index.shown[at] <= index.shown[at + 1]
        place = index.place(at, at)
        cut_fragments(file, place, is_absolute=index.is_absolute).read(file, 0, 100)
        quiet = Quiet(9, 5, 3, b"1234") if at % 2 else None
        moved = cut_fragments(
            file, place, is_absolute=True, shifts={1: 9, 2: 5}, quiet=quiet
        )
        moved.read(file, 0, 100)
    silence = silence_like(index.init)
    if silence is not None:
        with_silence(index.init, silence)


def _fragment_seeds() -> Iterator[bytes]:
    path = _scratch() / "fragments.mp4"
    for flags in (output._FLAGS, clip_files.OLD_FLAGS):
        before, output._FLAGS = output._FLAGS, flags
        try:
            path.unlink(missing_ok=True)
            data = clip_files.clip(path, sound=True, count=20).read_bytes()
        finally:
            output._FLAGS = before
        yield data
        yield data[: data.rindex(b"moof")]
        growing = data.replace(b"mdat", b"free", 1)
        yield growing[:36] + (36).to_bytes(4) + growing[40:]


def read_headers(data: bytes) -> None:
    """Read the headers of pictures of each codec."""
    for codec in (Codec.H264, Codec.H265, Codec.MPEG4, Codec.MJPEG):
        found = codec_headers.headers(data, codec)
        for header in found:
            codec_headers.kind_of(header, codec)
        if found:
            codec_headers.decoder_config(found, codec)
        codec_headers.size_of(found, codec)
    annexb.parameter_sets(data, Codec.H264)


def read_journal(data: bytes) -> None:
    """Read the journal of a camera."""
    for line in journal.decode_lines(data):
        assert line.fact
    for raw in journal.split_lines(data[at : at + 7] for at in range(0, len(data), 7)):
        journal.sequence_of(raw)
    journal.repair_prefix(data[-4096:])


JOURNAL = b"".join(
    journal.encode_line(number, journal.Fact(kind, values).text())
    for number, (kind, values) in enumerate(
        (
            (journal.FactKind.CAMERA, {"camera": "n/1", "nvr": "n"}),
            (journal.FactKind.PROTECT, {"path": "a/b/c.mp4", "on": True, "note": "x"}),
            (
                journal.FactKind.GONE,
                {"path": "a/b/c.mp4", "range": [1, 2], "cause": "age"},
            ),
            (
                journal.FactKind.SPAN,
                {"state": "lost", "ranges": [[1, 2]], "reason": "x"},
            ),
        ),
        1,
    )
)


def targets() -> dict[str, Callable[[], Target]]:
    """Return how to make each target, by name."""
    made: dict[str, Callable[[], Target]] = {
        "soap": lambda: Target(read_soap, tuple(_soap_seeds()), _XML_WORDS),
        "discovery": lambda: Target(read_datagram, (MATCH,), _XML_WORDS),
        "rtsp": lambda: Target(
            read_rtsp, (ANSWER,), (b"\r\n\r\n", b"Content-Length: ", b"$")
        ),
        "sdp": lambda: Target(
            read_sdp, (SDP,), (b"\r\nm=", b"\r\na=fmtp:96 ", b"config=")
        ),
        "rtcp": lambda: Target(
            read_rtcp,
            (
                bytes.fromhex("80c80006")
                + bytes(24)
                + bytes.fromhex("81cb000100000001"),
            ),
        ),
        "mp4": lambda: Target(
            read_mp4,
            tuple(_mp4_seeds()),
            (
                b"moov",
                b"trak",
                b"stts",
                b"stsz",
                b"stco",
                b"co64",
                b"moof",
                b"trun",
                b"mdat",
            ),
        ),
        "fragments": lambda: Target(
            read_fragments,
            tuple(_fragment_seeds()),
            tuple(b"ftyp free moov trak stsc stsz stco co64 tfhd trun mdat".split()),
        ),
        "headers": lambda: Target(
            read_headers,
            (b"\0\0\0\1\x67\x42\x00\x29\xe2\x90\0\0\1\x68\xce\x3c\x80\0\0\1\x65\x88",),
            (
                b"\0\0\1",
                b"\0\0\1\xb0",
                b"\0\0\1\x20",
                b"\xff\xd8\xff\xc0",
                b"\0\0\1\x42\1\1",
            ),
        ),
        "journal": lambda: Target(read_journal, (JOURNAL,), (b"\n", b'{"t":"gone"')),
        "websocket": command_target,
        "actions": action_target,
    }
    for name in FORMATS:
        made[f"rtp-{name}"] = lambda n=name: Target(
            _received(n),
            (_frames(n),),
            (b"$\0\0\x10", b"\x90\x60", b"\xab\xac\x00\x03"),
        )
    return made
