"""Logging in to a session: once, then along with everything, never too often."""

from dataclasses import replace

import pytest

from custom_components.vtrack_nvr.core.endpoint import Endpoint
from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.login_guard import LoginGuard
from custom_components.vtrack_nvr.core.rtsp.refusals import RtspRefused
from tests.insides import keep_alives_of

from .loopback import SDP, LoopbackServer, Peer
from .sessions import WAITS, connected, protected, receive_until, start


def test_login_is_answered_once_and_then_sent_along() -> None:
    guard = LoginGuard()
    with connected(protected, guard=guard) as (session, server):
        start(session)
    assert server.methods == [
        "OPTIONS",
        "OPTIONS",
        "DESCRIBE",
        "SETUP",
        "SETUP",
        "PLAY",
        "TEARDOWN",
    ]
    assert not guard.is_locked


def test_a_wrong_password_is_tried_once_and_counted() -> None:
    guard = LoginGuard()
    for is_locked in (False, True):
        with (
            connected(protected, guard=guard, password="wrong") as (session, server),
            pytest.raises(NvrError) as error,
        ):
            session.describe()
        assert error.value.kind is ErrorKind.AUTH_REFUSED
        assert server.methods == ["OPTIONS", "OPTIONS"]
        assert guard.is_locked == is_locked
    with (
        connected(protected, guard=guard) as (session, server),
        pytest.raises(NvrError) as error,
    ):
        session.describe()
    assert error.value.kind is ErrorKind.AUTH_REFUSED
    assert server.connections == 0


def test_no_login_at_all_is_no_refused_login() -> None:
    guard = LoginGuard()
    with (
        connected(protected, guard=guard, username="") as (session, _),
        pytest.raises(NvrError) as error,
    ):
        session.describe()
    assert error.value.kind is ErrorKind.AUTH_REFUSED
    guard.refused("rtsp")
    assert not guard.is_locked


def test_a_nonce_that_goes_stale_in_the_middle_is_renewed() -> None:
    with connected(
        lambda peer: protected(peer, {"GET_PARAMETER": "n1", "TEARDOWN": "n1"}),
        waits=replace(WAITS, shortest_keep_alive=0.02),
    ) as (session, server):
        start(session)
        keep_alives_of(session).due = 0
        session.keep_alive()
        receive_until(session, lambda: server.methods.count("GET_PARAMETER") == 2)
    assert server.methods.count("TEARDOWN") == 1


def test_neither_errors_nor_reprs_hold_the_password() -> None:
    with connected(protected, password="hunter2") as (session, server):
        with pytest.raises(NvrError) as error:
            session.describe()
        assert (
            "hunter2" not in f"{error.value!r} {error.value} {error.value.__context__}"
        )
    assert "hunter2" not in repr(Endpoint(server.url, "admin", "hunter2"))
    assert "hunter2" not in repr(Endpoint("rtsp://admin:hunter2@192.0.2.1/x"))
    assert all("hunter2" not in str(r.headers.items) for r in server.requests)


@pytest.mark.parametrize("status", [301, 302, 305])
def test_a_redirect_takes_no_login_elsewhere(status: int) -> None:
    with LoopbackServer(protected) as other:

        def script(peer: Peer) -> None:
            peer.reply(peer.expect("OPTIONS"))
            peer.reply(peer.expect("DESCRIBE"), status, "Moved", Location=other.url)
            peer.read()

        with (
            connected(script) as (session, server),
            pytest.raises(RtspRefused) as error,
        ):
            session.describe()
        assert error.value.kind is ErrorKind.PROTOCOL
        assert str(other.port) not in str(error.value)
        assert server.connections == 1
        assert other.connections == 0


def test_a_description_that_names_another_host_takes_no_login_there() -> None:
    with LoopbackServer(protected) as other:
        sdp = SDP.replace("a=control:trackID=0", f"a=control:{other.url}/trackID=0")

        def script(peer: Peer) -> None:
            peer.reply(peer.expect("OPTIONS"))
            peer.reply(
                peer.expect("DESCRIBE"), body=sdp.encode(), Content_Base=other.url
            )
            peer.reply(peer.expect("SETUP"), Session="S")
            peer.serve_teardown()

        with connected(script) as (session, server):
            session.setup(session.describe().tracks[0])
        assert server.connections == 1
        assert other.connections == 0
