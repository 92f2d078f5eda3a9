"""Everything a simulated device says follows the ONVIF schemas."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.simulator.nvr import SimulatedNvr
from tests.simulator.scenario import make_specs
from tests.simulator_tests.soap_client import SoapClient

_RTSP = (
    "<{p}:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport>"
    "<tt:Protocol>RTSP</tt:Protocol></tt:Transport></{p}:StreamSetup>"
)
_REQUESTS = [
    "<tds:GetSystemDateAndTime/>",
    "<tds:GetServices><tds:IncludeCapability>true</tds:IncludeCapability></tds:GetServices>",
    "<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>",
    "<tds:GetServiceCapabilities/>",
    "<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>",
    "<tds:GetCapabilities><tds:Category>Media</tds:Category></tds:GetCapabilities>",
    "<tds:GetDeviceInformation/>",
    "<tds:GetScopes/>",
    "<tds:GetHostname/>",
    "<tds:GetNetworkInterfaces/>",
    "<tds:GetNetworkProtocols/>",
    "<tds:GetEndpointReference/>",
    "<trt:GetServiceCapabilities/>",
    "<trt:GetProfiles/>",
    "<trt:GetProfile><trt:ProfileToken>Profile_1_main</trt:ProfileToken></trt:GetProfile>",
    "<trt:GetVideoSources/>",
    "<trt:GetStreamUri>" + _RTSP.format(p="trt") + "<trt:ProfileToken>Profile_1_sub"
    "</trt:ProfileToken></trt:GetStreamUri>",
    "<trt:GetSnapshotUri><trt:ProfileToken>Profile_1_main</trt:ProfileToken>"
    "</trt:GetSnapshotUri>",
    "<tse:GetServiceCapabilities/>",
    "<tse:GetRecordingSummary/>",
    "<tse:GetRecordingInformation><tse:RecordingToken>OnvifRecordingToken_1"
    "</tse:RecordingToken></tse:GetRecordingInformation>",
    "<trp:GetServiceCapabilities/>",
    "<trp:GetReplayConfiguration/>",
    "<trp:GetReplayUri>" + _RTSP.format(p="trp") + "<trp:RecordingToken>"
    "OnvifRecordingToken_1</trp:RecordingToken></trp:GetReplayUri>",
    "<trc:GetServiceCapabilities/>",
    "<trc:GetRecordings/>",
    "<trc:GetRecordingConfiguration><trc:RecordingToken>OnvifRecordingToken_1"
    "</trc:RecordingToken></trc:GetRecordingConfiguration>",
    "<trc:GetRecordingOptions><trc:RecordingToken>OnvifRecordingToken_1"
    "</trc:RecordingToken></trc:GetRecordingOptions>",
    "<trc:GetRecordingJobs/>",
    "<trc:GetRecordingJobState><trc:JobToken>RecordingJob_1</trc:JobToken>"
    "</trc:GetRecordingJobState>",
    "<tev:GetServiceCapabilities/>",
    "<tev:GetEventProperties/>",
    "<tmd:GetServiceCapabilities/>",
    "<tmd:GetVideoSources/>",
    "<tr2:GetServiceCapabilities/>",
    "<tr2:GetProfiles><tr2:Type>All</tr2:Type></tr2:GetProfiles>",
    "<tr2:GetStreamUri><tr2:Protocol>RTSP</tr2:Protocol><tr2:ProfileToken>"
    "Profile_1_main</tr2:ProfileToken></tr2:GetStreamUri>",
    "<tr2:GetSnapshotUri><tr2:ProfileToken>Profile_1_main</tr2:ProfileToken>"
    "</tr2:GetSnapshotUri>",
]


@pytest.fixture(scope="module")
def porch() -> SimulatedNvr:
    """The demonstration's first camera."""
    return SimulatedNvr(make_specs("demo")[0])


@pytest.fixture
async def client(
    socket_enabled: None, porch: SimulatedNvr
) -> AsyncIterator[SoapClient]:
    """A client of the first camera."""
    async with porch, aiohttp.ClientSession() as session:
        yield SoapClient(porch, session)


@pytest.mark.parametrize("request_", _REQUESTS)
async def test_every_answer_is_valid(client: SoapClient, request_: str) -> None:
    """The document schema of the service's WSDL accepts the answer."""
    answer = await client.call(request_)
    assert answer.status == 200
    assert answer.root is not None
    body = answer.root[-1]
    assert body[0].tag.endswith("Response")


async def test_media_attributes_tell_tracks_of_a_stretch(client: SoapClient) -> None:
    """GetMediaAttributes inside a stretch names size and codec; in a gap nothing."""
    timeline = client.nvr.channels[0].timeline
    assert timeline is not None
    start = timeline.segments(client.nvr.clock.now_ms())[0][0]
    inside, outside = (
        await client.call(
            "<tse:GetMediaAttributes><tse:RecordingTokens>OnvifRecordingToken_1"
            f"</tse:RecordingTokens><tse:Time>{_text(moment)}</tse:Time>"
            "</tse:GetMediaAttributes>"
        )
        for moment in (start, start - 60_000)
    )
    assert inside.one("tt:VideoAttributes/tt:Encoding") == "H264"
    assert inside.one("tt:VideoAttributes/tt:Width") == "640"
    assert outside.all("tse:MediaAttributes") == []


def _text(ms: int) -> str:
    from tests.simulator.soap.envelope import utc_text

    return utc_text(ms)
