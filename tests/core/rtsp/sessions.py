"""A session of ours and the device it talks to, in one `with`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
import re
import threading
import time

from custom_components.vtrack_nvr.core.cancel import CancelToken
from custom_components.vtrack_nvr.core.clock import SystemClock
from custom_components.vtrack_nvr.core.digest import Challenge, digest_response
from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.policy import Bounds, Waits
from custom_components.vtrack_nvr.core.rtsp.messages import Request
from custom_components.vtrack_nvr.core.rtsp.parser import DiscardingSink, FrameSink
from custom_components.vtrack_nvr.core.rtsp.session import RtspSession
from custom_components.vtrack_nvr.core.rtsp.session_values import PlayRequest

from .loopback import SDP, LoopbackServer, Peer

START = 1_772_349_129_000
WAITS = replace(
    Waits(), connect=30.0, reply=30.0, teardown=10.0, shortest_keep_alive=0.05
)
DIGEST = 'Digest realm="NVR", nonce="{}", qop="auth"'


@dataclass
class Counter(FrameSink):
    """Counts the frames that arrive."""

    frames: int = 0
    first: threading.Event = field(default_factory=threading.Event)

    def take(self, view: memoryview, position: int, end: int) -> int:
        while end - position >= 4 and view[position] == 0x24:
            stop = position + 4 + (view[position + 2] << 8 | view[position + 3])
            if stop > end:
                break
            self.frames += 1
            self.first.set()
            position = stop
        return position


@contextmanager
def connected(
    script: Callable[[Peer], None],
    *,
    waits: Waits = WAITS,
    bounds: Bounds | None = None,
    cancel: CancelToken | None = None,
    guard: LoginGuard | None = None,
    **endpoint: object,
) -> Iterator[tuple[RtspSession, LoopbackServer]]:
    with LoopbackServer(script) as server:
        arguments: dict[str, object] = {"username": "admin", "password": "secret"}
        session = RtspSession(
            Endpoint(**({"url": server.url} | arguments | endpoint)),
            clock=SystemClock(),
            waits=waits,
            bounds=bounds or Bounds(),
            cancel=cancel or CancelToken(),
            guard=guard,
        )
        with session:
            yield session, server


def start(session: RtspSession, sink: FrameSink | None = None) -> None:
    for track in session.describe().tracks:
        session.setup(track)
    session.play(PlayRequest(), sink or DiscardingSink())


def receive_until(session: RtspSession, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        session.receive(0.05)


def authorized(request: Request, nonce: str) -> bool:
    """Check a digest as a device does."""
    given = dict(
        re.findall(r'(\w+)="?([^",]*)"?', request.headers.get("Authorization"))
    )
    if given.get("nonce") != nonce:
        return False
    challenge = Challenge("digest", "NVR", nonce, None, "", "auth")
    return given["uri"] == request.uri and given["response"] == digest_response(
        challenge,
        request.method,
        request.uri,
        "admin",
        "secret",
        count=int(given["nc"], 16),
        cnonce=given["cnonce"],
    )


def protected(peer: Peer, nonces: dict[str, str] | None = None) -> None:
    """Let only good digests through; `nonces` maps a method to the nonce it wants."""
    nonces = nonces or {}
    channel = 0
    while isinstance(request := peer.read(), Request):
        nonce = nonces.get(request.method, "n0")
        if not authorized(request, nonce):
            peer.reply(
                request,
                401,
                "Unauthorized",
                WWW_Authenticate=DIGEST.format(nonce)
                + (', stale="true"' if nonce != "n0" else ""),
            )
            continue
        if request.method == "DESCRIBE":
            peer.reply(request, body=SDP.encode())
        elif request.method == "SETUP":
            peer.reply(
                request, Session="S1;timeout=1", Transport=f"x;interleaved={channel}"
            )
            channel += 2
        else:
            peer.reply(request)
        if request.method == "TEARDOWN":
            return
