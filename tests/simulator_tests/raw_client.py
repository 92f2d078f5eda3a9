"""A small RTSP client of the tests' own: enough to see every byte the server sends.

It shares no code with the integration, nor with the server it looks at.
"""

from dataclasses import dataclass, field
import hashlib
import re
import secrets
import socket
import time
from typing import Self

import av

from tests.simulator.footage import read_picture

TIMEOUT = 10.0
BASE = 1_795_000_000_000
"""2026-11-18T11:06:40Z, where the recordings of these tests begin."""


@dataclass
class Answer:
    """A response; header names in lower case, repeated ones in a list."""

    status: int
    headers: dict[str, str]
    challenges: list[str]
    body: bytes


@dataclass
class Packet:
    """One RTP packet, taken apart."""

    channel: int
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    extension: bytes | None = None
    extension_id: int = 0

    @property
    def ntp_ms(self) -> int | None:
        """Return the extension's time in milliseconds since 1970."""
        if self.extension is None:
            return None
        seconds = int.from_bytes(self.extension[:4]) - 2_208_988_800
        fraction = int.from_bytes(self.extension[4:8])
        return seconds * 1000 + round(fraction * 1000 / 2**32)

    @property
    def flags(self) -> int:
        """Return the extension's flags."""
        return 0 if self.extension is None else self.extension[8]


def parse_rtp(channel: int, data: bytes) -> Packet:
    """Return a packet taken apart (RFC 3550 §5.1)."""
    assert data[0] >> 6 == 2
    offset = 12 + 4 * (data[0] & 0xF)
    end = len(data) - (data[-1] if data[0] & 0x20 else 0)
    extension, identifier = None, 0
    if data[0] & 0x10:
        identifier = int.from_bytes(data[offset : offset + 2])
        words = int.from_bytes(data[offset + 2 : offset + 4])
        extension = data[offset + 4 : offset + 4 + 4 * words]
        offset += 4 + 4 * words
    return Packet(
        channel,
        data[1] & 0x7F,
        bool(data[1] & 0x80),
        int.from_bytes(data[2:4]),
        int.from_bytes(data[4:8]),
        int.from_bytes(data[8:12]),
        data[offset:end],
        extension,
        identifier,
    )


@dataclass
class RawClient:
    """One connection."""

    host: str
    port: int
    user: str = "admin"
    password: str = "secret"
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    """Interleaved frames not yet taken."""
    answers: dict[int, Answer] = field(default_factory=dict)
    server_requests: list[bytes] = field(default_factory=list)
    session: str = ""
    challenge: str = ""
    nonce_count: int = 0
    cseq: int = 0
    ended: bool = False

    def __post_init__(self) -> None:
        self.sock = socket.create_connection((self.host, self.port), TIMEOUT)
        self.buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def url(self, path: str) -> str:
        return f"rtsp://{self.host}:{self.port}{path}"

    # --- Requests ----------------------------------------------------------------------

    def ask(self, method: str, uri: str, **headers: str) -> Answer:
        """Send a request and wait for its answer; logs in when challenged."""
        answer = self.once(method, uri, **headers)
        if answer.status == 401 and self.user:
            self.challenge = answer.challenges[0]
            answer = self.once(method, uri, **headers)
        return answer

    def once(self, method: str, uri: str, **headers: str) -> Answer:
        cseq = self.post(method, uri, **headers)
        return self.wait(cseq)

    def post(self, method: str, uri: str, **headers: str) -> int:
        """Send a request without waiting."""
        self.cseq += 1
        lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {self.cseq}"]
        lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
        if self.session and method not in {"OPTIONS", "DESCRIBE"}:
            lines.append(f"Session: {self.session}")
        if self.challenge:
            lines.append(f"Authorization: {self.authorization(method, uri)}")
        self.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        return self.cseq

    def write(self, data: bytes) -> None:
        self.sock.sendall(data)

    def authorization(self, method: str, uri: str) -> str:
        if self.challenge.startswith("Basic"):
            import base64

            text = base64.b64encode(f"{self.user}:{self.password}".encode())
            return f"Basic {text.decode()}"
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', self.challenge))
        sha = given.get("algorithm") == "SHA-256"

        def digest(text: str) -> str:
            algorithm = hashlib.sha256 if sha else hashlib.md5
            return algorithm(text.encode()).hexdigest()

        nonce = given["nonce"]
        ha1 = digest(f"{self.user}:{given['realm']}:{self.password}")
        ha2 = digest(f"{method}:{uri}")
        head = (
            f'Digest username="{self.user}", realm="{given["realm"]}", '
            f'nonce="{nonce}", uri="{uri}"'
        )
        if sha:
            head += ", algorithm=SHA-256"
        if "qop" not in given:
            return f'{head}, response="{digest(f"{ha1}:{nonce}:{ha2}")}"'
        self.nonce_count += 1
        count, cnonce = f"{self.nonce_count:08x}", secrets.token_hex(4)
        response = digest(f"{ha1}:{nonce}:{count}:{cnonce}:auth:{ha2}")
        return f'{head}, qop=auth, nc={count}, cnonce="{cnonce}", response="{response}"'

    def describe(self, path: str) -> Answer:
        return self.ask("DESCRIBE", self.url(path), Accept="application/sdp")

    def setup(self, path: str, *tracks: int, **headers: str) -> list[Answer]:
        """Set tracks up: 1 video, 2 audio, on channels 0 and 2."""
        answers = []
        for track in tracks:
            channel = 2 * (track - 1)
            answer = self.ask(
                "SETUP",
                self.url(f"{path}/trackID={track}"),
                Transport=f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}",
                **headers,
            )
            answers.append(answer)
            if answer.status == 200:
                self.session = answer.headers["session"].partition(";")[0]
        return answers

    def play(self, path: str, start: str = "", end: str = "", **headers: str) -> Answer:
        """Ask for a range, as fast as it goes."""
        wanted = {"Require": "onvif-replay", "Rate_Control": "no"} | headers
        if start:
            wanted["Range"] = f"clock={start}-{end}"
        return self.ask("PLAY", self.url(path), **wanted)

    # --- Reading -----------------------------------------------------------------------

    def wait(self, cseq: int) -> Answer:
        deadline = time.monotonic() + TIMEOUT
        while cseq not in self.answers:
            assert time.monotonic() < deadline, "no answer"
            assert self.pump(deadline - time.monotonic()), "connection closed"
        return self.answers.pop(cseq)

    def pump(self, timeout: float) -> bool:
        """Read once and sort what came; False at the end or after the timeout."""
        self.sock.settimeout(max(0.01, timeout))
        try:
            data = self.sock.recv(1 << 18)
        except TimeoutError:
            return False
        except OSError:
            self.ended = True
            return False
        if not data:
            self.ended = True
            return False
        self.buffer += data
        self.sort()
        return True

    def sort(self) -> None:
        position, buffer = 0, self.buffer
        while position < len(buffer):
            if buffer[position] == 0x24:
                if len(buffer) < position + 4:
                    break
                size = int.from_bytes(buffer[position + 2 : position + 4])
                if len(buffer) < position + 4 + size:
                    break
                data = bytes(buffer[position + 4 : position + 4 + size])
                self.frames.append((buffer[position + 1], data))
                position += 4 + size
                continue
            end = buffer.find(b"\r\n\r\n", position)
            if end < 0:
                break
            head = bytes(buffer[position:end]).decode("latin-1")
            found = re.search(r"(?i)content-length: (\d+)", head)
            size = int(found[1]) if found else 0
            if len(buffer) < end + 4 + size:
                break
            body = bytes(buffer[end + 4 : end + 4 + size])
            position = end + 4 + size
            self.note(head, body)
        del buffer[:position]

    def note(self, head: str, body: bytes) -> None:
        if not head.startswith("RTSP/"):
            self.server_requests.append(head.encode())
            return
        headers, challenges = {}, []
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
            if name.lower() == "www-authenticate":
                challenges.append(value.strip())
        answer = Answer(int(head.split()[1]), headers, challenges, body)
        self.answers[int(headers.get("cseq", "0"))] = answer

    def collect(self, quiet: float = 2.0, at_most: float = TIMEOUT) -> list[Packet]:
        """Return all RTP packets until nothing came for a while, or the end.

        After a video packet flagged as the last one, a short while is enough.
        """
        deadline = time.monotonic() + at_most
        seen = 0
        while time.monotonic() < deadline and self.pump(quiet):
            for channel, data in self.frames[seen:]:
                if channel == 0 and parse_rtp(channel, data).flags & 0x10:
                    quiet = min(quiet, 0.1)
            seen = len(self.frames)
        frames, self.frames = self.frames, []
        return [parse_rtp(c, data) for c, data in frames if c % 2 == 0]

    def reports(self) -> list[bytes]:
        """Return the RTCP packets among the frames at hand, leaving the others."""
        found = [data for channel, data in self.frames if channel % 2]
        self.frames = [item for item in self.frames if item[0] % 2 == 0]
        return found


# --- Putting pictures together again -----------------------------------------------------


def access_units(packets: list[Packet]) -> list[list[Packet]]:
    """Return the packets of one track, grouped by RTP time."""
    units: list[list[Packet]] = []
    for packet in packets:
        if units and units[-1][0].timestamp == packet.timestamp:
            units[-1].append(packet)
        else:
            units.append([packet])
    return units


def nals_of(packets: list[Packet], codec: str) -> list[bytes]:
    """Return the NAL units of one access unit (RFC 6184, RFC 7798)."""
    nals: list[bytes] = []
    for packet in packets:
        data = packet.payload
        kind = data[0] & 0x1F if codec == "H264" else data[0] >> 1 & 0x3F
        head = 1 if codec == "H264" else 2
        if kind in {24, 48}:
            position = head
            while position < len(data):
                size = int.from_bytes(data[position : position + 2])
                nals.append(data[position + 2 : position + 2 + size])
                position += 2 + size
        elif kind in {28, 49}:
            fragment = data[head]
            if codec == "H264":
                original = bytes([data[0] & 0xE0 | fragment & 0x1F])
            else:
                original = bytes([data[0] & 0x81 | (fragment & 0x3F) << 1, data[1]])
            if fragment & 0x80:
                nals.append(original)
            nals[-1] += data[head + 1 :]
        else:
            nals.append(data)
    return nals


def decode(packets: list[Packet], codec: str = "H264") -> list[tuple[int, int]]:
    """Return (number, time) shown in the pictures of a video track, in play order."""
    context = av.CodecContext.create("h264" if codec == "H264" else "hevc", "r")
    shown = []
    for unit in access_units(packets):
        data = b"".join(b"\0\0\0\1" + nal for nal in nals_of(unit, codec))
        shown += [read_picture(frame) for frame in context.decode(av.Packet(data))]
    shown += [read_picture(frame) for frame in context.decode(None)]
    return [(picture.number, picture.time_ms) for picture in shown]
