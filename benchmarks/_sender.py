"""A device that sends one stream as fast as it is read, in a process of its own.

    python benchmarks/_sender.py STREAM SETS BYTES_PER_SECOND

Prints its port and serves any number of clients until it is killed; 0 is no limit.
"""

import base64
from pathlib import Path
import socket
import struct
import subprocess
import sys
import threading
import time
from typing import Self


def serve(path: Path, sets: bytes, rate: int | None) -> None:
    """Serve one stream to any number of clients; prints its port, runs until killed."""
    sps, _, pps = sets.partition(b",")
    sprop = ",".join(base64.b64encode(item).decode() for item in (sps, pps))
    sdp = (
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=bench\r\nt=0 0\r\n"
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
        f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sprop}\r\n"
        "a=control:track1\r\n"
    )
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def client(connection: socket.socket) -> None:
        buffer = b""
        with connection:
            while b"PLAY" not in buffer.partition(b"\r\n")[0]:
                while b"\r\n\r\n" not in buffer:
                    data = connection.recv(65536)
                    if not data:
                        return
                    buffer += data
                if buffer.startswith(b"PLAY"):
                    break
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                answer(connection, head.decode(), sdp)
            head, _, _ = buffer.partition(b"\r\n\r\n")
            answer(connection, head.decode(), sdp)
            send(connection, path, rate)
            bye = struct.pack(">BBHI", 0x81, 203, 1, 0x1234)
            connection.sendall(struct.pack(">BBH", 0x24, 1, len(bye)) + bye)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=client, args=(connection,), daemon=True).start()


def answer(connection: socket.socket, head: str, sdp: str) -> None:
    """Answer one request."""
    method, url, _ = head.split("\r\n", maxsplit=1)[0].split(" ")
    cseq = next(
        line.split(":")[1].strip()
        for line in head.split("\r\n")
        if line.lower().startswith("cseq")
    )
    lines = ["RTSP/1.0 200 OK", f"CSeq: {cseq}", "Session: 1"]
    body = ""
    if method == "DESCRIBE":
        body = sdp
        lines += [
            f"Content-Base: {url}/",
            "Content-Type: application/sdp",
            f"Content-Length: {len(body)}",
        ]
    elif method == "SETUP":
        lines.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
    elif method == "OPTIONS":
        lines.append("Public: DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
    connection.sendall("\r\n".join([*lines, "", body]).encode())


def send(connection: socket.socket, path: Path, rate: int | None) -> None:
    """Send the file, at a rate or as fast as the client takes it."""
    with path.open("rb") as file:
        if rate is None:
            connection.sendfile(file)
            return
        begun = time.monotonic()
        sent = 0
        while data := file.read(65536):
            connection.sendall(data)
            sent += len(data)
            ahead = sent / rate - (time.monotonic() - begun)
            if ahead > 0:
                time.sleep(ahead)


class Sender:
    """The sender's process."""

    def __init__(self, path: Path, sets: Path, rate: int | None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(path), str(sets), str(rate or 0)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.wait()


if __name__ == "__main__":
    _, path, sets, rate = sys.argv
    serve(Path(path), Path(sets).read_bytes(), int(rate) or None)
