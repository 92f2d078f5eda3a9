"""Everything a simulated device says follows the ONVIF schemas."""

from collections.abc import AsyncIterator

import pytest

from tests.simulator.scenario import make_specs
from tests.simulator.soap.envelope import utc_text
from tests.simulator_tests.soap_client import SoapClient, talking_to

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
    (
        "<trt:GetStreamUri>" + _RTSP.format(p="trt") + "<trt:ProfileToken>Profile_1_sub"
        "</trt:ProfileToken></trt:GetStreamUri>"
    ),
    (
        "<trt:GetSnapshotUri><trt:ProfileToken>Profile_1_main</trt:ProfileToken>"
        "</trt:GetSnapshotUri>"
    ),
    "<tse:GetServiceCapabilities/>",
    "<tse:GetRecordingSummary/>",
    (
        "<tse:GetRecordingInformation><tse:RecordingToken>OnvifRecordingToken_1"
        "</tse:RecordingToken></tse:GetRecordingInformation>"
    ),
    "<trp:GetServiceCapabilities/>",
    "<trp:GetReplayConfiguration/>",
    (
        "<trp:GetReplayUri>" + _RTSP.format(p="trp") + "<trp:RecordingToken>"
        "OnvifRecordingToken_1</trp:RecordingToken></trp:GetReplayUri>"
    ),
    "<trc:GetServiceCapabilities/>",
    "<trc:GetRecordings/>",
    (
        "<trc:GetRecordingConfiguration><trc:RecordingToken>OnvifRecordingToken_1"
        "</trc:RecordingToken></trc:GetRecordingConfiguration>"
    ),
    (
        "<trc:GetRecordingOptions><trc:RecordingToken>OnvifRecordingToken_1"
        "</trc:RecordingToken></trc:GetRecordingOptions>"
    ),
    "<trc:GetRecordingJobs/>",
    (
        "<trc:GetRecordingJobState><trc:JobToken>RecordingJob_1</trc:JobToken>"
        "</trc:GetRecordingJobState>"
    ),
    "<tev:GetServiceCapabilities/>",
    "<tev:GetEventProperties/>",
    "<tmd:GetServiceCapabilities/>",
    "<tr2:GetServiceCapabilities/>",
    "<tr2:GetProfiles><tr2:Type>All</tr2:Type></tr2:GetProfiles>",
    (
        "<tr2:GetStreamUri><tr2:Protocol>RTSP</tr2:Protocol><tr2:ProfileToken>"
        "Profile_1_main</tr2:ProfileToken></tr2:GetStreamUri>"
    ),
    (
        "<tr2:GetSnapshotUri><tr2:ProfileToken>Profile_1_main</tr2:ProfileToken>"
        "</tr2:GetSnapshotUri>"
    ),
]


@pytest.fixture
async def client(socket_enabled: None) -> AsyncIterator[SoapClient]:
    """A client of the demonstration's first camera."""
    async with talking_to(make_specs("demo")[0]) as client:
        yield client


async def test_every_answer_is_valid(client: SoapClient) -> None:
    """The schema of the service's WSDL accepts every answer."""
    for request in _REQUESTS:
        answer = await client.call(request)
        assert answer.status == 200, (request, answer.text)
        assert answer.root is not None
        assert answer.root[-1][0].tag.endswith("Response")


async def test_device_io_lists_video_sources_in_media_words(client: SoapClient) -> None:
    """Its WSDL uses the Media service's messages."""
    answer = await client.call("<trt:GetVideoSources/>", path="/onvif/deviceio_service")
    assert answer.one("trt:VideoSources/tt:Framerate") == "10"
    refused = await client.call("<tmd:GetVideoSources/>")
    assert refused.subcodes == ["ter:ActionNotSupported"]


async def test_search_answers_are_valid(client: SoapClient) -> None:
    """Recordings and events, from the first to the last page."""
    found = await client.call(
        "<tse:FindRecordings><tse:Scope/><tse:KeepAliveTime>PT10S</tse:KeepAliveTime>"
        "</tse:FindRecordings>"
    )
    await client.call(
        "<tse:GetRecordingSearchResults><tse:SearchToken>"
        f"{found.one('tse:SearchToken')}</tse:SearchToken>"
        "</tse:GetRecordingSearchResults>"
    )
    found = await client.call(
        "<tse:FindEvents><tse:StartPoint>2020-01-01T00:00:00Z</tse:StartPoint>"
        "<tse:Scope><tt:IncludedRecordings>OnvifRecordingToken_1"
        "</tt:IncludedRecordings></tse:Scope><tse:SearchFilter/>"
        "<tse:IncludeStartState>true</tse:IncludeStartState>"
        "<tse:KeepAliveTime>PT10S</tse:KeepAliveTime></tse:FindEvents>"
    )
    answer = await client.call(
        "<tse:GetEventSearchResults><tse:SearchToken>"
        f"{found.one('tse:SearchToken')}</tse:SearchToken>"
        "<tse:MaxResults>5</tse:MaxResults></tse:GetEventSearchResults>"
    )
    assert len(answer.all("tt:Result")) == 5
    ended = await client.call(
        f"<tse:EndSearch><tse:SearchToken>{found.one('tse:SearchToken')}"
        "</tse:SearchToken></tse:EndSearch>"
    )
    assert ended.status == 200


async def test_media_attributes_tell_tracks_of_a_stretch(client: SoapClient) -> None:
    """GetMediaAttributes inside a stretch names size and codec; in a gap nothing."""
    timeline = client.nvr.channels[0].timeline
    assert timeline is not None
    start = timeline.segments(client.nvr.clock.now_ms())[0][0]
    inside = await client.call(_media_attributes(start))
    outside = await client.call(_media_attributes(start - 60_000))
    assert inside.one("tt:VideoAttributes/tt:Encoding") == "H264"
    assert inside.one("tt:VideoAttributes/tt:Width") == "640"
    assert outside.all("tse:MediaAttributes") == []


def _media_attributes(ms: int) -> str:
    return (
        "<tse:GetMediaAttributes><tse:RecordingTokens>OnvifRecordingToken_1"
        f"</tse:RecordingTokens><tse:Time>{utc_text(ms)}</tse:Time>"
        "</tse:GetMediaAttributes>"
    )
