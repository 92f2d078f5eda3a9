"""The live picture, and the ways RTSP travels."""

import base64
from itertools import pairwise
import socket
import ssl
import subprocess
import time

import pytest

from tests.simulator.footage import read_frame_numbers
from tests.simulator.rtsp_server import RtspServer
from tests.simulator.timeline import DeviceClock, LiveSource, frame_number
from tests.simulator.tls import self_signed
from tests.simulator_tests.raw_client import RawClient, access_units, decode


@pytest.fixture
def clock():
    return DeviceClock()


def watch(connect, seconds, **fault_free):
    client = connect()
    client.describe("/live")
    client.setup("/live", 1, 2)
    answer = client.ask("PLAY", client.url("/live"), Range="npt=now-")
    assert answer.headers["range"].startswith("clock=")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        client.pump(0.2)
    return client


def test_live_frames_carry_the_present_time_and_their_number(connect, clock):
    client = watch(connect, 2.4)
    reports = [item for item in client.frames if item[0] % 2]
    packets = client.collect(at_most=0.01)
    shown = decode([packet for packet in packets if packet.channel == 0])
    assert len(shown) >= 10
    assert all(number == frame_number(moment) for number, moment in shown)
    assert {b[0] - a[0] for a, b in pairwise(shown)} == {1}
    assert abs(clock.now_ms() - shown[-1][1]) < 1000
    assert all(packet.extension is None for packet in packets)
    assert reports


def test_sender_reports_date_the_live_picture(connect):
    client = watch(connect, 2.2)
    report = next(data for channel, data in client.frames if channel == 1)
    seconds = int.from_bytes(report[8:12]) - 2_208_988_800
    ntp_ms = seconds * 1000 + round(int.from_bytes(report[12:16]) * 1000 / 2**32)
    rtp = int.from_bytes(report[16:20])
    video = [packet for packet in client.collect(at_most=0.01) if packet.channel == 0]
    first = access_units(video)[0]
    burnt = decode(first)[0][1]
    step = (first[0].timestamp - rtp + 2**31) % 2**32 - 2**31
    assert abs(ntp_ms + step / 90 - burnt) < 1


def test_ffmpeg_records_the_live_picture(server, tmp_path):
    url = f"rtsp://admin:secret@127.0.0.1:{server.port}/live"
    made = tmp_path / "live.mp4"
    command = ["ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", url]
    subprocess.run(
        [*command, "-t", "2", "-c", "copy", str(made)], check=True, timeout=30
    )
    numbers = [number for number, _ in read_frame_numbers(made)]
    assert len(numbers) >= 19
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@pytest.mark.parametrize("audio", ["PCMU", "PCMA", "G722", None])
def test_ffprobe_understands_every_sound(server, audio):
    server.live["/other"] = LiveSource("Door", audio=audio, codec="H265", gop_ms=1000)
    url = f"rtsp://admin:secret@127.0.0.1:{server.port}/other"
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp"]
    command += ["-analyzeduration", "400000", "-show_entries"]
    asked = [*command, "stream=codec_name", "-of", "csv=p=0", url]
    found = subprocess.run(
        asked, check=True, timeout=30, capture_output=True, text=True
    )
    names = {"PCMU": ["pcm_mulaw"], "PCMA": ["pcm_alaw"], "G722": ["adpcm_g722"]}
    assert found.stdout.split() == ["hevc", *names.get(audio, [])]


def test_nothing_is_encoded_while_nobody_watches(server, footage):
    before = footage.encoded
    time.sleep(0.3)
    assert footage.encoded == before


def test_rtsp_over_tls(socket_enabled, footage, clock, timeline, tmp_path, faults):
    certificate, key = self_signed("127.0.0.1")
    pair = tmp_path / "pair.pem"
    pair.write_bytes(key + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    server = RtspServer(
        "127.0.0.1",
        0,
        {"admin": "secret"},
        clock,
        {"/rec": timeline},
        {},
        faults,
        footage=footage,
        tls=context,
    )
    server.start_now()
    try:
        client = RawClient("127.0.0.1", server.port)
        trust = ssl.create_default_context(cadata=certificate.decode())
        client.sock = trust.wrap_socket(client.sock, server_hostname="127.0.0.1")
        client.describe("/rec")
        client.setup("/rec", 1, 2)
        assert client.play("/rec").status == 200
        video = [packet for packet in client.collect() if packet.channel == 0]
        assert decode(video) == timeline.frames(clock.now_ms())
        client.sock.close()
    finally:
        server.stop_now()


class TunnelClient(RawClient):
    """RTSP through HTTP: requests in base64 by POST, everything else by GET."""

    def open(self):
        head = "x-sessioncookie: abc\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n"
        self.sock.sendall(b"GET /rec HTTP/1.0\r\n" + head.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.sock.recv(1)
        assert answer.startswith(b"HTTP/1.0 200")
        self.post_sock = socket.create_connection((self.host, self.port))
        self.post_sock.sendall(
            b"POST /rec HTTP/1.0\r\nx-sessioncookie: abc\r\nContent-Length: 32767\r\n"
            b"Content-Type: application/x-rtsp-tunnelled\r\n\r\n"
        )

    def write(self, data):
        self.post_sock.sendall(base64.b64encode(data))


def test_rtsp_through_http(server, timeline, clock):
    client = TunnelClient("127.0.0.1", server.port)
    client.open()
    client.describe("/rec")
    client.setup("/rec", 1, 2)
    assert client.play("/rec").status == 200
    video = [packet for packet in client.collect() if packet.channel == 0]
    assert decode(video) == timeline.frames(clock.now_ms())
    assert client.ask("TEARDOWN", client.url("/rec")).status == 200
    client.sock.close()
    client.post_sock.close()
    assert server.counters.tunnels == 1


def test_a_tunnel_without_its_other_half_is_refused(server):
    with socket.create_connection(("127.0.0.1", server.port)) as sock:
        sock.sendall(b"POST /rec HTTP/1.0\r\nx-sessioncookie: none\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.0 404")


def test_a_change_of_codec_ends_the_stream(connect, server):
    client = watch(connect, 0.2)
    server.live["/live"].codec = "H265"
    client.collect(1, 3)
    assert client.ended
    assert b"H265/90000" in connect().describe("/live").body


@pytest.mark.parametrize("step", [-3_600_000, 3_600_000])
def test_rtp_times_run_on_when_the_clock_is_set(connect, clock, step):
    client = watch(connect, 1.2)
    clock.offset_ms = step
    deadline = time.monotonic() + 1.6
    while time.monotonic() < deadline:
        client.pump(0.2)
    video = [packet for packet in client.collect(0.01, 0.01) if packet.channel == 0]
    burnt = [moment for _, moment in decode(video)]
    jumps = [b - a for a, b in pairwise(burnt) if b - a != 100]
    assert len(jumps) == 1
    assert abs(jumps[0] - step) < 3000
    stamps = [unit[0].timestamp for unit in access_units(video)]
    assert {(b - a) % 2**32 for a, b in pairwise(stamps)} == {9000}


def test_a_changed_password_lets_nobody_new_in(connect, server):
    old = watch(connect, 0.1)
    server.authenticator.accounts["admin"] = "other"
    assert connect().describe("/live").status == 401
    assert old.pump(2)
