# Reads private members: that memory is bounded is told to nobody.

import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind, NvrError
from custom_components.vtrack_nvr.core.rtsp.auth import Authenticator
from custom_components.vtrack_nvr.core.rtsp.conversation import (
    Answered,
    LoginRetry,
    RtspConnection,
    State,
)
from custom_components.vtrack_nvr.core.rtsp.messages import (
    Headers,
    Request,
    Response,
    parse_head,
)

URL = "rtsp://h/a"
DIGEST = ("WWW-Authenticate", 'Digest realm="N", nonce="1"')


@pytest.fixture
def connection() -> RtspConnection:
    return RtspConnection(Authenticator("admin", "secret"))


def answer(status: int = 200, *items: tuple[str, str]) -> Response:
    return Response(status, "", Headers(items))


def read(data: bytes) -> Request:
    message = parse_head(data.rstrip())
    assert isinstance(message, Request)
    return message


def set_up(connection: RtspConnection, timeout: str = "") -> None:
    cseq, _ = connection.request("SETUP", URL)
    connection.receive(answer(200, ("CSeq", str(cseq)), ("Session", f"S1{timeout}")))


def test_requests_are_numbered_and_carry_the_session(
    connection: RtspConnection,
) -> None:
    first = read(connection.request("OPTIONS", URL)[1])
    assert first.headers.get("CSeq") == "1"
    assert not first.headers.get("Session")
    set_up(connection, ";timeout=30")
    play = read(connection.request("PLAY", URL, (("Range", "x"),))[1])
    assert play.headers.get("CSeq") == "3"
    assert play.headers.get("Session") == "S1"
    assert play.headers.get("Range") == "x"
    assert connection.timeout_s == 30
    assert connection.cseq == 3


def test_the_state_follows_the_answers(connection: RtspConnection) -> None:
    assert connection.state is State.INIT
    set_up(connection)
    states = []
    for method in ("PLAY", "PAUSE", "OPTIONS", "PLAY", "SETUP", "TEARDOWN"):
        cseq, _ = connection.request(method, URL)
        connection.receive(answer(200, ("CSeq", str(cseq))))
        states.append(str(connection.state))
    assert states == ["playing", "ready", "ready", "playing", "playing", "closed"]


@pytest.mark.parametrize(
    ("before", "method"), [("", "PLAY"), ("SETUP", "ANNOUNCE"), ("TEARDOWN", "PLAY")]
)
def test_what_the_state_forbids_is_an_interruption(
    connection: RtspConnection, before: str, method: str
) -> None:
    if before:
        set_up(connection)
    if before == "TEARDOWN":
        cseq, _ = connection.request("TEARDOWN", URL)
        connection.receive(answer(200, ("CSeq", str(cseq))))
    with pytest.raises(NvrError) as error:
        connection.request(method, URL)
    assert error.value.kind is ErrorKind.INTERRUPTED


def test_answers_find_their_requests_by_number(connection: RtspConnection) -> None:
    connection.request("OPTIONS", URL)
    connection.request("DESCRIBE", URL)
    step = connection.receive(answer(200, ("CSeq", "2")))
    assert isinstance(step, Answered)
    assert step.asked.request.method == "DESCRIBE"


@pytest.mark.parametrize("number", [(), (("CSeq", "4711"),), (("CSeq", "0"),)])
def test_an_answer_without_a_number_of_ours_belongs_to_the_oldest_request(
    connection: RtspConnection, number: tuple[tuple[str, str], ...]
) -> None:
    connection.request("OPTIONS", URL)
    connection.request("DESCRIBE", URL)
    step = connection.receive(
        answer(200, ("Public", "OPTIONS, get_parameter"), *number)
    )
    assert isinstance(step, Answered)
    assert step.asked.request.method == "OPTIONS"
    assert connection.public == {"OPTIONS", "GET_PARAMETER"}


def test_answers_to_nothing_and_provisional_ones_are_ignored(
    connection: RtspConnection,
) -> None:
    assert connection.receive(answer(200, ("CSeq", "7"))) is None
    assert connection.receive(answer(200)) is None
    connection.request("OPTIONS", URL)
    assert connection.receive(answer(100, ("CSeq", "1"))) is None
    assert connection.receive(answer(200, ("CSeq", "1"))) is not None


def test_a_challenge_is_answered_with_the_same_request(
    connection: RtspConnection,
) -> None:
    first, data = connection.request("DESCRIBE", URL, (("Accept", "a/b"),))
    assert b"Authorization" not in data
    step = connection.receive(answer(401, ("CSeq", "1"), DIGEST))
    assert isinstance(step, LoginRetry)
    again = read(step.data)
    assert again.headers.get("CSeq") == "2"
    assert again.headers.get("Accept") == "a/b"
    assert f'uri="{URL}"' in again.headers.get("Authorization")
    done = connection.receive(answer(200, ("CSeq", "2")))
    assert isinstance(done, Answered)
    assert done.asked.first_cseq == first


def test_a_refused_answer_to_a_challenge_is_final(connection: RtspConnection) -> None:
    connection.request("DESCRIBE", URL)
    connection.receive(answer(401, ("CSeq", "1"), DIGEST))
    with pytest.raises(NvrError) as error:
        connection.receive(answer(401, ("CSeq", "2"), DIGEST))
    assert error.value.kind is ErrorKind.AUTH_REFUSED


def test_an_unknown_session_closes_ours(connection: RtspConnection) -> None:
    set_up(connection)
    cseq, _ = connection.request("PLAY", URL)
    step = connection.receive(answer(454, ("CSeq", str(cseq))))
    assert isinstance(step, Answered)
    assert connection.state is State.CLOSED
    assert connection.is_forgotten


@pytest.mark.parametrize("method", ["GET_PARAMETER", "SET_PARAMETER", "OPTIONS"])
def test_a_keep_alive_that_is_answered_454_closes_nothing(
    connection: RtspConnection, method: str
) -> None:
    set_up(connection)
    cseq, _ = connection.request(method, URL)
    assert isinstance(connection.receive(answer(454, ("CSeq", str(cseq)))), Answered)
    assert connection.state is State.READY
    assert not connection.is_forgotten


@pytest.mark.parametrize(
    "numbers",
    [("0", "0", "0"), ("1", "1", "1"), ("0", "1", "2"), ("", "", ""), ("7", "8", "x")],
    ids=["zero", "one", "behind", "none", "foreign"],
)
def test_answers_with_odd_numbers_belong_to_what_is_waited_for(
    connection: RtspConnection, numbers: tuple[str, ...]
) -> None:
    for place, number in enumerate(numbers):
        cseq, _ = connection.request("OPTIONS", URL)
        header = [("CSeq", number)] if number else []
        step = connection.receive(answer(200, *header, ("X", str(place))), cseq)
        assert isinstance(step, Answered)
        assert step.asked.cseq == cseq


def test_what_is_waited_for_goes_before_what_was_never_answered(
    connection: RtspConnection,
) -> None:
    set_up(connection)
    connection.request("GET_PARAMETER", URL)
    cseq, _ = connection.request("PAUSE", URL)
    step = connection.receive(answer(200), cseq)
    assert isinstance(step, Answered)
    assert step.asked.request.method == "PAUSE"


def test_a_copy_of_an_answer_answers_nothing_else(connection: RtspConnection) -> None:
    first, _ = connection.request("OPTIONS", URL)
    said = answer(200, ("CSeq", str(first)), ("Public", "PLAY"))
    connection.receive(said, first)
    second, _ = connection.request("DESCRIBE", URL)
    assert connection.receive(said, second) is None
    assert connection.receive(answer(200, ("CSeq", str(second))), second)


def test_a_teardown_stays_one_whatever_is_answered_late(
    connection: RtspConnection,
) -> None:
    set_up(connection)
    play, _ = connection.request("PLAY", URL)
    teardown, _ = connection.request("TEARDOWN", URL)
    connection.receive(answer(200, ("CSeq", str(teardown))))
    connection.receive(answer(200, ("CSeq", str(play))))
    assert connection.state is State.CLOSED


def test_open_requests_are_bounded(connection: RtspConnection) -> None:
    for _ in range(200):
        connection.request("OPTIONS", URL)
    assert connection.receive(answer(200, ("CSeq", "1"))) is None
    assert connection.receive(answer(200, ("CSeq", "200"))) is not None


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("OPTIONS", 200),
        ("ANNOUNCE", 200),
        ("SET_PARAMETER", 200),
        ("TEARDOWN", 200),
        ("REDIRECT", 200),
        ("RECORD", 501),
    ],
)
def test_requests_of_the_device_are_answered(
    connection: RtspConnection, method: str, status: int
) -> None:
    set_up(connection)
    response = connection.answer(Request(method, URL, Headers([("CSeq", "77")])))
    assert response.status == status
    assert response.headers.get("CSeq") == "77"
    assert response.headers.get("Session") == "S1"


def test_requests_before_a_session_are_answered_without_one(
    connection: RtspConnection,
) -> None:
    response = connection.answer(Request("OPTIONS", URL))
    assert not response.headers.get("Session")
    assert response.headers.get("Public")


def test_a_setup_answer_without_session_keeps_the_old_one(
    connection: RtspConnection,
) -> None:
    set_up(connection)
    cseq, _ = connection.request("SETUP", URL)
    connection.receive(answer(200, ("CSeq", str(cseq))))
    assert connection.session_id == "S1"
    assert connection.timeout_s == 60


def test_answers_that_are_remembered_are_bounded(connection: RtspConnection) -> None:
    for _ in range(100):
        cseq, _ = connection.request("OPTIONS", URL)
        connection.receive(answer(200, ("CSeq", str(cseq))))
    assert len(connection._answered) <= 64
