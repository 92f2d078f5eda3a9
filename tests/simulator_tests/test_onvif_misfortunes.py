"""What a simulated device does besides SOAP: refusals, accidents, odd addresses."""

import asyncio
import gzip
import re
from typing import Any

import aiohttp
import pytest

from tests.simulator.faults import Faults
from tests.simulator.soap.crooked import FRAMINGS
from tests.simulator.spec import CameraSpec, NvrSpec
from tests.simulator_tests.soap_client import SoapClient, envelope, talking_to

pytestmark = pytest.mark.usefixtures("socket_enabled")
_DATE = "<tds:GetSystemDateAndTime/>"
_SERVICES = (
    "<tds:GetServices><tds:IncludeCapability>true</tds:IncludeCapability>"
    "</tds:GetServices>"
)
_PATH = "/onvif/device_service"


def _spec(**faults: Any) -> NvrSpec:
    return NvrSpec("Door", (CameraSpec("Door"),), faults=Faults(**faults))


@pytest.mark.parametrize(
    ("text", "subcode"),
    [
        ("this is not XML", "ter:WellFormed"),
        ("<a><b></a>", "ter:WellFormed"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "ter:WellFormed"),
        (envelope(""), "ter:TagMismatch"),
        (envelope("<tds:GetHostname/><tds:GetScopes/>"), "ter:TagMismatch"),
        (envelope('<x:Odd xmlns:x="urn:odd"/>'), "ter:Namespace"),
        (envelope("<tds:MakeCoffee/>"), "ter:ActionNotSupported"),
        (envelope("<tse:GetRecordingSummary/>"), "ter:ActionNotSupported"),
        (envelope("<tds:GetServices/>"), "ter:InvalidArgs"),
    ],
)
async def test_bad_requests_are_faults(text: str, subcode: str) -> None:
    """Core 5.8.2 names them."""
    async with talking_to(_spec()) as client:
        answer = await client.post(text, _PATH)
    assert answer.subcodes[-1:] == [subcode]
    assert answer.status in (400, 500)


async def test_other_versions_methods_types_and_paths_are_refused() -> None:
    """SOAP 1.1, GET, text/xml and unknown addresses get nowhere."""
    soap11 = envelope(_DATE).replace(
        "http://www.w3.org/2003/05/soap-envelope",
        "http://schemas.xmlsoap.org/soap/envelope/",
    )
    async with talking_to(_spec()) as client:
        old = await client.post(soap11, _PATH)
        assert old.one("s:Value") == "s:VersionMismatch"
        typed = await client.post(envelope(_DATE), _PATH, content_type="text/xml")
        assert typed.status == 415
        assert (await client.post(envelope(_DATE), "/onvif/nothing")).status == 404
        async with client.session.get(client.url(_PATH)) as answer:
            assert answer.status == 405


async def test_accidents_happen_where_they_are_switched_on() -> None:
    """Each kind of broken answer, on one operation only."""
    async with talking_to(_spec()) as client:
        faults = client.nvr.faults

        async def date(**switches: Any) -> Any:
            faults.reset()
            faults.update(switches)
            return await client.call(_DATE, header="", is_checked=False)

        operations = ["GetSystemDateAndTime"]
        html = await date(html_ops=operations)
        assert html.status == 200
        assert "<html>" in html.text
        assert (await date(malformed_ops=operations)).root is None
        assert (await date(empty_ops=["*"])).text == ""
        empty = await date(empty_soap_body_ops=["tds:*"])
        assert empty.root is not None
        assert len(empty.root[-1]) == 0
        assert (await date(status_ops={"tds:GetSystemDateAndTime": 503})).status == 503
        fault = await date(
            fault_ops={"GetSystemDateAndTime": "Receiver ter:Action ter:OutofMemory"}
        )
        assert fault.subcodes == ["ter:Action", "ter:OutofMemory"]
        odd = await date(fault_ops={"*": "Sender ter:NotAuthorized"}, fault_status=200)
        assert odd.status == 200
        assert odd.subcodes == ["ter:NotAuthorized"]
        with pytest.raises(aiohttp.ClientError):
            await date(drop_ops=operations)
        with pytest.raises(aiohttp.ClientError):
            await date(truncate_ops=operations)
        assert (await date(html_ops=["GetScopes"])).status == 200
        assert (await date(no_times=True)).all("tt:Year") == []
        assert len((await date(no_utc_time=True)).all("tt:Year")) == 1
        assert (await date(impossible_date=True)).all("tt:Hour") == ["24", "24"]


async def test_limits_end_an_accident() -> None:
    """An operation named in `limits` fails so often and no more."""
    spec = _spec(status_ops={"GetSystemDateAndTime": 503})
    spec.faults.limits = {"GetSystemDateAndTime": 2}
    async with talking_to(spec) as client:
        statuses = [(await client.call(_DATE, header="")).status for _ in range(3)]
    assert statuses == [503, 503, 200]


async def test_hanging_operation_is_answered_when_the_switch_is_off() -> None:
    """Until then nothing comes."""
    async with talking_to(_spec(hang_ops=["GetSystemDateAndTime"])) as client:
        task = asyncio.create_task(client.call(_DATE, header=""))
        done, _ = await asyncio.wait({task}, timeout=0.1)
        assert not done
        client.nvr.faults.hang_ops.clear()
        assert (await task).status == 200


async def test_slow_answers_take_their_time() -> None:
    """Device-wide and per operation add up."""
    spec = _spec(delay_s=0.03, delay_ops={"GetSystemDateAndTime": 0.03})
    async with talking_to(spec) as client:
        started = asyncio.get_running_loop().time()
        await client.call(_DATE, header="")
        assert asyncio.get_running_loop().time() - started >= 0.06


async def _xaddrs(client: SoapClient) -> dict[str, str]:
    answer = await client.call(_SERVICES, is_checked=False)
    return dict(zip(answer.all("tds:Namespace"), answer.all("tds:XAddr"), strict=True))


async def test_addresses_are_those_of_the_request() -> None:
    """Scheme, host and port as the client used them (C 8.1.2.2)."""
    async with talking_to(_spec()) as client:
        for xaddr in (await _xaddrs(client)).values():
            assert xaddr.startswith(f"http://127.0.0.1:{client.nvr.port}/onvif/")


@pytest.mark.parametrize(
    ("faults", "start"),
    [
        ({"xaddr_host": "192.168.77.20"}, "http://192.168.77.20:{port}/onvif/"),
        ({"xaddr_port": 80}, "http://127.0.0.1:80/onvif/"),
        ({"xaddr_doubled_port": True}, "http://127.0.0.1:{port}:{port}/onvif/"),
    ],
)
async def test_wrong_addresses(faults: dict[str, Any], start: str) -> None:
    """Inner host, wrong port, doubled port."""
    async with talking_to(_spec(**faults)) as client:
        for xaddr in (await _xaddrs(client)).values():
            assert xaddr.startswith(start.format(port=client.nvr.port))


async def test_empty_g_addresses_in_both_lists() -> None:
    """Search, Replay, Recording are named and lead nowhere."""
    async with talking_to(_spec(empty_g_xaddrs=True)) as client:
        xaddrs = await _xaddrs(client)
        legacy = await client.call(
            "<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>"
        )
    assert [key.split("/")[-2] for key, value in xaddrs.items() if not value] == [
        "search",
        "replay",
        "recording",
    ]
    assert legacy.all("tt:Extension/tt:Search/tt:XAddr") == [""]
    assert legacy.all("tt:Media/tt:XAddr") != [""]


async def test_old_devices_know_get_capabilities_only() -> None:
    """The G services sit in Extension."""
    async with talking_to(_spec(no_get_services=True)) as client:
        refused = await client.call(_SERVICES)
        legacy = await client.call(
            "<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>"
        )
    assert refused.subcodes == ["ter:ActionNotSupported"]
    assert legacy.one("tt:Extension/tt:Replay/tt:XAddr").endswith("replay_service")


async def test_stream_addresses_can_be_inner_blank_and_carry_a_login() -> None:
    """As GetStreamUri of many devices."""
    body = (
        "<tr2:GetStreamUri><tr2:Protocol>{p}</tr2:Protocol><tr2:ProfileToken>"
        "Profile_1_main</tr2:ProfileToken></tr2:GetStreamUri>"
    )
    spec = _spec(
        rtsp_uri_host="10.1.1.1", rtsp_uri_blanks=True, rtsp_uri_credentials=True
    )
    async with talking_to(spec) as client:
        uri = (await client.call(body.format(p="RTSP"))).one("tr2:Uri")
        tunnel = (await client.call(body.format(p="RtspOverHttp"))).one("tr2:Uri")
        port = client.nvr.rtsp_port
        unknown = await client.call(body.format(p="Telepathy"))
    assert uri == f"\n  rtsp://viewer:inner@10.1.1.1:{port}/live/1/main \n"
    assert tunnel.strip().startswith("http://")
    assert unknown.subcodes[-1] == "ter:InvalidStreamSetup"


async def test_counters_tell_what_was_asked() -> None:
    """Operations, faults, connections; reset starts from zero."""
    async with talking_to(_spec()) as client:
        await client.call(_DATE)
        await client.call(_DATE)
        await client.call("<tds:MakeCoffee/>")
        counts = client.nvr.counts()
        client.nvr.reset_counts()
        later = client.nvr.counts()
    assert counts["operations"] == {
        "tds:GetSystemDateAndTime": 2,
        "tds:MakeCoffee": 1,
    }
    assert counts["faults"] == {"ter:ActionNotSupported": 1}
    assert counts["http_connections"] == 1
    assert later["operations"] == {}


async def test_power_off_closes_every_socket() -> None:
    """Off: refused at once, on both ports. On again: same ports."""
    async with talking_to(_spec()) as client:
        nvr = client.nvr
        ports = (nvr.port, nvr.rtsp_port)
        await client.call(_DATE)
        await nvr.stop()
        for port in ports:
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises(aiohttp.ClientError):
            await client.call(_DATE)
        await nvr.start()
        assert (nvr.port, nvr.rtsp_port) == ports
        assert (await client.call(_DATE)).status == 200


def test_unknown_switches_are_refused() -> None:
    """A misspelt switch would be a test that proves nothing."""
    with pytest.raises(ValueError, match="no_such"):
        Faults().update({"no_such": 1})
    with pytest.raises(ValueError, match="no_such"):
        Faults().update({"rtsp": {"no_such": 1}})


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_crooked_framing_says_what_it_should(framing: str) -> None:
    """The answer is whole on the wire, whatever the head tells of it."""
    async with talking_to(_spec(framing_ops={"GetHostname": framing})) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.nvr.port)
        body = envelope("<tds:GetHostname/>").encode()
        writer.write(
            b"POST /onvif/device_service HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/soap+xml\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        data = b""
        try:
            async with asyncio.timeout(1.0):
                while piece := await reader.read(65536):
                    data += piece
        except TimeoutError, ConnectionError:
            is_open = True
        else:
            is_open = False
        finally:
            writer.close()
        _, _, content = data.partition(b"\r\n\r\n")
        whole = gzip.decompress(content) if framing == "packed" else data
        assert b"Envelope>" in whole
        if framing.endswith("kept"):
            assert is_open
        told = re.search(rb"Content-Length: (\d+)", data)
        if framing == "length-too-big":
            assert told
            assert int(told[1]) > len(content)
        if framing == "length-too-small":
            assert told
            assert int(told[1]) < len(content)


async def test_what_is_missing_is_told_in_many_ways() -> None:
    async with talking_to(_spec()) as client:
        for way, status in {
            "401": 401, "403": 403, "404": 404, "empty-400": 400, "empty-200": 200,
        }.items():  # fmt: skip
            client.nvr.faults.update({"missing_ops": {"GetHostname": way}})
            answer = await client.call("<tds:GetHostname/>", is_checked=False)
            assert answer.status == status
            assert bool(answer.text) == (way in {"403", "404"})
        client.nvr.faults.update({"missing_ops": {"GetHostname": "hangup"}})
        with pytest.raises(aiohttp.ClientError):
            await client.call("<tds:GetHostname/>", is_checked=False)


async def test_a_call_without_a_login_may_be_answered_oddly() -> None:
    async with talking_to(_spec(anonymous_answer="empty")) as client:
        answer = await client.call("<tds:GetScopes/>", header="", is_checked=False)
        assert (answer.status, answer.text) == (200, "")
        assert (await client.call("<tds:GetScopes/>")).status == 200
        # What needs no login gets its answer.
        assert (await client.call(_DATE, header="")).status == 200


async def test_rights_and_places() -> None:
    async with talking_to(
        _spec(
            forbidden_ops=["GetScopes"],
            open_ops=["GetDeviceInformation"],
            device_path="/elsewhere",
        )
    ) as client:
        assert (await client.post(envelope(_DATE), _PATH)).status == 404
        answer = await client.post(envelope(_DATE), "/elsewhere")
        assert answer.status == 200
        free = await client.post(envelope("<tds:GetDeviceInformation/>"), "/elsewhere")
        assert free.status == 200
        forbidden = await client.call(
            "<tds:GetScopes/>", path="/elsewhere", is_checked=False
        )
        assert forbidden.subcodes[-1:] == ["ter:NotAuthorized"]
