"""Every reader is given every answer: well-formed nonsense is read as nothing."""

from collections.abc import Callable
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, settings, strategies as st

from custom_components.vtrack_nvr.core.errors import NvrError
from custom_components.vtrack_nvr.core.onvif import (
    device,
    device_clock,
    media,
    notifications,
    probe_match,
    profiles,
    recording,
    search,
    services,
    soap,
)
from custom_components.vtrack_nvr.core.onvif.xml import Element, parse_xml

NOW = 1_800_000_000_000
NAMES = st.sampled_from(
    [
        "Body",
        "Fault",
        "Code",
        "Subcode",
        "Value",
        "Reason",
        "Text",
        "Service",
        "Namespace",
        "XAddr",
        "Version",
        "Major",
        "Minor",
        "Capabilities",
        "Extension",
        "Search",
        "Replay",
        "Recording",
        "SystemDateAndTime",
        "UTCDateTime",
        "LocalDateTime",
        "Date",
        "Time",
        "Year",
        "Month",
        "Day",
        "Hour",
        "Minute",
        "Second",
        "TimeZone",
        "TZ",
        "DateTimeType",
        "Profiles",
        "Configurations",
        "VideoSource",
        "VideoEncoder",
        "VideoEncoderConfiguration",
        "VideoSourceConfiguration",
        "SourceToken",
        "Encoding",
        "Resolution",
        "Width",
        "Height",
        "RateControl",
        "FrameRateLimit",
        "BitrateLimit",
        "ResultList",
        "SearchState",
        "RecordingInformation",
        "RecordingToken",
        "Source",
        "SourceId",
        "Name",
        "Track",
        "TrackToken",
        "TrackType",
        "DataFrom",
        "DataTo",
        "EarliestRecording",
        "LatestRecording",
        "RecordingStatus",
        "Result",
        "Topic",
        "Message",
        "SimpleItem",
        "Data",
        "NotificationMessage",
        "SubscriptionReference",
        "Address",
        "ReferenceParameters",
        "Scopes",
        "ScopeItem",
        "XAddrs",
        "Types",
        "ProbeMatch",
        "EndpointReference",
        "NetworkInterfaces",
        "Info",
        "HwAddress",
        "Enabled",
        "RecordingItem",
        "RecordingJobs",
        "JobItem",
        "MediaUri",
        "Uri",
        "SearchToken",
        "StartStateEvent",
        "RecordingSummary",
        "DataUntil",
    ]
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            "", "true", "1", "-1", "99999999999999999999", "1e400", "nan", "2026",
            "2026-03-01T07:12:09Z", "2026-99-99T99:99:99.9999999999+99:99",
            "0000-00-00T00:00:00Z", "tns1:RecordingHistory/Track/State", "IsDataPresent",
            "http://x:1/onvif", "http://[", "rtsp://@@:99999/", "Completed", "Video",
            "onvif://www.onvif.org/name/%FF%", "CET-1CEST", "00:11:22:33:44:55",
            "http://www.onvif.org/ver10/search/wsdl", "H264", "a:b:c/:/",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
)  # fmt: skip
LEAVES = st.builds(lambda name, text: f"<{name}>{escape(text)}</{name}>", NAMES, TEXTS)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        ["token", "Name", "Value", "UtcTime", "PropertyOperation", "Options"]
    ),
    TEXTS,
    max_size=3,
)


def _element(name: str, attributes: dict[str, str], content: list[str]) -> str:
    listed = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{listed}>{''.join(content)}</{name}>"


TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(_element, NAMES, ATTRIBUTES, st.lists(inner, max_size=6)),
    max_leaves=15,
)

READERS: list[Callable[[Element], object]] = [
    device.read_device_information,
    device.read_macs,
    device.read_scopes,
    lambda answer: device.scope_values(device.read_scopes(answer)),
    device_clock.read_time,
    media.read_uri,
    notifications.read_subscription,
    lambda answer: notifications.read_notifications(answer, {}, NOW),
    lambda answer: profiles.group_channels(profiles.read_profiles1(answer)),
    lambda answer: profiles.group_channels(profiles.read_profiles2(answer)),
    recording.read_configured_recordings,
    recording.read_jobs,
    recording.read_compatible_sources,
    search.read_search_token,
    search.read_summary_from,
    search.read_recording_information,
    search.read_recording_page,
    search.read_event_page,
    services.read_services,
    services.read_capabilities,
    lambda answer: soap.read_fault(answer, "Op"),
]


@settings(max_examples=150, deadline=None)
@given(st.lists(TREES, max_size=4))
def test_nonsense_is_survived(content: list[str]) -> None:
    answer = parse_xml(f"<R>{''.join(content)}</R>".encode())
    for reader in READERS:
        reader(answer)


@settings(max_examples=60, deadline=None)
@given(st.lists(TREES, max_size=4))
def test_nonsense_in_an_envelope_is_an_answer_or_one_of_our_errors(
    content: list[str],
) -> None:
    root = parse_xml(f"<Envelope><Body>{''.join(content)}</Body></Envelope>".encode())
    try:
        soap.read_body(root, "Op")
    except NvrError as error:
        assert len(str(error)) < 400  # noqa: PT017 - an answer is fine, too


@settings(max_examples=60, deadline=None)
@given(st.lists(TREES, max_size=4), st.binary(max_size=20))
def test_nonsense_found_on_the_network_is_survived(
    content: list[str], junk: bytes
) -> None:
    data = f"<Envelope><Body>{''.join(content)}</Body></Envelope>".encode()
    for datagram in (data, data + junk, data[: len(data) // 2], junk):
        for found in probe_match.read_matches(datagram, "192.0.2.7"):
            assert found.host == "192.0.2.7"
