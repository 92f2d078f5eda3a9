"""WS-Discovery of simulated devices, over unicast on loopback."""

import asyncio
from typing import override

import pytest

from tests.simulator.discovery import BadProbe, parse_probe, scope_matches
from tests.simulator.scenario import make_specs
from tests.simulator.simulator import Simulator

pytestmark = pytest.mark.usefixtures("socket_enabled")
_PROBE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><s:Header>'
    "<a:MessageID>urn:uuid:0a6dc791-2be6-4991-9af1-454778a1917a</a:MessageID>"
    "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
    "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>"
    "</s:Header><s:Body><d:Probe>{}</d:Probe></s:Body></s:Envelope>"
)
_NVT = "<d:Types>dn:NetworkVideoTransmitter</d:Types>"


class _Listener(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answers: list[str] = []

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        self.answers.append(data.decode())


async def _ask(simulator: Simulator, probe: str, wanted: int) -> list[str]:
    assert simulator.discovery is not None
    loop = asyncio.get_running_loop()
    transport, listener = await loop.create_datagram_endpoint(
        _Listener, remote_addr=("127.0.0.1", simulator.discovery.port)
    )
    transport.sendto(probe.encode())
    for _ in range(40):
        await asyncio.sleep(0.01)
        if len(listener.answers) >= max(wanted, 1):
            break
    transport.close()
    return listener.answers


async def test_every_device_answers_for_itself() -> None:
    """All of one host by one socket: uuid, address with port, scopes, RelatesTo."""
    async with Simulator(make_specs("three-on-one-host")) as simulator:
        answers = await _ask(simulator, _PROBE.format(_NVT), 3)
        ports = [nvr.port for nvr in simulator.nvrs]
    assert len(answers) == 3
    assert all("0a6dc791-2be6-4991-9af1-454778a1917a" in text for text in answers)
    assert all("onvif://www.onvif.org/Profile/G" in text for text in answers)
    text = "".join(answers)
    for number, port in zip((11, 12, 13), ports, strict=True):
        assert f"7f3d4c1e-0000-4000-8000-{number:012d}" in text
        assert f"http://127.0.0.1:{port}/onvif/device_service" in text


@pytest.mark.parametrize(
    ("inner", "count"),
    [
        ("", 1),
        ("<d:Types>tds:Device</d:Types>", 1),
        ("<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>", 1),
        ("<d:Types>dn:NetworkVideoDisplay</d:Types>", 0),
        ("<d:Scopes>onvif://www.onvif.org/Profile</d:Scopes>", 1),
        ("<d:Scopes>onvif://www.onvif.org/Prof</d:Scopes>", 0),
    ],
)
async def test_types_and_scopes_are_matched(inner: str, count: int) -> None:
    """Types all, scopes by leading parts."""
    async with Simulator(make_specs("no-profile-g")) as simulator:
        answers = await _ask(simulator, _PROBE.format(inner), count)
    assert len(answers) == count


async def test_devices_off_or_silent_do_not_answer() -> None:
    """Nor does anybody answer nonsense."""
    async with Simulator(make_specs("three-on-one-host")) as simulator:
        await simulator.nvrs[0].stop()
        simulator.nvrs[1].faults.discovery_silent = True
        simulator.nvrs[2].faults.discovery_wrong_relates_to = True
        answers = await _ask(simulator, _PROBE.format(""), 1)
        nonsense = await _ask(simulator, "hello", 0)
        assert simulator.discovery is not None
        assert simulator.discovery.refused == 1
    assert len(answers) == 1
    assert "0a6dc791" not in answers[0]
    assert nonsense == []


@pytest.mark.parametrize(
    "bad",
    [
        "no XML",
        "<a/>",
        _PROBE.format("").replace("MessageID", "Message"),
        _PROBE.format("").replace("discovery</a:To>", "elsewhere</a:To>"),
        _PROBE.format("").replace("discovery/Probe<", "discovery/Hello<"),
        _PROBE.format("").replace("d:Probe>", "d:Resolve>"),
        _PROBE.format("<d:Types>xx:Device</d:Types>"),
        _PROBE.format('<d:Scopes MatchBy="urn:odd">a</d:Scopes>'),
    ],
)
def test_bad_probes_are_refused(bad: str) -> None:
    """WS-Discovery does not allow them."""
    with pytest.raises(BadProbe):
        parse_probe(bad.encode())


def test_scopes_match_by_whole_parts_without_case() -> None:
    """Percent signs are decoded (C 7.3.2.2)."""
    own = ["onvif://www.onvif.org/name/Front%20Door"]
    assert scope_matches("onvif://www.onvif.org/name", own)
    assert scope_matches("ONVIF://www.onvif.org/Name/front door", own)
    assert not scope_matches("onvif://www.onvif.org/name/Front", own)
