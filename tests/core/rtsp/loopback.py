"""A scripted RTSP peer on 127.0.0.1: the test writes both sides of the conversation."""

from collections.abc import Callable
from contextlib import suppress
import socket
import ssl
import struct
import threading
from typing import Self

from custom_components.vtrack_nvr.core.policy import Bounds
from custom_components.vtrack_nvr.core.rtsp.messages import Headers, Request, Response
from custom_components.vtrack_nvr.core.rtsp.parser import FrameSink, StreamParser

SDP = (
    "v=0\r\ns=loopback\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 sprop-parameter-sets=Z0IAKeKQFAe2AtwEBAaQeJEV,aM48gA==\r\n"
    "a=control:trackID=0\r\na=x-onvif-track:VIDEO001\r\n"
    "m=audio 0 RTP/AVP 0\r\na=control:trackID=1\r\na=x-onvif-track:AUDIO001\r\n"
)


class _Frames(FrameSink):
    def __init__(self) -> None:
        self.frames: list[tuple[int, bytes]] = []

    def take(self, view: memoryview, position: int, end: int) -> int:
        while end - position >= 4 and view[position] == 0x24:
            stop = position + 4 + (view[position + 2] << 8 | view[position + 3])
            if stop > end:
                break
            self.frames.append((view[position + 1], bytes(view[position + 4 : stop])))
            position = stop
        return position


class Peer:
    """One accepted connection, seen from the device's side."""

    def __init__(self, sock: socket.socket, requests: list[Request]) -> None:
        self.sock = sock
        self.requests = requests
        self._sink = _Frames()
        self._parser = StreamParser(Bounds(receive_bytes=65536), self._sink)
        self._parser.channels.update(range(8))
        self._messages: list[Request | Response] = []

    @property
    def frames(self) -> list[tuple[int, bytes]]:
        return self._sink.frames

    def read(self) -> Request | Response | None:
        """Return the next message; None when the client has gone."""
        while not self._messages:
            space = self._parser.space()
            try:
                count = self.sock.recv_into(space)
            except OSError:
                return None
            if not count:
                return None
            self._messages += self._parser.feed(count)
        message = self._messages.pop(0)
        if isinstance(message, Request):
            self.requests.append(message)
        return message

    def expect(self, method: str) -> Request:
        message = self.read()
        assert isinstance(message, Request), message
        assert message.method == method, message.method
        return message

    def reply(
        self,
        request: Request,
        status: int = 200,
        reason: str = "OK",
        body: bytes = b"",
        **headers: str,
    ) -> None:
        lines = [("CSeq", request.headers.get("CSeq"))]
        lines += [(name.replace("_", "-"), value) for name, value in headers.items()]
        self.send(Response(status, reason, Headers(lines), body).encode())

    def send(self, data: bytes) -> None:
        with suppress(OSError):
            self.sock.sendall(data)

    def frame(self, channel: int, data: bytes) -> None:
        self.send(interleave(channel, data))

    def reset(self) -> None:
        """Close with RST."""
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.sock.close()

    def serve_until_play(
        self, sdp: str = SDP, session: str = "S1;timeout=60", **play_headers: str
    ) -> Request:
        """Answer everything up to and including PLAY; return the PLAY request."""
        channel = 0
        while True:
            request = self.read()
            assert isinstance(request, Request), request
            if request.method == "OPTIONS":
                self.reply(
                    request,
                    Public="OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER",
                )
            elif request.method == "DESCRIBE":
                self.reply(request, body=sdp.encode(), Content_Type="application/sdp")
            elif request.method == "SETUP":
                self.reply(
                    request,
                    Session=session,
                    Transport=f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}",
                )
                channel += 2
            else:
                assert request.method == "PLAY", request.method
                self.reply(request, Session=session.partition(";")[0], **play_headers)
                return request

    def serve_teardown(self) -> None:
        """Answer whatever comes until TEARDOWN or the end."""
        while isinstance(request := self.read(), Request):
            self.reply(request)
            if request.method == "TEARDOWN":
                return


def interleave(channel: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0x24, channel, len(data)) + data


class LoopbackServer:
    """Runs `script(peer)` in a thread for each connection; keeps what it raised."""

    def __init__(
        self, script: Callable[[Peer], None], tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.errors: list[BaseException] = []
        self._script = script
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"rtsp{'s' if self._tls else ''}://127.0.0.1:{self.port}/rec/1?token=A"

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    def __enter__(self) -> Self:
        thread = threading.Thread(target=self._accept)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(self, *args: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for sock in self._open:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()
        if args[0] is None and self.errors:
            raise self.errors[0]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,))
            thread.start()
            self._threads.append(thread)

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            self._script(Peer(sock, self.requests))
        except OSError:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.errors.append(error)
        finally:
            sock.close()
