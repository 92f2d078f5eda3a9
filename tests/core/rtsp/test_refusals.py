import pytest

from custom_components.vtrack_nvr.core.errors import ErrorKind
from custom_components.vtrack_nvr.core.rtsp.refusals import RtspRefused


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ErrorKind.PROTOCOL),
        (401, ErrorKind.AUTH_REFUSED),
        (403, ErrorKind.NO_PERMISSION),
        (404, ErrorKind.GONE),
        (453, ErrorKind.BUSY),
        (454, ErrorKind.INTERRUPTED),
        (455, ErrorKind.INTERRUPTED),
        (457, ErrorKind.NO_FOOTAGE),
        (461, ErrorKind.UDP_ONLY),
        (500, ErrorKind.BUSY),
        (501, ErrorKind.UNSUPPORTED),
        (503, ErrorKind.BUSY),
        (551, ErrorKind.UNSUPPORTED),
        (302, ErrorKind.PROTOCOL),
    ],
)
def test_a_status_says_what_to_do(status: int, kind: ErrorKind) -> None:
    error = RtspRefused(status, "Why", "PLAY", unsupported=("x",), where="h:554")
    assert error.kind is kind
    assert (error.status, error.method, error.unsupported) == (status, "PLAY", ("x",))
    assert str(error) == f"{kind}: PLAY: {status} Why (h:554)"
